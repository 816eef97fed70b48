"""Photographs of packs with known truth, made here: nothing to download, nobody's rights, as many as wanted.

They look like snapshots of the backs of packs on a table: perspective, shadow, uneven light, some blur and
noise. They are made to show that the loop works; what a model scores on them says nothing about real packs.
"""

import math
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from demo.packs import LABELS, Corners, Pack, draw_pack
from demo.prints import hsv
from vision.boxes import Box
from vision.exchange import read_coco_truth, write_coco
from vision.manifest import LabeledImage

SIZES = ((480, 640), (480, 640), (640, 480), (560, 560))  # width, height in pixels


def make_photographs(
    folder: Path, count: int, seed: int, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Write ``count`` JPEG photographs and their truth into ``folder``; returns the truth, a COCO file.

    A photograph depends on ``seed`` and its number only (and on the fonts of the machine), so that a larger
    count adds to a smaller one. Photographs that are there already are left as they are. ``progress`` is
    called with how many are done and ``count``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "truth.json"
    known = read_coco_truth(file)[1] if file.exists() else {}
    # A truth of an earlier version has boxes only: its photographs are made once more, the same again.
    known = {name: image for name, image in known.items() if image.image_class}
    names = [f"pack-{seed}-{number:04d}.jpg" for number in range(count)]
    if all(name in known and (folder / name).exists() for name in names):
        return file
    truth = {}
    for number, name in enumerate(names):
        if name in known and (folder / name).exists():
            truth[folder / name] = known[name]
        else:
            photograph, boxes, shown = make_photograph(seed, number)
            photograph.save(folder / name, quality=Random(f"quality {seed} {number}").randint(80, 93))
            size = photograph.size
            truth[folder / name] = LabeledImage(name, *size, 3, tuple(boxes), image_class=shown)
        if progress:
            progress(number + 1, count)
    write_coco(file, LABELS, truth)
    return file


def make_photograph(seed: int, number: int) -> tuple[Image.Image, list[Box], str]:
    """One photograph, the boxes on it, in whole pixels and with the outlines of the prints, and its class."""
    random = Random(f"photograph {seed} {number}")
    size = random.choice(SIZES)
    scene = draw_table(random, size)
    boxes, foods = [], set()
    for place in choose_places(random, size):
        left, top, right, bottom = map(round, place)
        if random.random() < 0.08:
            pack, objects, food = lay_on_side(draw_pack(random, bottom - top, right - left))
        else:
            pack, objects, food = draw_pack(random, right - left, bottom - top)
        foods.add(food)
        if random.random() < 0.35:
            pack = shade_round(random, pack)
        corners = turn(random, place)
        matrix = perspective(pack.size, corners)
        back = numpy.linalg.inv(matrix)
        coefficients = (back / back[2, 2]).ravel()[:8]
        pack = pack.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
        scene = cast_shadow(random, scene, pack)
        scene.paste(pack, (0, 0), pack)
        boxes += [seen_box(label, corners, matrix, size) for label, corners in objects]
    shown = "both" if len(foods) == 2 else "food" if True in foods else "cosmetics"
    return expose(random, scene), boxes, shown


def choose_places(random: Random, size: tuple[int, int]) -> list[Corners]:
    """Where the packs stand before they are turned: one in the middle or, on a wide picture, often two."""
    width, height = size
    columns = 2 if width > height and random.random() < 0.6 else 1
    places = []
    for column in range(columns):
        room = width / columns
        pack_height = height * random.uniform(0.6, 0.95)
        pack_width = min(room * 0.9, pack_height * random.uniform(0.62, 0.95))
        centre = room * (column + 0.5) + (room - pack_width) * random.uniform(-0.4, 0.4)
        middle = height / 2 + (height - pack_height) * random.uniform(-0.4, 0.4)
        half_width, half_height = pack_width / 2, pack_height / 2
        places.append((centre - half_width, middle - half_height, centre + half_width, middle + half_height))
    return places


def lay_on_side(pack: Pack) -> Pack:
    """The pack and its boxes, turned by a quarter to the left."""
    width = pack.picture.width
    turned = [
        (label, (top, width - right, bottom, width - left))
        for label, (left, top, right, bottom) in pack.objects
    ]
    return Pack(pack.picture.transpose(Image.Transpose.ROTATE_90), turned, pack.food)


def turn(random: Random, place: Corners) -> list[tuple[float, float]]:
    """The four corners of a pack as the camera sees it: turned a little, further away on one side."""
    left, top, right, bottom = place
    centre, middle = (left + right) / 2, (top + bottom) / 2
    angle = math.radians(random.gauss(0, 4) if random.random() < 0.85 else random.uniform(-15, 15))
    jitter = min(right - left, bottom - top) * 0.022
    corners = []
    for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)):
        x, y = x - centre + random.gauss(0, jitter), y - middle + random.gauss(0, jitter)
        corners.append(
            (
                centre + x * math.cos(angle) - y * math.sin(angle),
                middle + x * math.sin(angle) + y * math.cos(angle),
            )
        )
    return corners


def perspective(size: tuple[int, int], corners: list[tuple[float, float]]) -> numpy.ndarray:
    """The 3 x 3 matrix that takes the corners of a flat picture to four points."""
    width, height = size
    flat = ((0, 0), (width, 0), (width, height), (0, height))
    rows, values = [], []
    for (x, y), (u, v) in zip(flat, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return numpy.append(numpy.linalg.solve(rows, values), 1).reshape(3, 3)


def seen_box(label: str, place: Corners, matrix: numpy.ndarray, size: tuple[int, int]) -> Box:
    """The upright box around a printed rectangle as the camera sees it, and the rectangle's outline in it."""
    left, top, right, bottom = place
    points = matrix @ numpy.array([(left, top, 1), (right, top, 1), (right, bottom, 1), (left, bottom, 1)]).T
    corners = points[:2] / points[2]
    xs, ys = corners.clip(0, numpy.array([size]).T)
    left, top = math.floor(xs.min()), math.floor(ys.min())
    outline = (tuple((x, y) for x, y in corners.T.round(2).tolist()),)
    return Box(label, left, top, math.ceil(xs.max()) - left, math.ceil(ys.max()) - top, outline=outline)


def draw_table(random: Random, size: tuple[int, int]) -> Image.Image:
    """Wood, stone or cloth, with something out of focus behind the packs."""
    width, height = size
    grain = numpy.random.default_rng(random.getrandbits(64))
    kind = random.choice(("wood", "stone", "cloth"))
    if kind == "wood":
        coarse = Image.fromarray(grain.integers(60, 200, (4, width // 3), dtype=numpy.uint8))
        colour, contrast = (
            hsv(random.uniform(0.05, 0.1), random.uniform(0.3, 0.65), random.uniform(0.4, 0.85)),
            0.5,
        )
    elif kind == "stone":
        coarse = Image.fromarray(grain.integers(60, 200, (9, 9), dtype=numpy.uint8))
        colour, contrast = hsv(random.random(), random.uniform(0, 0.1), random.uniform(0.5, 0.95)), 0.35
    else:
        coarse = Image.fromarray(grain.integers(60, 200, (height // 2, width // 2), dtype=numpy.uint8))
        colour, contrast = hsv(random.random(), random.uniform(0.1, 0.6), random.uniform(0.2, 0.9)), 0.25
    tone = numpy.asarray(coarse.resize(size, Image.Resampling.BICUBIC), dtype=numpy.float32)[..., None] / 255
    table = numpy.array(colour) * (1 - contrast + contrast * 2 * tone)
    table = Image.fromarray(table.clip(0, 255).astype(numpy.uint8))
    draw = ImageDraw.Draw(table)
    for _ in range(random.randint(0, 6)):
        x, y, radius = random.randint(0, width), random.randint(0, height), random.randint(15, 90)
        colour = hsv(random.random(), random.uniform(0.2, 0.9), random.uniform(0.3, 1))
        (draw.ellipse if random.random() < 0.7 else draw.rectangle)(
            (x - radius, y - radius, x + radius, y + radius), fill=colour
        )
    return table.filter(ImageFilter.GaussianBlur(random.uniform(1.5, 5)))


def shade_round(random: Random, pack: Image.Image) -> Image.Image:
    """Light that falls off to the sides, as on a jar or a bottle."""
    across = numpy.linspace(-1, 1, pack.width)
    light = 1.05 - random.uniform(0.3, 0.5) * numpy.abs(across - random.uniform(-0.35, 0.35)) ** 2
    pixels = numpy.asarray(pack, dtype=numpy.float32).copy()
    pixels[..., :3] *= light[None, :, None]
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8), "RGBA")


def cast_shadow(random: Random, scene: Image.Image, pack: Image.Image) -> Image.Image:
    """Darken the table beside the pack."""
    shadow = ImageChops.offset(pack.getchannel("A"), random.randint(-12, 12), random.randint(2, 12))
    shadow = shadow.filter(ImageFilter.GaussianBlur(9)).point(lambda level: level * 0.55)
    return Image.composite(Image.new("RGB", scene.size, "black"), scene, shadow)


def expose(random: Random, scene: Image.Image) -> Image.Image:
    """Uneven light, a reflection, a tint, blur and noise: what a hand-held camera adds."""
    width, height = scene.size
    xs, ys = numpy.linspace(-0.5, 0.5, width)[None], numpy.linspace(-0.5, 0.5, height)[:, None]
    light = random.uniform(0.6, 1.1) + random.uniform(-0.4, 0.4) * xs + random.uniform(-0.4, 0.4) * ys
    pixels = numpy.asarray(
        scene.filter(ImageFilter.GaussianBlur(random.uniform(0, 1.1))), dtype=numpy.float32
    )
    pixels = pixels * light[..., None] * numpy.array([random.uniform(0.92, 1.06) for _ in range(3)])
    if random.random() < 0.25:
        across, down = (xs - random.uniform(-0.5, 0.5)) / 0.1, (ys - random.uniform(-0.5, 0.5)) / 0.14
        pixels += random.uniform(30, 90) * numpy.exp(-(across**2) - down**2)[..., None]
    noise = numpy.random.default_rng(random.getrandbits(64)).standard_normal(
        pixels.shape, dtype=numpy.float32
    )
    pixels += noise * random.uniform(1, 8)
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))
