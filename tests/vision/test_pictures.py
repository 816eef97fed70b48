"""Pictures must show the right pixels and fit where they are shown."""

import base64
import io
from xml.etree import ElementTree

import pytest
from PIL import Image

from vision.boxes import Box
from vision.pictures import (
    PALETTE,
    contact_sheet,
    draw_boxes,
    markdown_picture,
    precision_recall_svg,
)


def photograph(width=640, height=480, colour="gray", **options) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG", **options)
    return file.getvalue()


def noise(width=1200, height=900) -> bytes:
    """The hardest photograph to compress."""
    file = io.BytesIO()
    bands = [Image.effect_noise((width, height), 250) for _ in range(3)]
    Image.merge("RGB", bands).save(file, "JPEG", quality=95)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[start : start + 2], 16) for start in (1, 3, 5))


def test_a_prediction_is_drawn_around_its_pixels_in_the_colour_of_its_label():
    drawn = opened(draw_boxes(photograph(), [Box("dog", 100, 200, 50, 60, 0.9)], labels=["cat", "dog"]))
    assert (drawn.format, drawn.size) == ("PNG", (640, 480))
    assert {drawn.getpixel(pixel) for pixel in ((100, 230), (149, 230), (120, 259))} == {rgb(PALETTE[1])}
    assert drawn.getpixel((125, 230)) == (128, 128, 128)
    assert drawn.getpixel((151, 230)) == (128, 128, 128)


def test_the_truth_is_dashed_in_green():
    drawn = opened(draw_boxes(photograph(), [], truth=[Box("cat", 100, 200, 200, 60)]))
    edge = {drawn.getpixel((x, 200)) for x in range(100, 300)}
    assert edge == {(255, 255, 255), (0, 176, 80)}


def test_a_turned_photograph_is_shown_as_it_is_stored():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = photograph(exif=exif)
    assert opened(draw_boxes(turned, [])).size == (640, 480)
    sheet = opened(contact_sheet([(turned, [], "")], columns=1, width=340))
    assert sheet.width > sheet.height


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1"])
def test_any_kind_of_image_can_be_drawn_on(mode):
    file = io.BytesIO()
    Image.new(mode, (60, 40)).save(file, "PNG")
    assert opened(draw_boxes(file.getvalue(), [Box("cat", 0, 0, 60, 40)])).mode == "RGB"


def test_a_box_at_the_edge_and_a_long_label_stay_drawable():
    boxes = [
        Box("a label far too long for the image " * 3, 0, 0, 640, 480, 0.5),
        Box("x", 639.5, 479.5, 0.5, 0.5),
    ]
    assert opened(draw_boxes(photograph(), boxes)).size == (640, 480)


def test_a_contact_sheet_fits_the_dialog_and_the_event_log():
    photograph_of_noise = noise()
    items = [(photograph_of_noise, [Box("cat", 10, 10, 300, 300)], f"s3://images/{n}.jpg") for n in range(9)]
    sheet = contact_sheet(items)
    assert len(sheet) <= 100_000
    assert opened(sheet).format == "JPEG"
    assert opened(contact_sheet([(photograph(), [], "")])).width == 820


def test_boxes_on_a_contact_sheet_are_scaled_with_their_photograph():
    sheet = opened(contact_sheet([(photograph(), [Box("cat", 320, 0, 320, 480)], "")], columns=1, width=336))
    left_half, right_edge = sheet.getpixel((8 + 80, 8 + 120)), sheet.getpixel((8 + 160, 8 + 120))
    assert left_half == pytest.approx((128, 128, 128), abs=12)
    assert right_edge == pytest.approx(rgb(PALETTE[0]), abs=40)


def test_a_contact_sheet_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one image"):
        contact_sheet([])


def test_markdown_holds_the_picture_whatever_its_title():
    data = photograph(10, 10)
    markdown = markdown_picture(data, "boxes [of\na] job")
    assert markdown.startswith("![boxes (of a) job](data:image/jpeg;base64,")
    assert base64.b64decode(markdown.partition("base64,")[2].removesuffix(")")) == data
    with pytest.raises(ValueError, match="neither JPEG, PNG, WebP nor SVG"):
        markdown_picture(b"GIF89a", "")


def curve(points: int = 14) -> list[tuple[float, float]]:
    return [(round(n / points, 3), round(1 - n / points / 3, 3)) for n in range(points)]


@pytest.mark.parametrize(
    "labels",
    [
        ["ingredients", "nutrition", "barcode"],
        ["a <b> & c", "x" * 200],
        [],
        [f"label {n}" for n in range(10)],
    ],
    ids=lambda labels: str(len(labels)),
)
def test_curves_are_shown_inline(labels):
    markdown = precision_recall_svg({label: curve() for label in labels})
    assert len(markdown) < 1000
    picture = base64.b64decode(markdown.partition("base64,")[2].removesuffix(")"))
    paths = ElementTree.fromstring(picture).findall(".//{*}path")
    assert len(paths) == 1 + len(labels)


def test_a_label_without_predictions_has_no_curve_but_a_place_in_the_legend():
    markdown = precision_recall_svg({"cat": [], "dog": curve()})
    picture = ElementTree.fromstring(base64.b64decode(markdown.partition("base64,")[2].removesuffix(")")))
    assert len(picture.findall(".//{*}path")) == 2
    assert [text.text for text in picture.findall("{*}text")] == ["recall", "cat", "dog"]
