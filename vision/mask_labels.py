"""Labels that are masks: a palette PNG in S3 and a map of what its pixels mean.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html#sms-output-segmentation
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from vision.box_labels import read_image_size
from vision.palette import label_colour
from vision.provenance import (
    Provenance,
    is_confidence,
    known_label,
    read_parts,
    read_provenance,
    write_provenance,
)

BACKGROUND = "BACKGROUND"
BACKGROUND_COLOUR = "#ffffff"
HEX_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class LabeledMask(Provenance):
    """An image and where the mask of its pixels lies.

    Pixel 0 of the mask is the background, ``i + 1`` the i-th label of the loop. ``names`` are the labels that
    occur, ``size`` (width, height) that of the image, where the label tells it: only the labels of custom
    jobs do. ``confidence`` is one number for the whole image. The rest is that of every label.
    """

    uri: str
    mask_uri: str
    names: tuple[str, ...]
    confidence: float | None = None
    size: tuple[int, int] | None = None

    @property
    def scores(self) -> tuple[float, ...]:
        return () if self.confidence is None else (self.confidence,)


class MaskLabels:
    noun = "regions"

    def read(self, line: dict, attribute: str, labels: Sequence[str]) -> LabeledMask:
        """Built-in jobs and training manifests name the PNG in the attribute and map its pixels in the
        metadata; our custom jobs keep both in the label (``mask-ref`` and ``internal-color-map``).

        Pixel values that stand for another label than in the loop's order are refused: a mask cannot be
        read by name, as boxes are. Raises ValueError.
        """
        label, metadata = read_parts(line, attribute)
        size = None
        if isinstance(label, dict):
            width, height, _ = read_image_size(label)
            uri, colour_map, size = label.get("mask-ref"), label.get("internal-color-map"), (width, height)
        else:
            uri, colour_map = label, metadata.get("internal-color-map")
        if not (isinstance(uri, str) and uri.startswith("s3://") and all(uri[5:].partition("/")[::2])):
            raise ValueError(f"the mask must be an S3 URI of a PNG, not {json.dumps(uri)[:200]}")
        names, confidence = _read_colour_map(colour_map, labels)
        provenance = read_provenance(metadata, label)
        return LabeledMask(line["source-ref"], uri, names, confidence, size, line=line, **provenance)

    def write(self, mask: LabeledMask, attribute: str, labels: Sequence[str]) -> dict:
        """The line that the built-in semantic segmentation algorithm reads. Raises ValueError.

        https://docs.aws.amazon.com/sagemaker/latest/dg/semantic-segmentation.html
        """
        if not attribute.endswith("-ref"):
            raise ValueError(f"{attribute}: the attribute of masks must end with -ref")
        confidence = {} if mask.confidence is None else {"confidence": mask.confidence}
        colour_map = {"0": {"class-name": BACKGROUND, "hex-color": BACKGROUND_COLOUR} | confidence}
        for number, label in enumerate(labels):
            if label in mask.names:
                colour = {"class-name": label, "hex-color": label_colour(number)}
                colour_map[str(number + 1)] = colour | confidence
        if unknown := sorted(set(mask.names) - set(labels)):
            raise ValueError(f"{mask.uri}: labels {unknown} are none of {list(labels)}")
        return {
            "source-ref": mask.uri,
            attribute: mask.mask_uri,
            f"{attribute}-metadata": {"internal-color-map": colour_map}
            | write_provenance(mask, "groundtruth/semantic-segmentation"),
        }


def _read_colour_map(colour_map: object, labels: Sequence[str]) -> tuple[tuple[str, ...], float | None]:
    """The labels that occur, in the loop's order, and the one confidence of the image."""
    if not isinstance(colour_map, dict) or not colour_map:
        raise ValueError(f"internal-color-map must map pixel values, not {json.dumps(colour_map)[:200]}")
    names: dict[int, str] = {}
    confidences = set()
    for key, entry in colour_map.items():
        try:
            pixel, name, colour = int(key), entry["class-name"], entry["hex-color"]
            confidence = entry.get("confidence")
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            text = json.dumps(entry)[:200]
            raise ValueError(
                f"pixel {key!r} of the internal-color-map: {text} needs class-name and hex-color"
            ) from problem
        if not isinstance(colour, str) or not HEX_COLOUR.fullmatch(colour):
            raise ValueError(f"pixel {key} has the colour {colour!r} and not one like #2ca02c")
        if confidence is not None and not is_confidence(confidence):
            raise ValueError(f"pixel {key} has the confidence {confidence!r} and not a number from 0 to 1")
        confidences.add(confidence)
        if pixel == 0:
            if name != BACKGROUND:
                raise ValueError(f"pixel 0 is {name!r} and not {BACKGROUND}")
            continue
        meant = labels[pixel - 1] if 0 < pixel <= len(labels) else None
        if known_label(name, labels) != meant:
            raise ValueError(
                f"pixel {pixel} is {name!r}, but the loop's labels {list(labels)} make it {meant!r}: "
                "their order must not change"
            )
        names[pixel] = name
    confidence = min((each for each in confidences if each is not None), default=None)
    return tuple(name for _, name in sorted(names.items())), confidence
