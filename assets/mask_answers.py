"""Answers of models of masks. See :class:`assets.answers.Answers`.

Masks are kept as palette PNGs in the colours of their labels. They are read one by one: those of many images
together are too large for the memory.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import dagster as dg

from assets.pictures import PICTURES, mask_sheet
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore
from vision.masks import write_mask
from vision.seen import SeenMask, read_seen_mask

Kept = dict[str, Any]  # of one image: the URI of its mask, and the pixels of each label on it


class MaskAnswers:
    def read(self, loop: Loop, body: bytes, labels: Sequence[str], size: tuple[int, int]) -> SeenMask:
        return read_seen_mask(body, labels, size)

    def batch(
        self,
        store: ObjectStore,
        loop: Loop,
        model: Mapping[str, Any],
        images: Mapping[str, Mapping[str, Any]],
        answers: Mapping[str, bytes],
    ) -> tuple[bytes, dict[str, Any], dg.MetadataValue]:
        sizes = {uri: (images[uri]["width"], images[uri]["height"]) for uri in answers}
        kept = keep_masks(store, loop, model, sizes, answers)
        first = [(uri, each["mask"]) for uri, each in islice(kept.items(), PICTURES)]
        drawn = mask_sheet(store, loop, first, model["labels"], f"predictions of {model['model']}")
        return table(kept, sizes), numbers(kept), drawn

    def kept(
        self, store: ObjectStore, loop: Loop, uri: str, labels: Sequence[str]
    ) -> Iterator[tuple[str, SeenMask]]:
        masks = store.read_json(uri)["masks"]
        for image in sorted(masks, key=lambda image: (-len(masks[image]["pixels"]), image)):
            yield image, read_seen_mask(store.read(masks[image]["mask"]), labels, None)


def keep_masks(
    store: ObjectStore,
    loop: Loop,
    model: Mapping[str, Any],
    sizes: Mapping[str, tuple[int, int] | None],
    answers: Mapping[str, bytes],
) -> dict[str, Kept]:
    """Each image's mask by its URI, named by its content; ``sizes`` are widths and heights, where known."""
    kept = {}
    for uri, body in sorted(answers.items()):
        seen = read_seen_mask(body, model["labels"], sizes.get(uri))
        painted = write_mask(seen.mask, len(model["labels"]))
        place = loop.uri(f"predicted_masks/{model['model']}/{sha256(painted)[:24]}.png")
        kept[uri] = {"mask": store.update(place, painted, "image/png"), "pixels": seen.pixels}
    return kept


def table(kept: Mapping[str, Kept], sizes: Mapping[str, tuple[int, int]]) -> bytes:
    """CSV, a row for each label on each image: image, mask (a PNG in S3), label, pixels, share of the image.
    An image in which nothing is seen has one row, without a label.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "mask", "label", "pixels", "share"])
    for uri, each in kept.items():
        width, height = sizes[uri]
        for label, pixels in each["pixels"].items() or [("", 0)]:
            writer.writerow([uri, each["mask"], label, pixels, f"{pixels / (width * height):.5f}"])
    return text.getvalue().encode()


def numbers(kept: Mapping[str, Kept]) -> dict[str, Any]:
    regions = [len(each["pixels"]) for each in kept.values()]
    return {
        "images": len(kept),
        "regions": sum(regions),
        "regions_per_image": round(sum(regions) / len(kept), 2),
        "images_without_region": sum(count == 0 for count in regions),
    }
