"""The network: a compact anchor-free detector after YOLOX and YOLOv8, small enough for a laptop.

A CSP backbone with spatial pyramid pooling, a path aggregation neck, and separate class and box heads on
three levels (strides 8, 16 and 32). Every cell of a level is a *point* that predicts one box by its distances
to the box's sides.
"""

import math
from collections.abc import Sequence

import torch
from networks import Network
from torch import Tensor, nn
from torch.nn import functional

STRIDES = (8, 16, 32)


class Convolution(nn.Sequential):
    """Convolution, batch normalisation, SiLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1):
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3),
            nn.SiLU(inplace=True),
        )


class CrossStage(nn.Module):
    """Half of the channels pass by, half go through ``depth`` blocks; all that comes by is joined."""

    def __init__(self, inputs: int, outputs: int, depth: int = 1, residual: bool = True):
        super().__init__()
        half = outputs // 2
        self.half, self.residual = half, residual
        self.split = Convolution(inputs, 2 * half, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(Convolution(half, half), Convolution(half, half)) for _ in range(depth)
        )
        self.join = Convolution((2 + depth) * half, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        parts = list(self.split(features).split(self.half, dim=1))
        for block in self.blocks:
            change = block(parts[-1])
            parts.append(parts[-1] + change if self.residual else change)
        return self.join(torch.cat(parts, dim=1))


class PyramidPooling(nn.Module):
    """Lets a deep cell see its surroundings at three ranges."""

    def __init__(self, channels: int):
        super().__init__()
        self.reduce = Convolution(channels, channels // 2, 1)
        self.join = Convolution(channels * 2, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        ranges = [self.reduce(features)]
        for _ in range(3):
            ranges.append(functional.max_pool2d(ranges[-1], 5, stride=1, padding=2))
        return self.join(torch.cat(ranges, dim=1))


class Backbone(nn.Module):
    """A network of another library: RGB pictures (n, 3, size, size), 0 to 255, to features of ``widths``."""

    def __init__(self, network: Network, widths: Sequence[int]):
        super().__init__()
        self.network = network.module
        self.fit = nn.ModuleList(
            Convolution(channels, width, 1)
            for channels, width in zip(network.channels, widths[-len(network.channels) :], strict=True)
        )
        for name, shade in zip(("mean", "deviation"), network.normal, strict=True):
            self.register_buffer(name, 255 * torch.tensor(shade).view(3, 1, 1), persistent=False)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        levels = self.network((pictures - self.mean) / self.deviation)
        return [fit(level) for fit, level in zip(self.fit, levels, strict=True)]


class Pyramid(nn.Module):
    """Backbone and the way down: RGB pictures (n, size, size, 3) in uint8 to features at strides 4, 8, 16 and
    32; of a ``network`` that does without it, none at 4.

    Those at 8 and 16 have seen what the deeper ones make of their surroundings.
    """

    def __init__(self, widths: tuple[int, int, int, int, int], network: Network | None = None):
        super().__init__()
        _, _, third, fourth, fifth = widths
        self.backbone = Backbone(network, widths) if network else None
        if not network:
            self._make_stages(widths)
        self.down_fourth = CrossStage(fifth + fourth, fourth, residual=False)
        self.down_third = CrossStage(fourth + third, third, residual=False)

    def _make_stages(self, widths: tuple[int, int, int, int, int]) -> None:
        first, second, third, fourth, fifth = widths
        self.early = nn.Sequential(
            Convolution(3, first, stride=2), Convolution(first, second, stride=2), CrossStage(second, second)
        )
        self.third = nn.Sequential(Convolution(second, third, stride=2), CrossStage(third, third, depth=2))
        self.fourth = nn.Sequential(Convolution(third, fourth, stride=2), CrossStage(fourth, fourth, depth=2))
        self.fifth = nn.Sequential(
            Convolution(fourth, fifth, stride=2), CrossStage(fifth, fifth), PyramidPooling(fifth)
        )

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        pixels = pictures.permute(0, 3, 1, 2).float()
        *early, third, fourth, fifth = self.backbone(pixels) if self.backbone else self._look(pixels)
        fourth = self.down_fourth(torch.cat([_double(fifth), fourth], dim=1))
        third = self.down_third(torch.cat([_double(fourth), third], dim=1))
        return *early, third, fourth, fifth

    def _look(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        early = self.early((pixels - 114) / 58)
        third = self.third(early)
        fourth = self.fourth(third)
        return early, third, fourth, self.fifth(fourth)


class Body(Pyramid):
    """Backbone and neck: RGB pictures (n, size, size, 3) in uint8 to features at strides 8, 16 and 32."""

    def __init__(self, widths: tuple[int, int, int, int, int], network: Network | None = None):
        super().__init__(widths, network)
        self.channels = third, fourth, fifth = widths[2:]
        self.shrink_third = Convolution(third, third, stride=2)
        self.up_fourth = CrossStage(third + fourth, fourth, residual=False)
        self.shrink_fourth = Convolution(fourth, fourth, stride=2)
        self.up_fifth = CrossStage(fourth + fifth, fifth, residual=False)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        third, fourth, fifth = super().forward(pictures)[-3:]
        fourth = self.up_fourth(torch.cat([self.shrink_third(third), fourth], dim=1))
        fifth = self.up_fifth(torch.cat([self.shrink_fourth(fourth), fifth], dim=1))
        return third, fourth, fifth


class Detector(nn.Module):
    """Pictures to one box and its class scores per point.

    ``forward`` takes RGB pictures (n, size, size, 3) in uint8 and gives corners (n, points, 4) in pixels and
    class logits (n, points, classes). With a ``network`` its body sees by that one, which gives STRIDES.
    """

    def __init__(self, classes: int, image_size: int, base_width: int = 16, network: Network | None = None):
        super().__init__()
        if image_size <= 0 or image_size % STRIDES[-1]:
            raise ValueError(f"image_size {image_size} is not a positive multiple of {STRIDES[-1]}")
        self.body = Body(body_widths(base_width), network)
        hidden = 4 * base_width
        self.side_heads = nn.ModuleList(_head(channels, hidden, 4) for channels in self.body.channels)
        self.class_heads = nn.ModuleList(_head(channels, hidden, classes) for channels in self.body.channels)
        for sides, labels in zip(self.side_heads, self.class_heads, strict=True):
            nn.init.constant_(sides[-1].bias, 1.0)
            nn.init.constant_(
                labels[-1].bias, -math.log(99)
            )  # nearly all points are background: start at 1 %
        points, strides = point_grid(image_size)
        self.register_buffer("points", points, persistent=False)
        self.register_buffer("strides", strides, persistent=False)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        levels = self.body(pictures)
        sides = _join([head(level) for head, level in zip(self.side_heads, levels, strict=True)])
        logits = _join([head(level) for head, level in zip(self.class_heads, levels, strict=True)])
        distances = functional.softplus(sides) * self.strides[:, None]
        corners = torch.cat([self.points - distances[..., :2], self.points + distances[..., 2:]], dim=-1)
        return corners, logits


def body_widths(base_width: int) -> tuple[int, int, int, int, int]:
    """The channels of the body's five stages."""
    return base_width, 2 * base_width, 4 * base_width, 8 * base_width, 20 * base_width // 3 * 2


def point_grid(image_size: int) -> tuple[Tensor, Tensor]:
    """The centres (points, 2) of all cells of all levels, as x and y in pixels, and the strides (points)."""
    points, strides = [], []
    for stride in STRIDES:
        centres = (torch.arange(image_size // stride) + 0.5) * stride
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        points.append(torch.stack([x.flatten(), y.flatten()], dim=1))
        strides.append(torch.full((len(points[-1]),), float(stride)))
    return torch.cat(points), torch.cat(strides)


def _head(channels: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        Convolution(channels, hidden), Convolution(hidden, hidden), nn.Conv2d(hidden, outputs, 1)
    )


def _double(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2.0, mode="nearest")


def _join(levels: list[Tensor]) -> Tensor:
    """Levels (n, channels, height, width) to one row per point: (n, points, channels), in full precision."""
    return torch.cat([level.flatten(2) for level in levels], dim=2).transpose(1, 2).float()
