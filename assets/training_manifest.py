"""A loop's labels as the manifest that training reads."""

from collections.abc import Iterable

from resources.loop import Loop
from vision.manifest import ImageLabel, augmented_manifest


def training_manifest(loop: Loop, images: Iterable[ImageLabel]) -> bytes:
    """AWS's shape for this loop's task. A review keeps the reviewed label beside its result."""
    return augmented_manifest(
        images,
        loop.kept_attribute,
        loop.labels,
        form=loop.label_form,
        keep=[loop.review.attribute] if loop.review else [],
    )
