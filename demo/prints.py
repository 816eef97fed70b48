"""What is printed on a pack: paragraphs, nutrition tables, barcodes and symbols, drawn with Pillow."""

import colorsys
import functools
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from PIL import ImageDraw, ImageFont

from demo import words

Colour = tuple[int, int, int]
BLACK, WHITE = (20, 20, 20), (255, 255, 255)

# Regular and bold; where a machine lacks one, Pillow's own font takes its place.
FONTS = (
    ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    ("DejaVuSansCondensed.ttf", "DejaVuSansCondensed-Bold.ttf"),
    ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"),
    ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"),
    ("LiberationSerif-Regular.ttf", "LiberationSerif-Bold.ttf"),
)


@dataclass(frozen=True)
class Style:
    """How one pack is printed; ``size`` is the height of its small text in pixels."""

    food: bool  # or cosmetics
    base: Colour
    accent: Colour
    ink: Colour
    regular: str
    bold: str
    size: int


@dataclass(frozen=True)
class Block:
    """Something printed: its size in pixels, how it is drawn at x, y, and its label if it is an object."""

    width: int
    height: int
    draw: Callable[[ImageDraw.ImageDraw, int, int], None]
    label: str | None = None


def ingredients(random: Random, style: Style, width: int) -> Block:
    """A long list, often framed; the objects that a reader of the pack looks for."""
    heading = random.choice(words.FOOD_HEADINGS if style.food else words.COSMETICS_HEADINGS)
    items = random.sample(words.listed(words.FOOD if style.food else words.COSMETICS), random.randint(11, 22))
    text = random.choice((", ", ", ", " • ")).join(items) + "."
    text = text.upper() if random.random() < 0.25 else text[0].upper() + text[1:]
    size, framed = style.size * random.uniform(0.95, 1.15), random.random() < 0.4
    return paragraph(style, size, width, heading, text, framed=framed, label="ingredients")


def note(random: Random, style: Style, text: tuple[str, str], width: int, height: int) -> Block:
    """A distractor of heading and text: set like a list of ingredients, but none. Cut to ``height``."""
    size, framed = style.size * random.uniform(0.85, 1.15), random.random() < 0.25
    return paragraph(style, size, width, *text, height=height, framed=framed)


def paragraph(
    style: Style,
    size: float,
    width: int,
    heading: str,
    text: str,
    *,
    height: int | None = None,
    framed: bool = False,
    label: str | None = None,
) -> Block:
    font, bold = load_font(style.regular, round(size)), load_font(style.bold, round(size * 1.05))
    step, padding, indent = (
        round(size * 1.28),
        round(size / 2) if framed else 0,
        bold.getlength(heading + " "),
    )
    lines = wrap(text, font, width - 2 * padding, indent)
    if height is not None:
        lines = lines[: max(1, (height - 2 * padding) // step)]
    ends = [font.getlength(line) + (indent if number == 0 else 0) for number, line in enumerate(lines)]
    used = width if framed else min(width, round(max(ends)))
    total = len(lines) * step + 2 * padding

    def draw(on: ImageDraw.ImageDraw, x: int, y: int) -> None:
        if framed:
            on.rectangle((x, y, x + used - 1, y + total - 1), outline=style.ink)
        on.text((x + padding, y + padding), heading, style.ink, bold)
        for number, line in enumerate(lines):
            left = x + padding + (indent if number == 0 else 0)
            on.text((left, y + padding + number * step), line, style.ink, font)

    return Block(used, total, draw, label)


def nutrition(random: Random, style: Style, width: int) -> Block:
    """A table with amounts at the right."""
    heading = random.choice(words.NUTRITION_HEADINGS)
    rows = [(name, f"{random.uniform(0, 90):.1f} g") for name in words.listed(words.NUTRIENTS)]
    rows = rows[: random.randint(5, len(rows))]
    font, bold = (
        load_font(style.regular, style.size),
        fitted(style.bold, style.size * 1.25, heading, width * 0.9),
    )
    step, grid = round(style.size * 1.45), random.random() < 0.7
    paper = WHITE if random.random() < 0.5 else style.base
    ink = BLACK if luminance(paper) > 140 else style.ink
    height = step * (len(rows) + 1) + 6

    def draw(on: ImageDraw.ImageDraw, x: int, y: int) -> None:
        on.rectangle((x, y, x + width - 1, y + height - 1), fill=paper, outline=ink, width=2)
        on.text((x + 6, y + step * 0.6), heading, ink, bold, "lm")
        for number, (name, amount) in enumerate(rows, start=1):
            line = y + number * step + 3
            if grid or number == 1:
                on.line((x, line, x + width - 1, line), ink)
            on.text((x + 6, line + step / 2), name, ink, font, "lm")
            on.text((x + width - 7, line + step / 2), amount, ink, font, "rm")

    return Block(width, height, draw, "nutrition")


def barcode(random: Random, style: Style, width: int) -> Block:
    """Black bars over thirteen digits on white."""
    height = round(width * random.uniform(0.5, 0.75))
    digits = " ".join(str(random.randint(0, 9)) for _ in range(13))
    font = fitted(style.regular, style.size * 0.8, digits, width - 12)
    bars, start = [], 6
    while start < width - 8:
        bars.append((start, start + random.choice((0, 0, 1, 2))))
        start = bars[-1][1] + 1 + random.choice((1, 1, 2, 3))

    def draw(on: ImageDraw.ImageDraw, x: int, y: int) -> None:
        on.rectangle((x, y, x + width - 1, y + height - 1), fill=WHITE)
        for first, last in bars:
            on.rectangle((x + first, y + 5, x + last, y + height - style.size - 3), fill=BLACK)
        on.text((x + width / 2, y + height - style.size / 2 - 1), digits, BLACK, font, "mm")

    return Block(width, height, draw, "barcode")


def symbols(random: Random, style: Style, width: int) -> Block:
    """Round and square marks, as for recycling or an open jar; no objects."""
    side = max(16, width // 4)
    marks = [
        (random.random() < 0.5, random.choice(("12M", "e", "PP", "5", "Bio", "100%")))
        for _ in range(max(1, width // (side + 6)))
    ]

    def draw(on: ImageDraw.ImageDraw, x: int, y: int) -> None:
        for number, (circle, letters) in enumerate(marks):
            left = x + number * (side + 6)
            corners = (left, y, left + side - 1, y + side - 1)
            (on.ellipse if circle else on.rectangle)(corners, outline=style.ink, width=2)
            font = fitted(style.bold, side * 0.4, letters, side * 0.7)
            on.text((left + side / 2, y + side / 2), letters, style.ink, font, "mm")

    return Block(width, side, draw)


def wrap(text: str, font: ImageFont.FreeTypeFont, width: float, indent: float) -> list[str]:
    """Break into lines of ``width`` pixels; the first one begins ``indent`` pixels in, after the heading."""
    lines, room = [""], width - indent
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
            room = width
    return lines


def fitted(name: str, size: float, text: str, width: float) -> ImageFont.FreeTypeFont:
    """A font as large as wanted, or as the width allows."""
    wanted = load_font(name, round(size))
    return load_font(name, max(6, round(size * min(1, width / wanted.getlength(text)))))


@functools.lru_cache(maxsize=512)
def load_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return ImageFont.load_default(size)


def hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = (round(channel * 255) for channel in colorsys.hsv_to_rgb(hue, saturation, value))
    return red, green, blue


def luminance(colour: Colour) -> float:
    red, green, blue = colour
    return red * 0.3 + green * 0.59 + blue * 0.11
