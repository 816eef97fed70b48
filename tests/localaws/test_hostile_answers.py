"""What a hostile worker may answer: each refused with its status and the reason."""

# ruff: noqa: E501 - a case is a line

import base64
import copy
import struct
import zlib
from collections.abc import Iterator

import pytest

from tests.localaws.hostile import MEGABYTE, Case, Door, cases, check, open_door
from tests.localaws.labeling import HEIGHT, WIDTH, Studio, answer, box
from tests.localaws.labeling_types import chosen, mask


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in, workers=2) as studio:
        yield studio


@pytest.fixture(scope="module")
def door(studio) -> Door:
    return open_door(studio)


def drawn(name: str, given: object, reason: str) -> Case:
    return name, lambda door: door.submit("boxes", given), 422, reason


def value(**changes) -> dict:
    return {"boundingBox": answer(box(4))["boundingBox"] | changes}


SIZE = {"height": HEIGHT, "width": WIDTH}
NO_INTEGER = "must be an integer"


@cases(
    drawn("no answer", None, "the answer must be an object"),
    drawn("a list", [], "the answer must be an object"),
    drawn("a text", "boxes", "the answer must be an object"),
    drawn("an empty answer", {}, "must have the key 'boundingBox'"),
    drawn("another element's name", {"__proto__": {}}, "must have the key 'boundingBox'"),
    drawn("boxes as a list", {"boundingBox": []}, "answers with boundingBoxes and inputImageProperties"),
    drawn("no size", {"boundingBox": {"boundingBoxes": []}}, "answers with boundingBoxes and inputImageProperties"),
    drawn("a further field", value(more=1), "not with"),
    drawn("a field of prototypes", value(__proto__={}), "not with"),
    drawn("a flag that is a text", value(initialValueModified="true"), "must be true or false"),
    drawn("another size", value(inputImageProperties={"height": 4000, "width": 6000}), "but the stored image has"),
    drawn("a turned size", value(inputImageProperties={"height": WIDTH, "width": HEIGHT}), "but the stored image has"),
    drawn("a size of floats", value(inputImageProperties={"height": 40.0, "width": 60}), "but the stored image has"),
    drawn("a size with more", value(inputImageProperties=SIZE | {"depth": 3}), "but the stored image has"),
    drawn("a size of nothing", value(inputImageProperties=None), "but the stored image has"),
    drawn("boxes as an object", value(boundingBoxes={"0": box(4)}), "boundingBoxes must be a list"),
    drawn("5,001 boxes", answer(*[box(4)] * 5001), "5001 boxes; 5000 are accepted"),
    drawn("a box as a list", answer([4, 6, 20, 10]), "box 1 must have exactly"),
    drawn("a box of nothing", answer(None), "box 1 must have exactly"),
    drawn("a box with a further field", answer(box(4, score=1)), "box 1 must have exactly"),
    drawn("a box without a label", answer({k: v for k, v in box(4).items() if k != "label"}), "box 1 must have exactly"),
    drawn("an unknown label", answer(box(4, "bird")), "box 1 has the label 'bird'"),
    drawn("a label in capitals", answer(box(4, "Dog")), "box 1 has the label 'Dog'"),
    drawn("a label that looks alike", answer(box(4, "d\u043eg")), "box 1 has the label"),
    drawn("a label with an invisible sign", answer(box(4, "dog\u200b")), "box 1 has the label 'dog\\u200b'"),
    drawn("a label of full width", answer(box(4, "\uff44\uff4f\uff47")), "box 1 has the label"),
    drawn("a label that is a script", answer(box(4, "<script>alert(1)</script>")), "box 1 has the label '<script>"),
    drawn("a label that is a list", answer(box(4, ["dog"])), "box 1 has the label"),
    drawn("a label that is a number", answer(box(4, 0)), "box 1 has the label 0"),
    drawn("a label without end", answer(box(4, "x" * 100_000)), "box 1 has the label"),
    drawn("a float", answer(box(4.0)), f"left {NO_INTEGER}, not 4.0"),
    drawn("a half", answer(box(4.5)), f"left {NO_INTEGER}, not 4.5"),
    drawn("a text for a number", answer(box("4")), f"left {NO_INTEGER}, not '4'"),
    drawn("true for a number", answer(box(True)), f"left {NO_INTEGER}, not True"),
    drawn("null for a number", answer(box(None)), f"left {NO_INTEGER}, not None"),
    drawn("a list for a number", answer(box([4])), f"left {NO_INTEGER}, not [4]"),
    drawn("a nested object for a number", answer(box({"valueOf": 4})), f"left {NO_INTEGER}"),
    drawn("a tiny float", answer(box(4, width=1e-300)), f"width {NO_INTEGER}"),
    drawn("a huge float", answer(box(4, width=1e300)), f"width {NO_INTEGER}"),
    drawn("an integer of 90 digits", answer(box(4, width=10**90)), "outside the image of 60 x 40"),
    drawn("two integers of 90 digits", answer(box(10**90, width=10**90)), "outside the image of 60 x 40"),
    drawn("beyond 64 bits", answer(box(4, width=2**64)), "outside the image of 60 x 40"),
    drawn("left of the image", answer(box(-1)), "outside the image of 60 x 40"),
    drawn("above the image", answer(box(4, top=-1)), "outside the image of 60 x 40"),
    drawn("right of the image", answer(box(41)), "outside the image of 60 x 40"),
    drawn("below the image", answer(box(4, top=31)), "outside the image of 60 x 40"),
    drawn("no width", answer(box(4, width=0)), "at least 1 x 1 is needed"),
    drawn("a negative height", answer(box(4, height=-10)), "at least 1 x 1 is needed"),
    drawn("the second of two", answer(box(4), box(50)), "box 2 reaches"),
    drawn("101 further inputs", value() | {str(number): 1 for number in range(101)}, "101 further inputs"),
    drawn("further inputs of 70 KB", value() | {"comment": "x" * 70_000}, "further inputs have"),
    drawn("further inputs of wide signs", value() | {"comment": "\U0001f415" * 8000}, "further inputs have"),
    drawn("an input's name of 70 KB", value() | {"x" * 70_000: 1}, "further inputs have"),
)  # fmt: skip
def test_boxes_that_nobody_can_have_drawn(door, send, status, reason):
    check(send(door), status, reason)


@cases(
    ("NaN", lambda door: door.raw("submit", b'{"answer": {"boundingBox": {"boundingBoxes": [{"left": NaN}]}}}'), 400, "NaN is no number"),
    ("infinity", lambda door: door.raw("submit", b'{"answer": [Infinity]}'), 400, "Infinity is no number"),
    ("a number beyond all floats", lambda door: door.raw("submit", b'{"answer": [-1e400]}'), 400, "-1e400 is no number"),
    ("an integer of 4,000 digits", lambda door: door.raw("submit", b'{"answer": [' + b"9" * 4000 + b"]}"), 400, "4000 digits"),
    ("nesting without end", lambda door: door.raw("submit", b'{"answer": ' + b'{"a":' * 50_000), 400, "nested too deeply"),
    ("nesting of 101", lambda door: door.raw("submit", b'{"answer": ' + b"[" * 100 + b"]" * 100 + b"}"), 400, "nested too deeply"),
    ("bytes that are no text", lambda door: door.raw("submit", b'{"answer": "\xc3\x28"}'), 400, "not UTF-8"),
    ("two objects", lambda door: door.raw("submit", b"{} {}"), 400, "Extra data"),
)  # fmt: skip
def test_answers_that_are_no_json(door, send, status, reason):
    check(send(door), status, reason)


GOOD_MASK = mask(dog=(0, 20))["answer"]


def painted(name: str, reason: str, **changes) -> Case:
    return name, lambda door: door.submit("mask", {"answer": GOOD_MASK | changes}), 422, reason


def png(data: bytes | str) -> dict:
    text = data if isinstance(data, str) else base64.b64encode(data).decode()
    return {"labeledImage": {"pngImageData": text}}


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_file(
    width: int, height: int, rows: bytes, depth: int = 8, colour: int = 6, interlaced: int = 0
) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def plain(pixel: bytes) -> bytes:
    return (b"\0" + pixel * WIDTH) * HEIGHT


GOOD_PNG = base64.b64decode(GOOD_MASK["labeledImage"]["pngImageData"])
DOG = GOOD_MASK["labelMappings"]["dog"]


@cases(
    painted("a further field", "not with", more=1),
    painted("another size", "but the stored image has", inputImageProperties={"height": 1, "width": 1}),
    painted("colours as a list", "labelMappings must be an object", labelMappings=[]),
    painted("an unknown label", "labelMappings has the label 'bird'", labelMappings={"bird": DOG}),
    painted("a label of prototypes", "labelMappings has the label '__proto__'", labelMappings={"__proto__": DOG}),
    painted("a colour by name", "must be", labelMappings={"dog": {"color": "red"}}),
    painted("a colour that is CSS", "must be", labelMappings={"dog": {"color": "url(//evil.example)"}}),
    painted("a colour of three digits", "must be", labelMappings={"dog": {"color": "#fff"}}),
    painted("a colour with a line", "must be", labelMappings={"dog": {"color": "#1f77b4\n"}}),
    painted("a colour of other digits", "must be", labelMappings={"dog": {"color": "#\u0661\u0661\u0661\u0661\u0661\u0661"}}),
    painted("a colour that is a number", "must be", labelMappings={"dog": {"color": 0}}),
    painted("white for a label", "is #ffffff, the colour of what has no label", labelMappings={"dog": {"color": "#FFFFFF"}}),
    painted("one colour for two", "are both", labelMappings={"dog": DOG, "cat": DOG}),
    painted("no image", "labeledImage must be exactly", labeledImage={}),
    painted("an image that is a list", "labeledImage must be exactly", labeledImage=[]),
    painted("an image with more", "labeledImage must be exactly", labeledImage=GOOD_MASK["labeledImage"] | {"x": 1}),
    painted("bytes as numbers", "labeledImage must be exactly", labeledImage={"pngImageData": [137, 80]}),
    painted("no base64", "it is not base64", **png("*" * 40)),
    painted("base64 with lines", "it is not base64", **png("iVBO\nRw0K")),
    painted("a data address", "it is not base64", **png("data:image/png;base64,iVBORw0K")),
    painted("base64 of another alphabet", "it is not base64", **png("-_-_")),
    painted("no letters but wide ones", "it is not base64", **png("\uff21\uff22\uff23\uff24")),
    painted("nothing", "it is no PNG file", **png("")),
    painted("a GIF", "it is no PNG file", **png(b"GIF89a" + b"\0" * 60)),
    painted("an SVG", "it is no PNG file", **png(b"<svg onload=alert(1)>")),
    painted("half a file", "it ends before its last part", **png(GOOD_PNG[: len(GOOD_PNG) // 2])),
    painted("a damaged part", "is damaged", **png(GOOD_PNG[:-20] + bytes([GOOD_PNG[-20] ^ 1]) + GOOD_PNG[-19:])),
    painted("a part longer than the file", "it ends before its last part", **png(GOOD_PNG[:8] + struct.pack(">I", 2**31) + GOOD_PNG[12:])),
    painted("a bomb by its header", "it is 100000 x 100000 pixels, but the stored image", **png(png_file(100_000, 100_000, b""))),
    painted("a bomb of 4 billion squared", "but the stored image", **png(png_file(2**32 - 1, 2**32 - 1, b""))),
    painted("more pixels than there are", "is #010203", **png(png_file(WIDTH, HEIGHT, plain(b"\1\2\3\xff") + bytes(20 * MEGABYTE)))),
    painted("no pixels", "its pixels end in row 0", **png(png_file(WIDTH, HEIGHT, b""))),
    painted("too few pixels", "its pixels end in row", **png(png_file(WIDTH, HEIGHT, plain(bytes(4))[:500]))),
    painted("a filter that there is not", "its pixels cannot be read", **png(png_file(WIDTH, HEIGHT, b"\x09" * len(plain(bytes(4)))))),
    painted("no width", "it is 0 x 40 pixels", **png(png_file(0, HEIGHT, b""))),
    painted("16 bits", "it has 16 bits per channel", **png(png_file(WIDTH, HEIGHT, plain(bytes(8)), depth=16))),
    painted("grey", "colour type 0", **png(png_file(WIDTH, HEIGHT, plain(b"\0"), colour=0))),
    painted("interlaced", "interlacing 1", **png(png_file(WIDTH, HEIGHT, plain(bytes(4)), interlaced=1))),
    painted("a palette without colours", "its palette is missing", **png(png_file(WIDTH, HEIGHT, plain(b"\0"), colour=3))),
    painted("a colour of no label", "is #010203, the colour of no label", **png(png_file(WIDTH, HEIGHT, plain(b"\1\2\3\xff")))),
    painted("half opaque", "with the opacity 128", **png(png_file(WIDTH, HEIGHT, plain(bytes.fromhex("1f77b480"))))),
    painted("the colour of a label left out", "the colour of no label", labelMappings={}),
    painted("too large", "12582912 are accepted", **png("A" * (16 * MEGABYTE + 8192))),
    ("a mask for boxes", lambda door: door.submit("boxes", {"boundingBox": GOOD_MASK}), 422, "answers with boundingBoxes"),
    ("boxes for a mask", lambda door: door.submit("mask", {"answer": answer(box(4))["boundingBox"]}), 422, "answers with"),
)  # fmt: skip
def test_masks_that_nobody_can_have_painted(door, send, status, reason):
    check(send(door), status, reason)


def picked(name: str, given: object, reason: str) -> Case:
    return name, lambda door: door.submit("class", given), 422, reason


@cases(
    picked("another name", {"label": "dog"}, "must have the key 'answer'"),
    picked("a text", {"answer": "dog"}, "answers with label"),
    picked("two labels", {"answer": {"label": ["dog", "cat"]}}, "the label is ['dog', 'cat']"),
    picked("an unknown label", chosen("bird"), "the label is 'bird'"),
    picked("a number", {"answer": {"label": 0}}, "the label is 0"),
    picked("null", {"answer": {"label": None}}, "the label is None"),
    picked("a further field", {"answer": {"label": "dog", "confidence": 1}}, "answers with label"),
    picked(
        "a comment that is a list", {"answer": {"label": "dog", "workerComment": ["x"]}}, "must be a text"
    ),
    picked("a comment without end", chosen("dog", "x" * 4001), "workerComment has 4001 characters"),
    picked("a label with a line", chosen("dog\n"), "the label is 'dog\\n'"),
)
def test_classes_that_nobody_can_have_chosen(door, send, status, reason):
    check(send(door), status, reason)


def test_after_all_of_that_the_tasks_are_still_at_hand_and_take_a_good_answer(studio, door):
    good = {"boxes": answer(box(4)), "mask": {"answer": GOOD_MASK}, "class": chosen("dog")}
    for kind, task in door.tasks.items():
        again = door.worker.claim(task["job"])
        assert (again["lease"], again["draft"]) == (task["lease"], None)
        assert door.submit(kind, copy.deepcopy(good[kind])).status_code == 200
    assert door.submit("boxes", answer(box(5))).status_code == 409  # handed in is handed in
