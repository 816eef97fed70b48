"""The colours of masks: the same list wherever masks are coloured, so that a label keeps its colour."""

import colorsys
import math

CATEGORY10 = (  # d3's, which Ground Truth gives to the first ten labels
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
GOLDEN_ANGLE = 137.508  # degrees; multiples of it never come close to each other soon


def label_colour(number: int) -> str:
    """``#rrggbb`` of the label at this place in the list of labels, counted from 0."""
    if number < len(CATEGORY10):
        return CATEGORY10[number]
    hue = number * GOLDEN_ANGLE % 360
    channels = colorsys.hls_to_rgb(hue / 360, 0.45 if number % 2 == 0 else 0.6, 0.65)
    return "#" + "".join(f"{math.floor(255 * channel + 0.5):02x}" for channel in channels)


def label_colours(count: int) -> list[str]:
    return [label_colour(number) for number in range(count)]


def rgb(colour: str) -> tuple[int, int, int]:
    """The channels of ``#rrggbb``."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return red, green, blue
