"""How good labels are, for loops that end with them: compared with the truth, and drawn."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from assets.labels import read_accepted
from assets.records import read_record
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.manifest import LabeledClass, LabeledImage, LabeledMask
from vision.masks import draw_mask, mean_overlap, overlaps, read_mask
from vision.pictures import draw_mask_on

PICTURES = 12

Truth = Mapping[str, LabeledImage]  # by file name


def label_results(loop: Loop, store: ObjectStore, truth: Truth, folder: Path) -> dict[str, str]:
    """What there is to tell about the loop's labels, by name; pictures of masks are written to ``folder``."""
    labels = read_accepted(store, loop, read_record(store, loop, "labels"))
    if loop.label_form == "semantic_segmentation":
        return mask_results(loop, store, labels, truth, folder)
    counts = Counter(label.name for label in labels)
    lines = {"images": str(len(labels))} | {f"  {name}": str(counts[name]) for name in loop.labels}
    if loop.label_form == "image_classification":
        lines = {"right": right_classes(labels, truth)} | lines
    return lines


def mask_results(
    loop: Loop, store: ObjectStore, labels: Sequence[LabeledMask], truth: Truth, folder: Path
) -> dict[str, str]:
    """Intersection over union with the truth, over all pixels, and the first masks as pictures."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pairs = []
    for number, label in enumerate(labels):
        image = truth[file_name(label.uri)]
        size = image.width, image.height
        mask = read_mask(store.read(label.mask_uri), loop.labels, size)
        pairs.append((mask, draw_mask(image.boxes, loop.labels, size)))
        if number < PICTURES:
            picture = draw_mask_on(store.read(label.uri), mask, loop.labels)
            (folder / f"{Path(label.uri).stem}.png").write_bytes(picture)
    found = overlaps(pairs, loop.labels)
    return {
        "mean IoU": f"{mean_overlap(found):.3f} with the truth, {len(labels)} masks",
        **{f"  {label}": f"{overlap:.3f}" for label, overlap in found.items()},
        "masks": read_record(store, loop, "labels")["manifest"],
        "drawn masks": str(folder),
    }


def right_classes(labels: Sequence[LabeledClass], truth: Truth) -> str:
    right = sum(label.name == truth[file_name(label.uri)].image_class for label in labels)
    return f"{right} of {len(labels)}"


def file_name(uri: str) -> str:
    return uri.rpartition("/")[2]
