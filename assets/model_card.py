"""The model's card in the bucket: begun when the model is trained, completed when it is evaluated."""

import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.labels import read_accepted
from assets.measuring import Found, Measuring
from resources.loop import Loop
from resources.names import content_hash
from resources.object_store import ObjectStore
from vision.measures import Measures, names
from vision.model_card import Card, as_markdown, describe_measures, describe_split

FACTS = "model.json"  # in the artifact, by the training program


def begin_card(
    store: ObjectStore,
    loop: Loop,
    record: Mapping[str, Any],
    job: Mapping[str, Any],
    inputs: Mapping[str, Any],
    began_with: str,
    splits: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Write what is known after the training; ``record`` is that of `trained_model`, ``splits`` those of
    train and validation. Returns metadata.
    """
    card = {
        "model": record["model"],
        "loop": loop.name,
        "task": loop.task,
        "data": {
            side: describe_split(read_accepted(store, loop, split), loop.labels, split["sha256"][:12])
            for side, split in splits.items()
        },
        "training": describe_training(job, inputs, read_facts(store, record["model_uri"]), began_with),
        "evaluation": None,
    }
    return write_card(store, loop, record["model"], card)


def complete_card(
    store: ObjectStore,
    loop: Loop,
    model: str,
    split: Mapping[str, Any],
    test: Measuring,
    found: Found,
    result: Measures,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Add the ``result`` of the evaluation on ``test``, whose record is ``split``.

    Returns metadata, and notes for the model registry.
    """
    try:
        card = store.read_json(card_uri(loop, model))
    except FileNotFoundError:  # the model is older than its card
        card = {"model": model, "loop": loop.name, "task": loop.task, "data": None, "training": None}
    version, called = split["sha256"][:12], names(result)
    tested = describe_split(test.truth.values(), loop.labels, version)
    measures = describe_measures(
        {called.main: result.main, called.second: result.second},
        called.label,
        {label: result.of_label(label)[0] for label in result.per_class},
        test.intervals(found, result),
        loop.gate.confidence,
    )
    card |= {"data": (card["data"] or {}) | {"test": tested}, "evaluation": measures}
    shown = write_card(store, loop, f"{model}-{version}", card)
    training = card["training"] or {}
    notes = {"model_card": shown["model_card_uri"]}
    if training.get("inputs_sha256"):
        notes["inputs_sha256"] = training["inputs_sha256"]
    if training.get("score_threshold") is not None:
        notes["score_threshold"] = f"{training['score_threshold']:.4f}"
    return shown, notes


def describe_training(
    job: Mapping[str, Any], inputs: Mapping[str, Any], facts: Mapping[str, Any], began_with: str
) -> dict[str, Any]:
    """Of DescribeTrainingJob's answer and the artifact's ``facts``; None for what neither says."""
    resources = job["ResourceConfig"]
    metrics = {each["MetricName"]: float(each["Value"]) for each in job.get("FinalMetricDataList", ())}
    threshold = facts.get("threshold", {})
    return {
        "training_job": job["TrainingJobName"],
        "inputs_sha256": content_hash(inputs),
        "detector_sha256": inputs["source"],
        "container": inputs["image"],
        "libraries": facts.get("libraries"),
        "backbone": facts.get("backbone"),
        "instances": f"{resources['InstanceCount']} x {resources['InstanceType']}",
        "seconds": job.get("TrainingTimeInSeconds"),
        "hyperparameters": dict(inputs["hyperparameters"]) or "the program's defaults",
        "began_with": began_with,
        "metrics": metrics or None,
        "score_threshold": threshold.get("score"),
        "score_threshold_of_labels": {
            label: each["score"] for label, each in threshold.get("classes", {}).items()
        }
        or None,
        "calibration": calibration_in_words(facts.get("calibration")),
    }


def calibration_in_words(line: Mapping[str, Any] | None) -> str | None:
    if not line:
        return None
    points = zip(line["scores"], line["precision"], strict=True)
    return "; ".join(f"score {score:.2f}: {precision:.0%} right" for score, precision in points)


def read_facts(store: ObjectStore, artifact: str) -> dict[str, Any]:
    """The artifact's model.json; empty where it, or the artifact, is not there."""
    try:
        body = store.read(artifact)
    except FileNotFoundError:
        return {}
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        for member in archive:
            if member.isfile() and member.name.removeprefix("./") == FACTS:
                return json.loads(archive.extractfile(member).read())
    return {}


def card_uri(loop: Loop, name: str) -> str:
    return loop.uri(f"model_cards/{name}/model_card.json")


def write_card(store: ObjectStore, loop: Loop, name: str, card: Card) -> dict[str, Any]:
    text, uri = as_markdown(card), card_uri(loop, name)
    store.update_json(uri, card)
    store.update(uri.replace(".json", ".md"), text.encode(), "text/markdown; charset=utf-8")
    return {"model_card": dg.MetadataValue.md(text), "model_card_uri": uri}
