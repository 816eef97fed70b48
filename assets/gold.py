"""Gold questions: images with a known label among those of a batch, to see how well each worker labels.

Known is a label that was imported, or that two workers or more gave with a confidence of at least
`labeling.gold_confidence` for every object. The known answer travels on the image's line of the manifest,
where the pre-annotation function takes it away, so no worker sees it; and the lines stand among the others.

Which gold questions a batch has is settled when its manifest is first made, as its proposals are: the job is
named by the manifest, and people would be asked twice otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import dagster as dg

from assets.answer_files import answer_uris
from assets.batches import Member
from assets.content import Places, place_of
from assets.imported import is_imported
from assets.records import record_uri
from assets.tables import table
from resources.ground_truth import LabelingJob
from resources.loop import KNOWN, Loop
from resources.names import content_hash
from resources.object_store import ObjectStore
from vision.box_labels import BoxLabels
from vision.gold import Found, answers_of, compare, drawn_boxes
from vision.manifest import LabeledManifest, read_labeled

MOST = 100  # boxes of an image: Ground Truth's limit of 20,000 characters has room for twice that
COLUMNS = {
    "worker": "string",
    "images": "int",
    "found": "int",
    "missed": "int",
    "extra": "int",
    "mean_iou": "float",
    "score": "float",
}


def gold_questions(
    store: ObjectStore, loop: Loop, batch: str, members: Sequence[Member], where: Places
) -> dict[str, dict]:
    """Members that are gold questions of the batch, with the manifest line of each, by URI.

    ``members`` are those of the batch itself. A gold image that is gone is left out.
    """
    settled = _settle(store, loop, batch, members, where)
    placed = ((each, place_of(where, each["line"]["source-ref"], each["etag"])) for each in settled)
    return {
        uri: {"etag": each["etag"], "line": each["line"] | {"source-ref": uri}}
        for each, uri in placed
        if uri is not None
    }


def _settle(
    store: ObjectStore, loop: Loop, batch: str, members: Sequence[Member], where: Places
) -> list[dict]:
    uri = loop.uri(f"batches/{batch}/gold.json")
    try:
        return store.read_json(uri)
    except FileNotFoundError:
        pass
    if not loop.labeling.gold_share or store.exists(record_uri(loop, "labeling_input", batch)):
        return []
    own = {member["etag"] for member in members}
    known = [each for each in known_labels(store, loop) if each["etag"] in where and each["etag"] not in own]
    chosen = choose(batch, known, wanted(len(members), loop.labeling.gold_share))
    if chosen:
        store.write_json(uri, chosen)
    return chosen


def wanted(images: int, share: float) -> int:
    return max(1, round(images * share))


def choose(batch: str, known: Iterable[dict], number: int) -> list[dict]:
    return sorted(known, key=lambda each: content_hash([batch, each["etag"]]))[:number]


def known_labels(store: ObjectStore, loop: Loop) -> list[dict]:
    """ETag and manifest line of each image whose label, in the loop's `labels`, can be trusted."""
    try:
        record = store.read_json(record_uri(loop, "labels"))
    except FileNotFoundError:
        return []
    history = store.read_json(record["history"])
    origins = {uri: versions[-1] for uri, versions in history.items() if uri in record["etags"]}
    several = _answered_by_several(store, loop, {origin["batch"] for origin in origins.values()})
    images = read_labeled(store.read(record["manifest"]), loop.kept_attribute, loop.labels).images
    known = []
    for image in images:
        origin = origins[image.uri]
        agreed = (origin["batch"], origin["image"]) in several and _is_sure(image.scores, loop)
        if len(image.boxes) <= MOST and (is_imported(origin["batch"]) or agreed):
            bare = replace(image, boxes=tuple(replace(box, score=None) for box in image.boxes))
            line = BoxLabels().write(bare, KNOWN, loop.labels)
            known.append({"etag": record["etags"][image.uri], "line": line})
    return known


def _is_sure(scores: Sequence[float], loop: Loop) -> bool:
    """Not of an image without an object: it has no confidence."""
    return bool(scores) and min(scores) >= loop.labeling.gold_confidence


def _answered_by_several(store: ObjectStore, loop: Loop, batches: set[str]) -> set[tuple[str, str]]:
    """Batch and URI of images that two workers or more answered."""
    names = sorted(batch for batch in batches if not is_imported(batch))
    records = [store.read_json(record_uri(loop, "labeled_manifest", batch)) for batch in names]
    return {
        (batch, uri)
        for batch, record in zip(names, records, strict=True)
        for uri in record.get("answered_by_several", ())
    }


def among(batch: str, lines: Sequence[dict], gold: Mapping[str, dict]) -> list[dict]:
    """The lines of a manifest with the gold questions at places that tell nothing."""
    mixed = list(lines)
    for each in gold.values():
        place = int(content_hash([each["etag"], batch]), 16) % (len(mixed) + 1)
        mixed.insert(place, each["line"])
    return mixed


def without(manifest: LabeledManifest, gold: Iterable[str]) -> LabeledManifest:
    """What came back for the batch's own images; ``gold`` are URIs."""
    known = set(gold)
    return LabeledManifest(
        [image for image in manifest.images if image.uri not in known],
        [failure for failure in manifest.failures if failure.uri not in known],
        [uri for uri in manifest.unlabeled if uri not in known],
        [problem for problem in manifest.problems if problem.source not in known],
    )


def worker_scores(
    store: ObjectStore, loop: Loop, job: LabelingJob, lines: Mapping[str, dict]
) -> dict[str, Found]:
    """How well each worker did on the gold questions, by the worker's id.

    ``lines`` are those of the job's input manifest by image, in its order.
    """
    files = answer_uris(store, job, list(lines))
    known = {uri: line for uri, line in lines.items() if KNOWN in line}
    names = [(uri, file) for uri in known for file in files.get(uri, ())]
    bodies = store.read_all(file for _, file in names)
    scores: dict[str, Found] = {}
    for (uri, _), body in zip(names, bodies, strict=True):
        boxes = BoxLabels().read(known[uri], KNOWN, loop.labels).boxes
        for worker, content in answers_of(body).items():
            drawn = drawn_boxes(content)
            if drawn is not None:
                scores[worker] = scores.get(worker, Found()) + compare(boxes, drawn)
    return scores


def gold_metadata(
    store: ObjectStore,
    loop: Loop,
    job: LabelingJob | None,
    lines: Mapping[str, dict],
    gold: Sequence[str],
) -> dict[str, Any]:
    """Empty for a batch without gold questions; the best worker first."""
    if job is None or not gold:
        return {}
    scores = worker_scores(store, loop, job, lines)
    ranked = sorted(scores.items(), key=lambda each: (-each[1].score, each[0]))
    return {"gold_images": len(gold), "workers_on_gold": score_table(ranked)}


def score_table(scores: Iterable[tuple[str, Found]]) -> dg.MetadataValue:
    rows = (
        {
            "worker": worker,
            "images": each.images,
            "found": each.found,
            "missed": each.missed,
            "extra": each.extra,
            "mean_iou": round(each.mean_iou or 0.0, 3),
            "score": round(each.score, 3),
        }
        for worker, each in scores
    )
    return table(COLUMNS, rows)
