"""Which of the labels that a model learned from is nearest to what it predicts.

Nearest is a simple notion, meant for people who ask where a prediction may come from; the model itself keeps
no such link. If the very bytes were trained on, it is their label. Else it is the label of the image that
looks most alike, among those that have the surest predicted label (see vision.likeness); of equals,
the one whose box overlaps the predicted one most, in fractions of the images' sides.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from vision.boxes import Box, iou
from vision.likeness import BITS, distance
from vision.provenance import ImageLabel


@dataclass(frozen=True)
class Question:
    """An image that a model was asked about, the label that it sees most surely, and its box, if it has one.

    ``etags`` are all that its bytes may be known by, ``fingerprint`` is that of vision.likeness.
    """

    etags: Collection[str]
    fingerprint: str | None
    width: int
    height: int
    label: str | None
    box: Box | None = None


@dataclass(frozen=True)
class Nearest:
    """A label that was trained on.

    ``apart`` are the bits in which the fingerprints differ, None where one of the images is too plain to have
    one. ``box`` is the label's box that overlaps the predicted one most, ``overlap`` how much, from 0 to 1;
    None without a predicted box, or where no image that was trained on has such a one. ``among`` images it
    was chosen from.
    """

    image: ImageLabel
    same_bytes: bool
    apart: int | None
    box: Box | None
    overlap: float | None
    among: int


def nearest_label(
    question: Question,
    images: Sequence[ImageLabel],
    etags: Mapping[str, str],
    fingerprints: Mapping[str, str],
) -> Nearest:
    """``images`` were trained on; ``etags`` are theirs by URI, ``fingerprints`` by ETag, where known.

    Raises ValueError when there is no image.
    """
    if not images:
        raise ValueError("no image was trained on")
    same = [image for image in images if etags.get(image.uri) in question.etags]
    candidates = same or [image for image in images if question.label in image.names] or images
    found = [
        _compared(question, image, fingerprints.get(etags.get(image.uri, "")), bool(same), len(candidates))
        for image in candidates
    ]
    return min(found, key=_order)


def _compared(
    question: Question, image: ImageLabel, fingerprint: str | None, same: bool, among: int
) -> Nearest:
    apart = distance(question.fingerprint, fingerprint) if question.fingerprint and fingerprint else None
    box, overlap = None, None
    if question.box:
        asked = _relative(question.box, question.width, question.height)
        overlaps = [
            (iou(asked, _relative(box, image.width, image.height)), -number)
            for number, box in enumerate(image.boxes)
            if box.label == question.box.label
        ]
        if overlaps:
            overlap, number = max(overlaps)
            box = image.boxes[-number]
    return Nearest(image, same, apart, box, overlap, among)


def _order(found: Nearest) -> tuple:
    return (BITS + 1 if found.apart is None else found.apart, -(found.overlap or 0), found.image.uri)


def _relative(box: Box, width: int, height: int) -> Box:
    return replace(
        box, left=box.left / width, top=box.top / height, width=box.width / width, height=box.height / height
    )
