"""Pictures that people look at: boxes on photographs, contact sheets, curves. Small enough for Dagster."""

import base64
import functools
import html
import io
from collections.abc import Iterable, Mapping, Sequence

import numpy
from PIL import Image, ImageDraw, ImageFont

from vision.boxes import Box
from vision.masks import Mask, tint
from vision.palette import label_colours

# Okabe and Ito's colours, which most colour-blind people tell apart; green is kept for the truth.
PALETTE = ("#0072b2", "#d55e00", "#cc79a7", "#56b4e9", "#e69f00", "#f0e442")
TRUTH = "#00b050"
TEXT = "#333333"
SHEET_BYTES = 100_000  # Dagster stores a picture twice and sends it with every list of events
INLINE_CHARACTERS = 1000  # Dagster's UI shows shorter markdown in the table itself, longer behind a button


def draw_boxes(
    image: bytes, boxes: Sequence[Box], *, truth: Sequence[Box] = (), labels: Sequence[str] = ()
) -> bytes:
    """Draw predictions in the colours of their labels and the truth dashed in green; returns a PNG.

    The image keeps its stored orientation and size. ``labels`` fixes the colours, so that they are the same
    on all pictures; without it they follow the alphabet of the labels on this one.
    """
    picture = Image.open(io.BytesIO(image)).convert("RGB")
    size, colours = max(12, max(picture.size) // 45), _colours(labels, boxes)
    for box in truth:
        _draw_dashed(picture, box, line=max(2, size // 6))
    for box in sorted(boxes, key=lambda box: box.score or 0):  # the surest on top
        _draw(picture, box, colours[box.label], size)
    return _encode(picture, "PNG")


def draw_mask_on(image: bytes, mask: Mask, labels: Sequence[str]) -> bytes:
    """The image with its mask in the labels' colours over it; returns a PNG."""
    picture = Image.open(io.BytesIO(image)).convert("RGB")
    return _encode(tint(picture, mask, label_colours(len(labels))), "PNG")


def contact_sheet(
    items: Sequence[tuple[bytes, Sequence[Box] | Mask, str]],
    *,
    columns: int = 3,
    width: int = 820,
    labels: Sequence[str] = (),
) -> bytes:
    """Small pictures with their boxes or masks and captions, in rows above a legend: at most 100 KB of JPEG.

    ``items`` are (image, boxes or mask, caption); masks need ``labels``. ``width`` is in pixels, 820 fit
    Dagster's dialog exactly. A sheet that is too large even at low quality is made smaller.
    """
    if not items:
        raise ValueError("a contact sheet needs at least one image")
    gap, text_height, font = 8, 20, _font(12)
    cell = (width - gap * (columns + 1)) // columns
    if any(isinstance(drawn, numpy.ndarray) for _, drawn, _ in items):
        colours = dict(zip(labels, label_colours(len(labels)), strict=True))
    else:
        colours = _colours(labels, [box for _, boxes, _ in items for box in boxes])
    cells = [(_thumbnail(image, drawn, cell, colours), caption) for image, drawn, caption in items]
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    heights = [max(picture.height for picture, _ in row) + text_height + gap for row in rows]
    sheet = Image.new("RGB", (width, gap + sum(heights) + text_height), "white")
    draw = ImageDraw.Draw(sheet)
    top = gap
    for row, height in zip(rows, heights, strict=True):
        for column, (picture, caption) in enumerate(row):
            left = gap + column * (cell + gap)
            sheet.paste(picture, (left + (cell - picture.width) // 2, top))
            draw.text((left, top + height - text_height - 3), _shorten(caption, font, cell), TEXT, font)
        top += height
    left = gap
    for label, colour in colours.items():
        draw.rectangle((left, top, left + 12, top + 12), fill=colour)
        draw.text((left + 18, top - 1), label, TEXT, font)
        left += 36 + draw.textlength(label, font)
    return _compress(sheet, SHEET_BYTES)


def markdown_picture(data: bytes, title: str) -> str:
    """The picture inside a line of markdown, as a data URI: for Dagster's ``MetadataValue.md``."""
    kinds = {b"\xff\xd8": "jpeg", b"\x89P": "png", b"RI": "webp", b"<s": "svg+xml"}
    kind = kinds.get(data[:2])
    if kind is None:
        raise ValueError(f"neither JPEG, PNG, WebP nor SVG: {data[:20]!r}")
    title = " ".join(title.translate(str.maketrans("[]", "()")).split())
    return f"![{title}](data:image/{kind};base64,{base64.b64encode(data).decode()})"


def precision_recall_svg(curves: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Precision over recall as markdown of less than 1000 characters, so that Dagster shows it in the table.

    ``curves`` are those of an Evaluation. Three labels get all their 14 points and a legend, more labels get
    neither. Raises ValueError for so many labels that not even their ends fit.
    """
    for every, legend in ((1, True), (1, False), (2, False), (4, False), (13, False)):
        markdown = markdown_picture(_curves_svg(curves, every, legend), "precision over recall")
        if len(markdown) < INLINE_CHARACTERS:
            return markdown
    raise ValueError(f"{len(curves)} curves do not fit in {INLINE_CHARACTERS} characters")


def _curves_svg(curves: Mapping[str, Sequence[tuple[float, float]]], every: int, legend: bool) -> bytes:
    paths, texts = [], ["<text x='83' y='66'>recall</text>"]
    for number, (label, curve) in enumerate(curves.items()):
        colour = PALETTE[number % len(PALETTE)]
        points = [*curve[::every], *curve[-1:]] if every > 1 else curve
        steps = " ".join(f"{5 + recall * 93:.0f} {60 - precision * 57:.0f}" for recall, precision in points)
        if points:
            paths.append(f"<path stroke='{colour}' d='M{steps}'/>")
        if legend:
            name = html.escape(label if len(label) <= 12 else label[:11] + "…")
            texts.append(f"<text x='8' y='{45 + number * 6}' fill='{colour}'>{name}</text>")
    return (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 99 68' width='400' font-size='5'>"
        f"<g fill='none'><path stroke='#999' d='M5 3V60H98'/>{''.join(paths)}</g>{''.join(texts)}</svg>"
    ).encode()


def _draw(picture: Image.Image, box: Box, colour: str, size: int) -> None:
    """A box with a tag above it (inside, where there is no room above) that names label and score."""
    draw, font, line = ImageDraw.Draw(picture), _font(size), max(2, size // 6)
    draw.rectangle(_corners(box), outline=colour, width=line)
    text = box.label if box.score is None else f"{box.label} {box.score:.2f}"
    width, height = draw.textlength(text, font) + line * 2, size + line * 2
    left = max(0, min(box.left, picture.width - width))
    top = box.top - height if box.top >= height else max(0, box.top)
    draw.rectangle((left, top, left + width, top + height), fill=colour)
    draw.text((left + line, top + height / 2), text, _ink(colour), font, anchor="lm")


def _draw_dashed(picture: Image.Image, box: Box, line: int) -> None:
    draw = ImageDraw.Draw(picture)
    left, top, right, bottom = corners = _corners(box)
    draw.rectangle(corners, outline="white", width=line)
    dash = line * 4
    for start in range(int(left), int(right), dash * 2):
        for y in (top, bottom - line + 1):
            draw.rectangle((start, y, min(start + dash, right), y + line - 1), fill=TRUTH)
    for start in range(int(top), int(bottom), dash * 2):
        for x in (left, right - line + 1):
            draw.rectangle((x, start, x + line - 1, min(start + dash, bottom)), fill=TRUTH)


def _thumbnail(
    image: bytes, drawn: Sequence[Box] | Mask, cell: int, colours: Mapping[str, str]
) -> Image.Image:
    picture = Image.open(io.BytesIO(image))
    width, height = picture.size
    picture.draft("RGB", (cell, cell))  # lets a JPEG be decoded at a fraction of its size
    picture = picture.convert("RGB")
    picture.thumbnail((cell, cell))
    if isinstance(drawn, numpy.ndarray):
        return tint(picture, drawn, list(colours.values()))
    across, down = picture.width / width, picture.height / height
    draw = ImageDraw.Draw(picture)
    for box in drawn:
        scaled = Box(box.label, box.left * across, box.top * down, box.width * across, box.height * down)
        draw.rectangle(_corners(scaled), outline=colours[box.label], width=2)
    return picture


def _corners(box: Box) -> tuple[float, float, float, float]:
    """First and last pixel, as Pillow takes them."""
    return box.left, box.top, max(box.right - 1, box.left), max(box.bottom - 1, box.top)


def _colours(labels: Sequence[str], boxes: Iterable[Box]) -> dict[str, str]:
    names = list(dict.fromkeys([*labels, *sorted({box.label for box in boxes})]))
    return {name: PALETTE[number % len(PALETTE)] for number, name in enumerate(names)}


def _ink(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "black" if red * 0.3 + green * 0.59 + blue * 0.11 > 140 else "white"


@functools.lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype("DejaVuSans.ttf", size)
    except OSError:
        return ImageFont.load_default(size)


def _shorten(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The end of a long caption, which tells keys apart better than their common beginning."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength("…" + text) > width:
        text = text[1:]
    return "…" + text


def _compress(sheet: Image.Image, limit: int) -> bytes:
    while True:
        for quality in (82, 74, 64, 54, 44):
            data = _encode(sheet, "JPEG", quality=quality)
            if len(data) <= limit:
                return data
        sheet = sheet.resize((sheet.width * 4 // 5, sheet.height * 4 // 5))


def _encode(picture: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
