"""An explanation in words: the steps of its chain, for a terminal, a table or a script."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.explanation import Explanation, explain
from assets.imported import IMPORTED
from assets.tables import table
from resources.aws import Aws
from resources.loop import Loop
from resources.object_store import ObjectStore
from resources.served_model import served_model
from vision.likeness import BITS
from vision.nearest import Nearest
from vision.seen import Seen

Step = tuple[str, str]  # what it is, and which one
KINDS = {"pre_annotation": "pre-annotation", "consolidation": "consolidation"}


def steps(explanation: Explanation) -> list[Step]:
    """From the prediction back to the answers, one short line each; the answer files come last."""
    served, nearest = explanation.served, explanation.nearest
    ended = f", ended {served.ended:%Y-%m-%d %H:%M}" if served.ended else ""
    return [
        ("image", explanation.image),
        ("prediction", explanation.seen.told()),
        ("endpoint", f"{served.endpoint}, {served.status}"),
        ("configuration", served.config),
        ("model", served.model),
        ("artifact", served.artifact),
        ("training job", served.training_job + ended),
        *((f"{name} split", uri) for name, uri in served.channels.items()),
        ("nearest label", nearest.image.uri),
        ("chosen as", why(explanation)),
        (f"its {explanation.seen.noun}", explanation.seen.told_label(nearest.image)),
        *origin_steps(explanation),
    ]


def why(explanation: Explanation) -> str:
    nearest = explanation.nearest
    if nearest.same_bytes:
        return "the very bytes of this image were trained on"
    label = explanation.seen.label
    if label is None:
        group = f"{nearest.among} images that were trained on, as nothing is predicted"
    elif label in nearest.image.names:
        group = f"{nearest.among} images with {label} that were trained on"
    else:
        group = f"{nearest.among} images that were trained on, none of which has {label}"
    return f"of {group}, {likeness(nearest)}"


def likeness(nearest: Nearest) -> str:
    if nearest.apart is None:
        alike = "its look cannot be compared: one of the two is too plain"
    else:
        alike = f"it looks most alike: {nearest.apart} of {BITS} bits differ"
    return alike if nearest.overlap is None else f"{alike}; its box overlaps by {nearest.overlap:.2f}"


def origin_steps(explanation: Explanation) -> Iterator[Step]:
    origin = explanation.origin
    if origin is None:
        yield "labeled by", "the history of labels does not tell: materialize labels once more"
        yield from image_steps(explanation)
        return
    yield "batch", origin["batch"]
    imported = str(origin["job"]).startswith(f"{IMPORTED}/")
    yield "labeled by", f"{origin['job']}, {origin['created']}"
    for kind, function in (origin.get("functions") or {}).items():
        yield KINDS.get(kind, kind), f"{function['arn']}, {code(function['sha256'])}"
    yield from image_steps(explanation)
    if imported:
        yield "answers", "none: it was imported with its label, no worker answered"
    elif "answers" not in origin:
        batch = origin["batch"]
        yield (
            "answers",
            f"not noted when the batch was collected: materialize labeled_manifest[{batch}], labels",
        )
    elif not origin["answers"]:
        yield "answers", f"none: {origin['job']} has no answer about this image"
    for uri in explanation.answers:
        yield "answers", uri + (" (deleted since)" if uri in explanation.answers_gone else "")


def image_steps(explanation: Explanation) -> Iterator[Step]:
    gone = "gone: deleted, or with other bytes by now"
    yield "labeled image", explanation.image_now or gone


def code(versions: list[str]) -> str:
    if len(versions) == 1:
        return f"code {versions[0][:12]}"
    changed = ", then ".join(version[:12] for version in versions)
    return f"its code was changed while the job was at work: {changed}"


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The same for scripts; boxes and regions in pixels of their image, versions and URIs in full."""
    served, nearest = explanation.served, explanation.nearest
    return {
        "image": explanation.image,
        "prediction": explanation.seen.as_json(),
        "endpoint": {"name": served.endpoint, "status": served.status, "config": served.config},
        "model": {"name": served.model, "artifact": served.artifact, "labels": served.labels},
        "training_job": {
            "name": served.training_job,
            "ended": served.ended and served.ended.isoformat(),
            "channels": served.channels,
        },
        "nearest_label": {
            "image": nearest.image.uri,
            "image_now": explanation.image_now,
            "why": why(explanation),
            "same_bytes": nearest.same_bytes,
            "bits_apart": nearest.apart,
            "overlap": nearest.overlap,
            **explanation.seen.label_as_json(nearest.image),
        },
        "origin": explanation.origin,
        "answers": explanation.answers,
        "answers_gone": explanation.answers_gone,
    }


def explained_sample(
    store: ObjectStore, loop: Loop, aws: Aws, uri: str, image: bytes, seen: Seen
) -> dg.MetadataValue:
    """The chain of one prediction as a table. An endpoint that cannot be explained serves all the same."""
    try:
        told = steps(explain(store, loop, served_model(aws, loop.endpoint_name), uri, image, seen))
    except dg.Failure as problem:
        told = [("not explained", problem.description or str(problem))]
    return table({"step": "string", "what": "string"}, ({"step": name, "what": text} for name, text in told))
