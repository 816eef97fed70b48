"""The evaluations of a loop, kept beside its records: how its models came to be as good as they are."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.gate import AgainstLive
from assets.tables import table
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.evaluation import Evaluation, evaluate
from vision.manifest import LabeledImage
from vision.over_time import (
    Beside,
    Measured,
    ap_50,
    change,
    commonest,
    curves_beside,
    over_time_picture,
)

MOST = 10  # evaluations that are shown


def remember(store: ObjectStore, loop: Loop, measured: Measured) -> list[Measured]:
    """The last evaluations, the oldest first and ``measured`` at the end.

    A file for each pair of model and test split, in the order in which they were first written: to evaluate
    once more what nothing changed in adds none.
    """
    folder = loop.uri("evaluation_history/")
    uri = f"{folder}{measured.model}-{measured.test[:12]}.json"
    stored = sorted(store.list(folder), key=lambda found: (found.modified, found.key))
    kept = [found.uri for found in stored if found.uri != uri][-(MOST - 1) :]
    past = [Measured.from_dict(json.loads(body)) for body in store.read_all(kept)]
    if not any(found.uri == uri for found in stored) or Measured.from_dict(store.read_json(uri)) != measured:
        store.write_json(uri, measured.as_dict())
    return [*past, measured]


def what_to_show_beside(
    truth: Mapping[str, LabeledImage],
    compared: AgainstLive,
    past: Sequence[Measured],
) -> Beside | None:
    """The live model on the same images; where none other is live, the evaluation before. ``past`` ends with
    the new one.
    """
    new = past[-1]
    if compared.live_boxes is not None:
        labels = list(new.result.per_class)
        boxes = {  # a label that is no more is in no truth
            uri: [box for box in found if box.label in labels] for uri, found in compared.live_boxes.items()
        }
        return Beside(f"the live model {compared.live}, on the same images", evaluate(truth, boxes, labels))
    if len(past) < 2:
        return None
    before = past[-2]
    images = "the same images" if before.test == new.test else f"another test split ({before.test[:12]})"
    return Beside(f"the evaluation before: {before.model}, on {images}", before.result)


def history_metadata(past: Sequence[Measured], beside: Beside | None) -> dict[str, Any]:
    """Numbers per label, which Dagster plots, and pictures and tables that tell what changed."""
    result = past[-1].result
    shown = {
        **label_numbers(result),
        "per_label": per_label(result, beside.result if beside else None),
        "compared_with": beside.title if beside else "nothing: it is the first evaluation",
        "over_time": dg.MetadataValue.md(over_time_picture(past)),
        "evaluations": evaluations_table(past),
    }
    if beside:
        shown["curves_beside"] = dg.MetadataValue.md(curves_beside(result, beside.result))
    return shown


def label_numbers(result: Evaluation) -> dict[str, float]:
    """``ap50_<label>`` of each label in the truth. Names that are alike get a number."""
    numbers: dict[str, float] = {}
    for label, values in result.per_class.items():
        if values["ap_50"] is not None:
            name = "ap50_" + re.sub(r"\W+", "_", label.lower()).strip("_")
            alike = sum(known == name or known.startswith(f"{name}__") for known in numbers)
            numbers[f"{name}__{alike + 1}" if alike else name] = round(values["ap_50"], 4)
    return numbers


def per_label(result: Evaluation, old: Evaluation | None) -> dg.MetadataValue:
    columns = {"label": "string", "AP50": "float", "before": "float", "change": "float", "AP50-95": "float"}
    return table(
        columns | {"boxes": "int", "predicted": "int"},
        (
            {
                "label": label,
                "AP50": rounded(values["ap_50"]),
                "before": rounded(before := ap_50(old, label) if old else None),
                "change": rounded(change(values["ap_50"], before)),
                "AP50-95": rounded(values["ap_50_95"]),
                "boxes": values["truths"],
                "predicted": values["predictions"],
            }
            for label, values in result.per_class.items()
        ),
    )


def evaluations_table(past: Sequence[Measured]) -> dg.MetadataValue:
    """The last evaluations, the newest first, with the AP50 of the commonest labels."""
    labels = commonest(past[-1].result)
    columns = {"model": "string", "test split": "string", "images": "int", "mAP50": "float"}
    columns |= {"mAP50-95": "float", **{f"AP50 {label}": "float" for label in labels}}
    return table(
        columns,
        (
            {
                "model": each.model,
                "test split": each.test[:12],
                "images": each.result.images,
                "mAP50": rounded(each.result.map_50),
                "mAP50-95": rounded(each.result.map_50_95),
                **{f"AP50 {label}": rounded(ap_50(each.result, label)) for label in labels},
            }
            for each in reversed(past)
        ),
    )


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
