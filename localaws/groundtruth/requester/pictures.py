"""A consolidated object as the page draws it: its picture and what is drawn over it.

Functions of one's own may put anything into a label. What has the form of boxes, a mask or a class is drawn;
what has not is named in ``problem``.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

MOST_BOXES = 1000
MOST_COLORS = 100
MOST_COMMENTS = 20
LONGEST_TEXT = 300
BACKGROUND = "BACKGROUND"
HEX_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


class Pictures:
    """``address(uri)`` is where the portal shows an image of S3; ``folder`` is where the job's masks lie."""

    def __init__(self, attribute: str, labels: Sequence[str], folder: str, address: Callable[[str], str]):
        self.attribute = attribute
        self.labels = labels
        self.folder = folder
        self.address = address

    def describe(self, number: int, line: str, outcome: str, width: int, height: int) -> dict[str, Any]:
        """``boxes`` in pixels of the stored image, ``mask`` (a palette PNG of the same size), ``class``: what
        there is; the others are None."""
        source = json.loads(line).get("source-ref")
        gained = json.loads(outcome)
        label, metadata = gained.get(self.attribute), gained.get(f"{self.attribute}-metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        about = metadata | label if isinstance(label, dict) else metadata
        described: dict[str, Any] = {
            "number": number,
            "source": _text(source),
            "image": self.address(source) if isinstance(source, str) else None,
            "width": width,
            "height": height,
            "boxes": None,
            "mask": None,
            "class": None,
            "comments": _comments(about),
            "problem": None,
        }
        if isinstance(about.get("annotations"), list):
            described |= self._boxes(about)
        elif isinstance(about.get("internal-color-map"), dict):
            described |= self._mask(label, about)
        elif isinstance(about.get("class-name"), str):
            described["class"] = {
                "label": _text(about["class-name"]),
                "confidence": _share(about.get("confidence")),
            }
        else:
            described["problem"] = "This label has no boxes, mask or class that could be drawn."
        return described

    def _boxes(self, about: dict) -> dict[str, Any]:
        annotations = about["annotations"]
        objects = about.get("objects")
        if not isinstance(objects, list) or len(objects) != len(annotations):
            objects = [None] * len(annotations)
        pairs = list(zip(annotations, objects, strict=True))[:MOST_BOXES]
        drawn = [box for box in (self._box(*pair, about.get("class-map")) for pair in pairs) if box]
        left_out = len(annotations) - len(drawn)
        problem = f"{left_out} of {len(annotations)} boxes cannot be drawn." if left_out else None
        return {"boxes": drawn, "problem": problem}

    def _box(self, annotation: Any, rated: Any, class_map: Any) -> dict[str, Any] | None:
        if not isinstance(annotation, dict):
            return None
        sides = {side: annotation.get(side) for side in ("left", "top", "width", "height")}
        class_id = annotation.get("class_id")
        if type(class_id) is not int or not all(_is_number(side) for side in sides.values()):
            return None
        name = class_map.get(str(class_id)) if isinstance(class_map, dict) else None
        if name is None and 0 <= class_id < len(self.labels):
            name = self.labels[class_id]
        confidence = _share(rated.get("confidence")) if isinstance(rated, dict) else None
        return sides | {"class_id": class_id, "label": _text(name), "confidence": confidence}

    def _mask(self, label: Any, about: dict) -> dict[str, Any]:
        uri = label if isinstance(label, str) else about.get("mask-ref")
        if not isinstance(uri, str) or not uri.startswith(self.folder):
            return {"problem": "The mask is not in the output folder of its job, so it is not shown."}
        colors = [
            {
                "label": _text(entry.get("class-name")),
                "color": entry["hex-color"],
                "confidence": _share(entry.get("confidence")),
            }
            for entry in list(about["internal-color-map"].values())[:MOST_COLORS]
            if isinstance(entry, dict)
            and entry.get("class-name") != BACKGROUND
            and HEX_COLOR.fullmatch(str(entry.get("hex-color")))
        ]
        return {"mask": {"image": self.address(uri), "colors": colors}}


def _comments(about: dict) -> list[str]:
    """What workers wrote about a label that they verified."""
    feedback = about.get("worker-feedback")
    entries = feedback if isinstance(feedback, list) else []
    comments = [entry.get("comment") for entry in entries if isinstance(entry, dict)]
    return [_text(comment) for comment in comments if isinstance(comment, str)][:MOST_COMMENTS]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) < 1e6


def _share(value: Any) -> float | None:
    return float(value) if _is_number(value) and 0 <= value <= 1 else None
