"""What is asked of the sides: that none is empty or lacks a label, and that no side sees another's images."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.tables import table
from vision.likeness import alike_across
from vision.manifest import ImageLabel
from vision.splits import strata

SHOWN = 20
Sides = Mapping[str, Sequence[ImageLabel]]


def side_checks(side: str) -> list[dg.AssetCheckSpec]:
    asset = f"{side}_split"
    specs = [
        dg.AssetCheckSpec(
            f"{side}_has_images",
            asset=asset,
            blocking=True,
            description="With few labeled images a side can be empty: label more, or change "
            "splits.fractions.",
        ),
        dg.AssetCheckSpec(
            f"{side}_has_every_label",
            asset=asset,
            description="Warns of labels without an object on this side; see `labels_per_side`.",
        ),
    ]
    if side == "test":
        specs += [
            dg.AssetCheckSpec(
                "no_image_on_two_sides",
                asset=asset,
                blocking=True,
                description="No bytes are on test and on another side: the evaluation would be of no worth.",
            ),
            dg.AssetCheckSpec(
                "no_look_alikes_on_two_sides",
                asset=asset,
                description="Warns of images that look alike on different sides. A splits.group_pattern that "
                "does not keep them together can be the reason, or an image that is like two older groups.",
            ),
        ]
    return specs


def check_side(
    side: str,
    sides: Sides,
    labels: Sequence[str],
    etags: Mapping[str, str],
    fingerprints: Mapping[str, str],
) -> list[dict[str, Any]]:
    """What AssetCheckResult takes, but for the key of the asset.

    ``etags`` are those of the images by URI, ``fingerprints`` by ETag those of the images that have one.
    """
    images = sides[side]
    found = {name for image in images for name in image.names}
    missing = [label for label in labels if label not in found]
    results = [
        {"check_name": f"{side}_has_images", "passed": bool(images)},
        _result(f"{side}_has_every_label", missing, dg.AssetCheckSeverity.WARN),
    ]
    if side == "test":
        elsewhere = {etags[image.uri] for other in sides if other != side for image in sides[other]}
        twice = [image.uri for image in images if etags[image.uri] in elsewhere]
        alike = look_alikes(sides, etags, fingerprints)
        results += [
            _result("no_image_on_two_sides", twice, dg.AssetCheckSeverity.ERROR),
            _result("no_look_alikes_on_two_sides", alike, dg.AssetCheckSeverity.WARN),
        ]
    return results


def look_alikes(sides: Sides, etags: Mapping[str, str], fingerprints: Mapping[str, str]) -> list[str]:
    pictures = {
        side: {
            image.uri: fingerprint
            for image in images
            if (fingerprint := fingerprints.get(etags[image.uri])) is not None
        }
        for side, images in sides.items()
    }
    return [f"{one} and {other}: {apart} bits apart" for apart, one, other in alike_across(pictures)]


def labels_per_side(sides: Sides, labels: Sequence[str]) -> dg.MetadataValue:
    """The stratum report: how many objects of each label every side has."""
    columns = {"label": "string", **dict.fromkeys(sides, "int")}
    return table(columns, strata({side: [image.names for image in sides[side]] for side in sides}, labels))


def _result(name: str, examples: list[str], severity: dg.AssetCheckSeverity) -> dict[str, Any]:
    metadata = {"found": len(examples), "examples": examples[:SHOWN]}
    return {"check_name": name, "passed": not examples, "severity": severity, "metadata": metadata}
