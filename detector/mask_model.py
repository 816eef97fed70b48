"""The network for masks: the detector's body with one head at stride 4, and what it learns from."""

import torch
from mask_data import IGNORED
from model import STRIDES, CrossStage, Pyramid, body_widths
from networks import Network
from torch import Tensor, nn
from torch.nn import functional

STRIDES_SEEN = (4, *STRIDES)


class Segmenter(nn.Module):
    """Pictures to the class of every fourth pixel.

    ``forward`` takes RGB pictures (n, size, size, 3) in uint8 and gives logits (n, classes + 1, size / 4,
    size / 4) in single precision; channel 0 is the background, channel i + 1 the i-th class.
    With a ``network`` its body sees by that one, which gives STRIDES_SEEN.
    """

    def __init__(self, classes: int, image_size: int, base_width: int = 16, network: Network | None = None):
        super().__init__()
        if image_size <= 0 or image_size % STRIDES[-1]:
            raise ValueError(f"image_size {image_size} is not a positive multiple of {STRIDES[-1]}")
        widths = body_widths(base_width)
        _, second, third, _, _ = widths
        self.body = Pyramid(widths, network)
        self.join = CrossStage(third + second, third, residual=False)
        # Apart, so that the classes' head has one row per class, as the detector's has.
        self.background_head = nn.Conv2d(third, 1, 1)
        self.class_head = nn.Conv2d(third, classes, 1)
        # Nearly all pixels are background: start so, and the first steps are not spent on learning it.
        nn.init.constant_(self.background_head.bias, 2.0)
        nn.init.zeros_(self.class_head.bias)

    def forward(self, pictures: Tensor) -> Tensor:
        early, third, _, _ = self.body(pictures)
        third = functional.interpolate(third, scale_factor=2.0, mode="nearest")
        joined = self.join(torch.cat([third, early], dim=1))
        return torch.cat([self.background_head(joined), self.class_head(joined)], dim=1).float()


def mask_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """One number for a batch: cross entropy, which every pixel counts in, and dice, in which a rare class
    counts as much as the background.

    Takes logits (n, classes, height, width) and masks (n, height, width) of class ids, int64, IGNORED where
    nothing is known. Dice is 1 - 2 |A n B| / (|A| + |B|) of probabilities, its mean over the classes that
    occur in the batch. Source: V-Net, arXiv 1606.04797.
    """
    known = masks != IGNORED
    if not known.any():
        return logits.sum() * 0
    entropy = functional.cross_entropy(logits, masks, ignore_index=IGNORED)
    truth = functional.one_hot(masks.where(known, 0), logits.shape[1]).movedim(-1, 1) * known[:, None]
    likelihood = logits.softmax(dim=1) * known[:, None]
    shared, sizes = (part.sum(dim=(0, 2, 3)) for part in (likelihood * truth, likelihood + truth))
    occurs = truth.sum(dim=(0, 2, 3)) > 0
    return entropy + (1 - 2 * shared[occurs] / sizes[occurs]).mean()
