"""The printed back of a pack: a brand above ingredients, nutrition table, barcode and notes, in rows."""

from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw

from demo import prints, words
from demo.prints import Block, Style, hsv, luminance

LABELS = ("ingredients", "nutrition", "barcode")
CLASSES = ("food", "cosmetics", "both")
Corners = tuple[float, float, float, float]  # left, top, right, bottom

Row = list[Block]


class Pack(NamedTuple):
    """One flat pack: an RGBA picture, the labeled rectangles printed on it, and what is in it."""

    picture: Image.Image
    objects: list[tuple[str, Corners]]
    food: bool  # or cosmetics


def draw_pack(random: Random, width: int, height: int) -> Pack:
    """A pack of ``width`` x ``height`` pixels."""
    style = choose_style(random, width)
    corner = width // random.choice((60, 30, 14, 8))
    pack = Image.new("RGB", (width, height), style.base)
    draw = ImageDraw.Draw(pack)

    top = draw_brand(random, draw, style, width, height) + style.size
    margin = max(corner // 2, round(width * random.uniform(0.05, 0.09)))
    rows = choose_rows(random, style, width - 2 * margin, height - top - margin)
    free = height - top - margin - sum(map(row_height, rows))
    gap = min(free // max(len(rows), 1), style.size * 3)
    boxes = []
    for row in rows:
        left = margin
        for block in row:
            block.draw(draw, left, top)
            if block.label:
                boxes.append((block.label, (left, top, left + block.width, top + block.height)))
            left += block.width + style.size
        top += row_height(row) + gap

    shape = Image.new("L", (width, height), 0)
    ImageDraw.Draw(shape).rounded_rectangle((0, 0, width - 1, height - 1), corner, fill=255)
    pack.putalpha(shape)
    return Pack(pack, boxes, style.food)


def choose_style(random: Random, width: int) -> Style:
    """Colours and fonts of one pack: most are light, some strong or dark."""
    kind = random.choices(("white", "pastel", "strong", "dark"), (4, 3, 2, 1))[0]
    saturation, value = {
        "white": (random.uniform(0, 0.06), random.uniform(0.93, 1)),
        "pastel": (random.uniform(0.1, 0.3), random.uniform(0.85, 0.97)),
        "strong": (random.uniform(0.5, 0.85), random.uniform(0.35, 0.6)),
        "dark": (random.uniform(0.1, 0.6), random.uniform(0.1, 0.25)),
    }[kind]
    hue, light = random.random(), kind in ("white", "pastel")
    regular, bold = random.choice(prints.FONTS)
    return Style(
        food=random.random() < 0.6,
        base=hsv(hue, saturation, value),
        accent=hsv(random.random(), random.uniform(0.5, 0.85), random.uniform(0.45, 0.85)),
        ink=hsv(hue, 0.5, random.uniform(0.05, 0.25)) if light else hsv(hue, 0.05, random.uniform(0.9, 1)),
        regular=regular,
        bold=bold,
        size=max(10, round(width * random.uniform(0.031, 0.04))),
    )


def draw_brand(random: Random, draw: ImageDraw.ImageDraw, style: Style, width: int, height: int) -> int:
    """The coloured head of the pack; returns where it ends."""
    end = round(height * random.uniform(0.13, 0.24))
    draw.rectangle((0, 0, width, end), fill=style.accent)
    tint = tuple((channel * 3 + other) // 4 for channel, other in zip(style.accent, style.base, strict=True))
    for _ in range(random.randint(0, 4)):
        x, y, radius = random.randint(0, width), random.randint(-end // 2, end), random.randint(end // 6, end)
        draw.ellipse((x - radius, y - radius, x + radius, min(y + radius, end)), fill=tint)
    brand = random.choice(words.FOOD_BRANDS if style.food else words.COSMETICS_BRANDS)
    product = random.choice(words.FOOD_PRODUCTS if style.food else words.COSMETICS_PRODUCTS)
    ink = "white" if luminance(style.accent) < 150 else "black"
    x, anchor = random.choice(((width // 2, "mm"), (width // 14, "lm")))
    for text, font, place, size in ((brand, style.bold, 0.42, 0.42), (product, style.regular, 0.78, 0.2)):
        draw.text((x, end * place), text, ink, prints.fitted(font, end * size, text, width * 0.8), anchor)
    return end


def choose_rows(random: Random, style: Style, width: int, height: int) -> list[Row]:
    """Rows that fit into ``width`` x ``height``, shuffled: objects first, then notes that distract."""
    notes = [*words.NOTES, *(words.FOOD_NOTES if style.food else words.COSMETICS_NOTES)]
    random.shuffle(notes)

    def note(width: int, height: int) -> Block:
        heading, text = notes.pop()
        if len(notes) > 4 and random.random() < 0.5:
            text += " " + notes.pop()[1]
        return prints.note(random, style, (heading, text), width, height)

    wanted: list[Row] = []
    if random.random() < 0.95:
        wanted.append([prints.ingredients(random, style, round(width * random.uniform(0.85, 1)))])
    if style.food and random.random() < 0.85:
        table = prints.nutrition(random, style, round(width * random.uniform(0.52, 0.62)))
        rest = width - table.width - style.size
        wanted.append([table, note(rest, table.height)] if random.random() < 0.6 else [table])
    if random.random() < 0.8:
        code = prints.barcode(random, style, round(width * random.uniform(0.36, 0.5)))
        rest = width - code.width - style.size
        aside = note(rest, code.height) if random.random() < 0.5 else prints.symbols(random, style, rest)
        wanted.append([code, aside])
    for _ in range(random.randint(1, 4)):
        wanted.append([note(round(width * random.uniform(0.6, 1)), height)])

    rows: list[Row] = []
    for row in wanted:
        if sum(row_height(other) + style.size for other in rows) + row_height(row) <= height:
            rows.append(row)
    random.shuffle(rows)
    return rows


def row_height(row: Row) -> int:
    return max(block.height for block in row)
