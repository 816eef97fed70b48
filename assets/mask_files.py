"""The files that labels of masks point at."""

from dataclasses import replace

from assets.records import read_record
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.lines import Problem
from vision.manifest import LabeledManifest
from vision.mask_labels import LabeledMask
from vision.masks import MaskProblem, labels_on, read_mask


def check_masks(store: ObjectStore, loop: Loop, manifest: LabeledManifest) -> LabeledManifest:
    """Read every mask; an image whose mask cannot be read, or does not fit it, becomes a problem."""
    sizes = {
        row["uri"]: (row["width"], row["height"]) for row in read_record(store, loop, "raw_images")["images"]
    }
    found = {image.uri: _problem(store, loop, image, sizes.get(image.uri)) for image in manifest.images}
    return replace(
        manifest,
        images=[image for image in manifest.images if found[image.uri] is None],
        problems=[
            *manifest.problems,
            *(Problem(0, uri, message) for uri, message in found.items() if message is not None),
        ],
    )


def _problem(store: ObjectStore, loop: Loop, image: LabeledMask, size: tuple[int, int] | None) -> str | None:
    if image.size and size and image.size != size:
        return f"image_size is {image.size}, but the stored image has {size} pixels"
    try:
        mask = read_mask(store.read(image.mask_uri), loop.labels, size or image.size)
    except FileNotFoundError:
        return f"there is no mask {image.mask_uri}"
    except MaskProblem as problem:
        return f"{image.mask_uri}: {problem}"
    unnamed = set(labels_on(mask, loop.labels)) - set(image.names)
    if unnamed:
        return f"{image.mask_uri} has pixels of {sorted(unnamed)}, which the internal-color-map does not name"
    return None
