"""Masks of several workers become one, pixel by pixel.

1. A pixel is background where it is fully transparent, ``#ffffff``, or of a colour that ``labelMappings``
   give to no label. (So a label that is given ``#ffffff`` cannot be told from background, and is ignored.)
2. Each worker has one vote for each pixel. Most votes win; where several classes have the most, background
   wins if it is among them, else the first of them in the label list.
3. The confidence is the share of the workers who agree with the result, on average over the pixels that
   anybody labeled; 1 where nobody labeled any. Like Ground Truth's it is one number per image, repeated for
   each class. ``consensus.agreement`` tells the classes apart: the share of the workers who gave a pixel the
   class, on average over the pixels that anybody gave it.

With worker_quality, mask_quality.py finds mask and confidence; ``agreement`` stays the votes'.

The label is ``{"mask-ref", "internal-color-map", "image_size", "consensus"}``, and ``"adjustment-status"``
where workers started from an earlier label. The mask is an 8-bit palette PNG: 0 is background, 1 the first
label of the list, coloured as palette.py says.

Whether neighbours should be heard too was tried on the demo's simulated workers, at one, two and four times
their usual noise: a 3 x 3 majority filter over the result gained 0.0001 of its mean intersection over union
with the truth at most (the vote itself gained 0.05 to 0.16 over a single worker), so there is none.
"""

import base64
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy

from answers import (
    Answer,
    Ignored,
    adjustment_status,
    agree_on_size,
    image_size,
    image_size_entry,
    once_per_worker,
)
from palette import BACKGROUND, label_colour
from pictures import bands, read_mask, write_mask
from votes import Tally
from worker_quality import WorkerQuality

MOST_LABELS = 254  # besides background; 255 is what many tools take for "ignore"
COLOUR = re.compile(r"#[0-9a-f]{6}")


class Painting(NamedTuple):
    worker: str
    size: tuple[int, int]  # width, height of the image that the worker saw
    mask: numpy.ndarray  # (height, width) of pixel values as in the result
    ignored: list[str]  # what was wrong with some of the labels
    modified: bool | None  # whether an earlier label was changed; None where there was none


def consolidate(
    answers: Sequence[Answer],
    labels: Sequence[str],
    ignored: Ignored,
    write: Callable[[bytes], str],
    quality: WorkerQuality | None = None,
) -> dict | None:
    """The label of one object, or None when no worker gave a usable answer; without ``quality`` by votes.

    ``write`` keeps the mask, a PNG file, and returns its URI. Raises ValueError for more labels than a mask
    has values for.
    """
    if len(labels) > MOST_LABELS:
        raise ValueError(f"the job has {len(labels)} labels; masks hold {MOST_LABELS}")
    paintings = []
    for answer in once_per_worker(answers, ignored):
        try:
            paintings.append(parse_painting(answer, labels))
        except ValueError as problem:
            ignored.answers.append(f"worker {answer.worker}: {problem}")
    paintings = agree_on_size(paintings, ignored)
    ignored.parts += [reason for painting in paintings for reason in painting.ignored]
    if not paintings:
        return None

    result, tally = vote(paintings)
    colours = [BACKGROUND, *(label_colour(class_id) for class_id in range(len(labels)))]
    names = ["BACKGROUND", *labels]
    confidence, method = tally.confidence, {}
    if quality:
        workers, masks = zip(*[(painting.worker, painting.mask) for painting in paintings], strict=True)
        weighed = quality.mask(workers, masks, labels)
        method = {"method": "votes" if weighed.mask is None else "worker_quality"}
        if weighed.mask is not None:
            result, confidence = weighed.mask, weighed.confidence
    used = sorted({0, *numpy.flatnonzero(numpy.bincount(result.ravel())).tolist()})
    return {
        "mask-ref": write(write_mask(result, colours)),
        "internal-color-map": {
            str(value): {
                "class-name": names[value],
                "hex-color": colours[value],
                "confidence": round(confidence, 4),
            }
            for value in used
        },
        "image_size": image_size_entry(paintings[0].size),
        "consensus": {
            "workers": len(paintings),
            "ignored_answers": len(ignored.answers),
            "ignored_labels": len(ignored.parts),
            "agreement": {
                labels[value - 1]: round(tally.agreement(value), 4)
                for value in range(1, len(names))
                if tally.touched[value]
            },
            **method,
        },
        **adjustment_status([painting.modified for painting in paintings]),
    }


def vote(paintings: Sequence[Painting]) -> tuple[numpy.ndarray, Tally]:
    """The result, of shape (height, width), and how the workers agreed."""
    tally, size = Tally(len(paintings)), paintings[0].size
    result = numpy.empty_like(paintings[0].mask)
    for rows in bands(size):
        votes = numpy.stack([painting.mask[rows].ravel() for painting in paintings])
        result[rows] = tally.count(votes).reshape(-1, size[0])
    return result, tally


def parse_painting(answer: Answer, labels: Sequence[str]) -> Painting:
    """Read one worker's answer. Raises ValueError when none of it can be used."""
    size = image_size(answer.value)
    image, mappings = answer.value["labeledImage"], answer.value.get("labelMappings")
    text = image.get("pngImageData") if isinstance(image, dict) else None
    if not isinstance(text, str):
        raise ValueError("labeledImage has no text named pngImageData")
    if not isinstance(mappings, dict):
        raise ValueError("labelMappings are no object with a colour for each label")
    try:
        png = base64.b64decode(text, validate=True)
    except ValueError as problem:
        raise ValueError(f"pngImageData is not base64: {problem}") from problem
    colours, reasons = read_colours(mappings, labels)
    mask = read_mask(png, size, {colour: labels.index(label) + 1 for label, colour in colours.items()})
    reasons = [f"worker {answer.worker}: {reason}" for reason in reasons]
    return Painting(answer.worker, size, mask, reasons, answer.value.get("initialValueModified"))


def read_colours(mappings: dict, labels: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The colour of each label that can be told by it, and what is wrong with the others."""
    colours, reasons = {}, []
    for label, mapping in mappings.items():
        try:
            colours[label] = read_colour(label, mapping, labels)
        except ValueError as problem:
            reasons.append(f"label {label[:200]!r}: {problem}")
    shared = {colour for colour, times in Counter(colours.values()).items() if times > 1}
    for label in [label for label, colour in colours.items() if colour in shared]:
        reasons.append(f"label {label!r}: {colours.pop(label)} stands for several labels")
    return colours, reasons


def read_colour(label: str, mapping: object, labels: Sequence[str]) -> str:
    """The colour of a label, ``#rrggbb`` in small letters. Raises ValueError when it has none to count on."""
    if label not in labels:
        raise ValueError(f"the label is none of {list(labels)}")
    colour = mapping.get("color") if isinstance(mapping, dict) else None
    if not isinstance(colour, str) or not COLOUR.fullmatch(colour.lower()):
        raise ValueError(f"its colour {str(colour)[:50]} is not like #1f77b4")
    if colour.lower() == BACKGROUND:
        raise ValueError(f"its colour {BACKGROUND} is the background's")
    return colour.lower()
