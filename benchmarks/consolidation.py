"""The consolidation function beside the least that it must do, both measured in the same run.

    .venv/bin/python benchmarks/consolidation.py [--quick]

For boxes the floor is reading the answers' JSON; for masks it is decoding the workers' PNG files to RGBA with
Pillow and writing one palette PNG of that size. S3 is not in it: what is read is in memory already.
"""

import argparse
import base64
import io
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy
from PIL import Image, ImageDraw
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lambdas" / "consolidation"))

from handler import consolidate
from palette import label_colour

LABELS = [f"label {number}" for number in range(20)]
WORKERS = 3
IMAGES, OBJECTS = 1000, 8  # with boxes
LARGE = (4000, 3000)  # width, height of images with masks: 12 megapixels
MASKED_OBJECTS = 30
REPEATS = 3


def item(number: int, values: list[dict]) -> dict:
    annotations = [
        {"workerId": f"worker {worker}", "annotationData": {"content": json.dumps({"answer": value})}}
        for worker, value in enumerate(values)
    ]
    return {"datasetObjectId": str(number), "annotations": annotations}


def size_of(width: int, height: int) -> dict:
    return {"inputImageProperties": {"width": width, "height": height}}


def boxes_payload(random: Random, images: int) -> list[dict]:
    """Images with objects that every worker draws loosely."""
    items = []
    for number in range(IMAGES):
        truth = [
            [
                random.randrange(1600),
                random.randrange(1000),
                random.randrange(40, 400),
                random.randrange(40, 300),
            ]
            for _ in range(OBJECTS)
        ]
        items.append(item(number, [loosely_drawn(random, truth) for _ in range(WORKERS)]))
    return items


def loosely_drawn(random: Random, truth: list[list[int]]) -> dict:
    names = ("left", "top", "width", "height")
    boxes = [
        {name: side + random.randint(-6, 6) for name, side in zip(names, sides, strict=True)}
        | {"label": LABELS[sides[0] % len(LABELS)]}
        for sides in truth
    ]
    return {"boundingBoxes": boxes} | size_of(2000, 1300)


def masks_payload(random: Random, size: tuple[int, int]) -> tuple[list[dict], list[bytes]]:
    """One image whose objects every worker paints a little differently; also the PNG files alone."""
    width, height = size
    truth = [
        (random.uniform(0, width), random.uniform(0, height), random.uniform(0.03, 0.2) * width, number)
        for number in range(MASKED_OBJECTS)
    ]
    files = []
    for _ in range(WORKERS):
        image = Image.new("RGBA", size)
        draw = ImageDraw.Draw(image)
        for x, y, radius, number in truth:
            x, y = x + random.gauss(0, 8), y + random.gauss(0, 8)
            ellipse = (x - radius, y - radius, x + radius, y + radius)
            draw.ellipse(ellipse, fill=label_colour(number % len(LABELS)))
        packed = io.BytesIO()
        image.save(packed, "PNG")
        files.append(packed.getvalue())
    mappings = {label: {"color": label_colour(number)} for number, label in enumerate(LABELS)}
    values = [
        {"labelMappings": mappings, "labeledImage": {"pngImageData": base64.b64encode(file).decode()}}
        | size_of(*size)
        for file in files
    ]
    return [item(0, values)], files


def read_answers(payload: list[dict]) -> None:
    for entry in payload:
        for annotation in entry["annotations"]:
            json.loads(annotation["annotationData"]["content"])


def decode_and_encode(files: list[bytes]) -> None:
    for file in files:
        pixels = numpy.asarray(Image.open(io.BytesIO(file)).convert("RGBA"))
    values = Image.fromarray(numpy.ascontiguousarray(pixels[..., 0]))
    values.putpalette(bytes(range(256)) * 3)
    values.save(io.BytesIO(), "PNG")


def seconds(work: Callable[[], object]) -> float:
    """The best of a few times."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def run(payload: list[dict]) -> None:
    results = consolidate(payload, "label", LABELS, None, lambda object_id, png: f"s3://masks/{object_id}")
    assert len(results) == len(payload)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the images, a small mask")
    quick = parser.parse_args().quick
    number, size = (IMAGES // 10, (400, 300)) if quick else (IMAGES, LARGE)
    random = Random(1)
    payload = boxes_payload(random, number)
    boxes, reading = seconds(lambda: run(payload)), seconds(lambda: read_answers(payload))
    payload, files = masks_payload(random, size)
    before = peak_megabytes()
    masks, decoding = seconds(lambda: run(payload)), seconds(lambda: decode_and_encode(files))
    megapixels = size[0] * size[1] * WORKERS / 1e6

    table = Table("what", "speed", "time", "floor", "time / floor", "goal", "met")
    table.add_row(
        f"boxes: {number} images, {WORKERS} workers, {OBJECTS} objects",
        f"{number / boxes:.0f} images/s",
        f"{boxes:.2f} s",
        f"{reading:.2f} s",
        f"{boxes / reading:.1f}",
        "> 200 images/s",
        verdict(number / boxes > 200),
    )
    table.add_row(
        f"masks: {size[0]} x {size[1]}, {WORKERS} workers, {len(LABELS)} labels",
        f"{megapixels / masks:.0f} megapixels/s",
        f"{masks:.2f} s",
        f"{decoding:.2f} s",
        f"{masks / decoding:.1f}",
        "< 15 s",
        verdict(masks < 15),
    )
    Console().print(table)
    print(f"The peak of memory rose by {peak_megabytes() - before:.0f} MB for the masks.")


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def verdict(met: bool) -> str:
    return "yes" if met else "NO"


if __name__ == "__main__":
    main()
