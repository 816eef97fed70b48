"""What the live model sees in a batch, for the workers to start from.

The boxes travel as an earlier label on the lines of the batch's manifest, and the job is an adjustment of
them: they are never labels of the loop, which lie under its own attribute and are what people handed in.

Whether a batch goes out with proposals, and with whose, is settled when its manifest is first made. After
that another live model changes nothing: the job is named by the manifest, and people would be asked twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import dagster as dg

from assets.batches import Member
from assets.costs import Costs
from assets.live_model import live_model
from assets.predicted_boxes import predict_boxes
from assets.records import record_uri
from assets.task_template import task_template
from resources.loop import PROPOSALS, Loop, Review
from resources.object_store import ObjectStore
from resources.sagemaker_jobs import TransformJobs
from vision.box_labels import BoxLabels, LabeledImage
from vision.boxes import Box
from vision.manifest import ImageLabel
from vision.predictions import boxes_as_rows, boxes_from_rows
from vision.proposals import Changes, changes

MOST = 100  # boxes of an image, the surest: Ground Truth's limit of 20,000 characters has room for twice that


@dataclass(frozen=True)
class Proposals:
    model: str
    job: str  # the transform job that asked it
    boxes: dict[str, list[Box]]  # by ETag: an image may get another name before its line is written


def propose(
    store: ObjectStore,
    loop: Loop,
    transform_jobs: TransformJobs,
    batch: str,
    members: Sequence[Member],
    images: Iterable[Mapping[str, Any]],
    costs: Costs,
) -> Proposals | None:
    """The proposals for a batch; None if it goes out, or went out, without.

    ``images`` are the rows of `raw_images`, among them those of the members. Raises dg.Failure.
    """
    uri = loop.uri(f"batches/{batch}/proposals.json")
    try:
        kept = store.read_json(uri)
        return Proposals(kept["model"], kept["transform_job"], boxes_from_rows(kept["boxes"]))
    except FileNotFoundError:
        pass
    if not loop.labeling.proposals or store.exists(record_uri(loop, "labeling_input", batch)):
        return None
    live = live_model(store, loop)
    if live is None:
        return None
    require_shown(loop)
    etags = {member["uri"]: member["etag"] for member in members}
    sizes = {row["uri"]: (row["width"], row["height"]) for row in images if row["uri"] in etags}
    job, found = predict_boxes(store, loop, transform_jobs, live, sizes, etags, costs.log, costs)
    rows = boxes_as_rows({etags[image]: worth_showing(loop, boxes) for image, boxes in found.items()})
    store.write_json(uri, {"model": live["model"], "transform_job": job, "boxes": rows})
    return Proposals(live["model"], job, boxes_from_rows(rows))


def require_shown(loop: Loop) -> None:
    if "initialValue" not in task_template(loop) and loop.labeling.template:
        raise dg.Failure(
            f"labeling.proposals: {loop.labeling.template} does not show them. Its crowd-bounding-box needs "
            'initial-value="{{ task.input.initialValue | to_json | escape }}".',
            allow_retries=False,
        )


def worth_showing(loop: Loop, boxes: Sequence[Box]) -> list[Box]:
    """``boxes`` are sorted, the surest first. A model may know labels that the loop has given up."""
    return [box for box in boxes if box.score >= loop.score_floor and box.label in loop.labels][:MOST]


def proposed_lines(
    loop: Loop, proposals: Proposals, members: Iterable[Member], images: Iterable[Mapping[str, Any]]
) -> dict[str, dict]:
    """The manifest line of each member, by URI. One in which the model sees nothing has an empty label."""
    sizes = {row["uri"]: (row["width"], row["height"]) for row in images}
    source = {"job-name": f"transform-job/{proposals.job}", "model-name": proposals.model}
    lines = {}
    for member in members:
        boxes = worth_showing(loop, proposals.boxes.get(member["etag"], []))
        seen = LabeledImage(member["uri"], *sizes[member["uri"]], 3, tuple(boxes), human=False)
        line = BoxLabels().write(seen, PROPOSALS, loop.labels)
        line[f"{PROPOSALS}-metadata"] |= source
        lines[member["uri"]] = line
    return lines


def as_asked(loop: Loop, inputs: Mapping[str, Any]) -> Loop:
    """The loop as the job of a batch asks: with proposals, for an adjustment of its own manifest.

    ``inputs`` is the record of `labeling_input`.
    """
    if "reviewed" not in inputs:
        return loop
    review = Review(kind="adjustment", attribute=inputs["reviewed"], manifest=inputs["manifest"])
    return loop.model_copy(update={"review": review})


def proposal_numbers(proposals: Proposals | None) -> dict[str, Any]:
    """Metadata of what goes out."""
    if proposals is None:
        return {}
    return {
        "proposals_of": proposals.model,
        "transform_job": proposals.job,
        "proposed_boxes": sum(map(len, proposals.boxes.values())),
        "images_without_proposal": sum(not boxes for boxes in proposals.boxes.values()),
    }


def changes_of_workers(loop: Loop, images: Iterable[ImageLabel]) -> dict[str, int]:
    """Metadata of what came back: how many of the boxes that workers were shown they changed.

    Read from the lines of the output manifest, which keep what was shown. Empty where nothing was.
    """
    attribute = loop.review.attribute if loop.review else PROPOSALS
    if loop.label_form != "bounding_box":
        return {}
    compared = [
        changes(shown, image.boxes)
        for image in images
        if (shown := shown_boxes(image.line, attribute)) is not None
    ]
    if not compared:
        return {}
    total = sum(compared, Changes())
    counts = {"proposed": total.proposed} | asdict(total)
    return {f"{name}_boxes": number for name, number in counts.items()}


def shown_boxes(line: dict[str, Any], attribute: str) -> Sequence[Box] | None:
    """None where there was nothing, or nothing that can be read: that is no fault of the label itself."""
    if attribute not in line:
        return None
    label, metadata = line[attribute], line.get(f"{attribute}-metadata")
    names = [
        name
        for holder in (metadata, label)
        if isinstance(holder, dict) and isinstance(holder.get("class-map"), dict)
        for name in holder["class-map"].values()
    ]
    try:
        return BoxLabels().read(line, attribute, names).boxes
    except ValueError:
        return None
