"""The colours of labels: the same list as in the worker's portal, so that a class looks alike everywhere."""

import math
from collections.abc import Sequence

BACKGROUND = "#ffffff"
CATEGORY10 = (  # https://d3js.org/d3-scale-chromatic/categorical#schemeCategory10
    "#1f77b4",
    "#ff7f0e",
    "#2ca02c",
    "#d62728",
    "#9467bd",
    "#8c564b",
    "#e377c2",
    "#7f7f7f",
    "#bcbd22",
    "#17becf",
)
GOLDEN_ANGLE = 137.508  # degrees: each hue falls into the widest gap between the earlier ones
SATURATION = 0.65
LIGHTNESS = (0.45, 0.60)  # of even and odd class ids


def label_colour(class_id: int) -> str:
    """``#rrggbb`` of a class id, from 0."""
    if class_id < len(CATEGORY10):
        return CATEGORY10[class_id]
    hue = (class_id * GOLDEN_ANGLE) % 360
    return hex_colour(hsl(hue, SATURATION, LIGHTNESS[class_id % 2]))


def hsl(hue: float, saturation: float, lightness: float) -> list[float]:
    """Red, green and blue, 0 to 1, as CSS computes them. https://www.w3.org/TR/css-color-4/#hsl-to-rgb"""
    amplitude = saturation * min(lightness, 1 - lightness)

    def channel(offset: int) -> float:
        place = (offset + hue / 30) % 12
        return lightness - amplitude * max(-1, min(place - 3, 9 - place, 1))

    return [channel(offset) for offset in (0, 8, 4)]


def hex_colour(channels: Sequence[float]) -> str:
    return "#" + "".join(f"{math.floor(255 * channel + 0.5):02x}" for channel in channels)
