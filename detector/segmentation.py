"""The task of painting masks. See :class:`task.Task`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from export import write_code, write_facts, write_onnx
from mask_augmentation import augment_mask
from mask_data import MaskExample, read_mask_channel
from mask_metrics import mask_quality
from mask_model import STRIDES_SEEN, Segmenter, mask_loss
from mask_serving import STRIDE, class_ids
from pretrained import write_weights
from published import backbone_of
from settings import Settings
from task import Batch, View
from torch import Tensor


class Segmentation:
    goal = "validation:mIOU"  # as the built-in algorithm semantic-segmentation calls it

    read_channel = staticmethod(read_mask_channel)
    augment = staticmethod(augment_mask)

    def describe(self, examples: Sequence[MaskExample]) -> str:
        return f"{len(examples)} images with masks"

    def make_model(self, settings: Settings) -> Segmenter:
        network = backbone_of(settings, STRIDES_SEEN)
        return Segmenter(len(settings.classes), settings.image_size, settings.base_width, network)

    def is_by_class(self, name: str) -> bool:
        return name.startswith("class_head.")

    def collate(self, views: Sequence[View]) -> Batch:
        """Pictures, and class ids (n, size / 4, size / 4) in int64."""
        pictures, masks = (np.stack(part) for part in zip(*views, strict=True))
        return torch.from_numpy(pictures), torch.from_numpy(masks).long()

    def loss(self, model: Segmenter, outputs: Tensor, truths: Sequence[Tensor]) -> Tensor:
        return mask_loss(outputs, *truths)

    def select(self, outputs: Tensor) -> list[np.ndarray]:
        """Class ids of the network's whole square, as many bytes as it has pixels."""
        square = outputs.shape[-1] * STRIDE, outputs.shape[-2] * STRIDE
        return [class_ids(logits, square, square) for logits in outputs.cpu().numpy()]

    def score(
        self, settings: Settings, examples: Sequence[MaskExample], found: Sequence[np.ndarray]
    ) -> dict[str, float]:
        """Those of :func:`mask_metrics.mask_quality`, at the network's size."""
        pairs = (
            (example.mask, mask[: example.mask.shape[0], : example.mask.shape[1]])
            for example, mask in zip(examples, found, strict=True)
        )
        quality = mask_quality(pairs, settings.classes)
        return {f"validation:{name}": value for name, value in quality.items()}

    def choose(
        self, settings: Settings, examples: Sequence[MaskExample], found: Sequence[np.ndarray]
    ) -> tuple[dict[str, Any], dict[str, float]]:
        """Nothing: a mask has no scores, and so no thresholds."""
        return {}, {}

    def write_model(
        self,
        model: Segmenter,
        settings: Settings,
        metrics: dict[str, float],
        chosen: dict[str, Any],
        folder: Path,
    ) -> None:
        write_onnx(model, settings.image_size, folder / "model.onnx", ["logits"])
        write_weights(model, settings, folder)
        write_facts(settings, metrics, chosen, folder / "model.json")
        write_code({"mask_serving.py": "inference.py", "serve.py": "serve.py"}, folder / "code")


SEGMENTATION = Segmentation()
