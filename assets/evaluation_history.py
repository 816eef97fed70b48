"""The evaluations of a loop, kept beside its records: how its models came to be as good as they are."""

import json
import re
from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets.gate import AgainstLive
from assets.tables import table
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.evaluation import Evaluation
from vision.measures import Measures, names
from vision.over_time import (
    Beside,
    Measured,
    change,
    commonest,
    curves_beside,
    of_label,
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


def what_to_show_beside(compared: AgainstLive, past: Sequence[Measured]) -> Beside | None:
    """The live model on the same images; where none other is live, the evaluation before. ``past`` ends with
    the new one.
    """
    if compared.live_result is not None:
        return Beside(f"the live model {compared.live}, on the same images", compared.live_result)
    if len(past) < 2:
        return None
    before, new = past[-2:]
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
    if beside and isinstance(result, Evaluation):  # masks have no scores, and so no curves
        shown["curves_beside"] = dg.MetadataValue.md(curves_beside(result, beside.result))
    return shown


def label_numbers(result: Measures) -> dict[str, float]:
    """``ap50_<label>`` or ``iou_<label>`` of each label that has one. Names that are alike get a number."""
    numbers: dict[str, float] = {}
    for label in result.per_class:
        value, _ = result.of_label(label)
        if value is not None:
            plain = re.sub(r"\W+", "_", label.lower()).strip("_")
            name = f"{names(result).label.lower()}_{plain}"
            alike = sum(known == name or known.startswith(f"{name}__") for known in numbers)
            numbers[f"{name}__{alike + 1}" if alike else name] = round(value, 4)
    return numbers


def per_label(result: Measures, old: Measures | None) -> dg.MetadataValue:
    named = names(result)
    columns = {"label": "string", named.label: "float", "before": "float", "change": "float"}
    return table(
        columns | {named.label_second: "float", named.counted: "int", "predicted": "int"},
        (
            {
                "label": label,
                named.label: rounded(value := of_label(result, label)),
                "before": rounded(before := of_label(old, label) if old else None),
                "change": rounded(change(value, before)),
                named.label_second: rounded(result.of_label(label)[1]),
                named.counted: values["truths"],
                "predicted": values["predictions"],
            }
            for label, values in result.per_class.items()
        ),
    )


def evaluations_table(past: Sequence[Measured]) -> dg.MetadataValue:
    """The last evaluations, the newest first, with the values of the commonest labels."""
    labels, named = commonest(past[-1].result), names(past[-1].result)
    columns = {"model": "string", "test split": "string", "images": "int", named.main: "float"}
    columns |= {named.second: "float", **{f"{named.label} {label}": "float" for label in labels}}
    return table(
        columns,
        (
            {
                "model": each.model,
                "test split": each.test[:12],
                "images": each.result.images,
                named.main: rounded(each.result.main),
                named.second: rounded(each.result.second),
                **{f"{named.label} {label}": rounded(of_label(each.result, label)) for label in labels},
            }
            for each in reversed(past)
        ),
    )


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
