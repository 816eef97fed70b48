"""Workers start from what the live model sees; only what they hand in becomes a label."""

import json
from dataclasses import replace

import dagster as dg
import pytest

from assets.batches import open_batch, read_members, waiting
from assets.imported import imported_key, open_imported
from assets.labels import read_accepted
from assets.proposals import Proposals, as_asked, changes_of_workers, proposed_lines
from assets.records import read_record, record_uri
from resources.loop import KNOWN, PROPOSALS, Loop
from tests.assets.conftest import hire, numbers, picture
from tests.localaws.labeling import PASSWORD, Worker, box, wait_for
from tests.localaws.workshop import Workshop
from vision.boxes import Box
from vision.manifest import LabeledImage, read_labeled

WIDTH, HEIGHT = 200, 100
# Sees three things on a picture of this width, one of them with doubts, and nothing on any other.
SEEING = """
    import io
    import json

    from PIL import Image

    def model_fn(folder):
        pass

    def transform_fn(model, data, content_type, accept):
        boxes = [[0, 0.9, 0.1, 0.1, 0.3, 0.5], [1, 0.8, 0.5, 0.2, 0.6, 0.8], [0, 0.7, 0.8, 0.8, 1.0, 1.0],
                 [1, 0.1, 0.0, 0.0, 0.1, 0.1]]
        seen = boxes if Image.open(io.BytesIO(data)).width == 200 else []
        return json.dumps({"prediction": seen}), "application/json"
"""
SHOWN = [
    {"label": "square", "left": 20, "top": 10, "width": 40, "height": 40},
    {"label": "bar", "left": 100, "top": 20, "width": 20, "height": 60},
    {"label": "square", "left": 160, "top": 80, "width": 40, "height": 20},
]


@pytest.fixture
def proposing(loop) -> Loop:
    """The loop with proposals, one worker per image and a team of its own."""
    settings = loop.model_dump()
    settings["labeling"] |= {"workers_per_object": 1, "proposals": True}
    return Loop(**(settings | {"team": {"name": f"team-{loop.bucket[-8:]}"}}))


@pytest.fixture
def go_live(loop, store, stand_in):
    """Let a model be the live one; returns its name."""

    def go_live() -> str:
        model = Workshop(stand_in).model(SEEING)
        store.write_json(record_uri(loop, "live_endpoint"), {"model": model, "labels": loop.labels})
        return model

    return go_live


@pytest.fixture
def open_images(loop, store, materialize):
    """Upload images and make a batch of them; ``pictures`` are files by name."""

    def open_images(**pictures: bytes) -> str:
        for name, body in pictures.items():
            store.write(f"{loop.images_uri}{name}.jpg", body)
        materialize("raw_images")
        images = read_record(store, loop, "raw_images")["images"]
        return open_batch(store, loop, waiting(images, [], 1).members)

    return open_images


def lines_of(store, record: dict) -> dict[str, dict]:
    """The lines of a manifest, by the images' names."""
    lines = map(json.loads, store.read(record["manifest"]).splitlines())
    return {line["source-ref"].rpartition("/")[2].removesuffix(".jpg"): line for line in lines}


def transform_jobs(stand_in, loop: Loop) -> int:
    jobs = stand_in.client("sagemaker").list_transform_jobs(NameContains=f"{loop.slug}-transform")
    return len(jobs["TransformJobSummaries"])


@pytest.mark.slow
def test_workers_correct_what_the_live_model_sees_and_their_boxes_are_the_labels(
    proposing, store, materialize, stand_in, go_live, open_images
):
    batch = open_images(
        seen=picture(WIDTH, HEIGHT, "teal"),
        declined=picture(WIDTH, HEIGHT, "olive"),
        blank=picture(90, 60, "navy"),
    )
    model, before = go_live(), transform_jobs(stand_in, proposing)
    materialize("labeling_team", "labeling_functions", settings=proposing)
    result = materialize("labeling_input", "labeling_job", batch=batch, settings=proposing)
    sent = numbers(result, "labeling_input")
    assert (sent["proposals_of"], sent["proposed_boxes"], sent["images_without_proposal"]) == (model, 6, 1)
    record = read_record(store, proposing, "labeling_input", batch)
    shown = lines_of(store, record)["seen"]
    metadata = shown[f"{PROPOSALS}-metadata"]
    assert (metadata["human-annotated"], metadata["model-name"]) == ("no", model)
    assert [each["confidence"] for each in metadata["objects"]] == [0.9, 0.8, 0.7]

    # Another model changes nothing any more: nobody is asked twice, neither people nor models.
    go_live()
    again = materialize("labeling_input", "labeling_job", batch=batch, settings=proposing)
    assert read_record(store, proposing, "labeling_input", batch) == record
    assert numbers(again, "labeling_input")["proposals_of"] == model
    job = numbers(again, "labeling_job")["labeling_job"]
    assert job == numbers(result, "labeling_job")["labeling_job"]
    assert transform_jobs(stand_in, proposing) == before + 1

    team = read_record(store, proposing, "labeling_team")
    hire(team, f"{proposing.bucket}-worker")
    worker = Worker(team["portal"], f"{proposing.bucket}-worker", PASSWORD)
    wait_for(lambda: worker.jobs().get(job), f"{job} to be open")
    for _ in range(3):
        task = wait_for(lambda: worker.claim(job), "a task")
        name = task["object"].rpartition("/")[2].removesuffix(".jpg")
        assert task["input"]["initialValue"] == ([] if name == "blank" else SHOWN)
        page = worker.http.get(task["content"]).text
        assert f'initial-value="{"[]" if name == "blank" else "[{&#34;label&#34;: &#34;square"}' in page
        if name == "declined":
            assert worker.act(task, "decline").status_code == 200
        else:  # one is moved and one kept, the third is removed; on the blank image one is drawn
            drawn = [SHOWN[0] | {"left": 26}, SHOWN[1]] if name == "seen" else [box(4, "bar")]
            size = {"width": WIDTH, "height": HEIGHT} if name == "seen" else {"width": 90, "height": 60}
            value = {"boundingBoxes": drawn, "inputImageProperties": size, "initialValueModified": True}
            assert worker.hand_in(task, {task["element"]["name"]: value}).status_code == 200
    sagemaker = stand_in.client("sagemaker")
    status = "LabelingJobStatus"
    wait_for(
        lambda: sagemaker.describe_labeling_job(LabelingJobName=job)[status] == "Completed", f"{job} to end"
    )

    came = numbers(materialize("labeled_manifest", batch=batch, settings=proposing), "labeled_manifest")
    counted = {name.removesuffix("_boxes"): came[name] for name in came if name.endswith("_boxes")}
    assert counted == {"proposed": 3, "kept": 1, "moved": 1, "relabeled": 0, "removed": 1, "added": 1}
    assert (came["images"], came["failed"], came["adjusted"], came["unadjusted"]) == (2, 1, 2, 0)
    materialize("labels", settings=proposing)
    labels = read_record(store, proposing, "labels")
    assert all(not name.startswith(PROPOSALS) for line in lines_of(store, labels).values() for name in line)
    found = {label.uri.rpartition("/")[2]: label for label in read_accepted(store, proposing, labels)}
    assert set(found) == {"seen.jpg", "blank.jpg"}
    assert all(label.human for label in found.values())
    drawn = [replace(each, score=None) for each in found["seen.jpg"].boxes]
    assert drawn == [Box("square", 26, 10, 40, 40), Box("bar", 100, 20, 20, 60)]


@pytest.mark.slow
def test_gold_questions_have_proposals_like_all_others_or_workers_could_tell_them(
    proposing, store, materialize, go_live, open_images
):
    settings = proposing.model_dump()
    settings["labeling"] |= {"gold_share": 0.5}
    asking = Loop(**settings)
    batch = open_images(seen=picture(WIDTH, HEIGHT, "teal"), known=picture(WIDTH, HEIGHT, "olive"))
    new, known = sorted(read_members(store, asking, batch), key=lambda member: "known" in member["uri"])
    labels = [LabeledImage(known["uri"], WIDTH, HEIGHT, 3, (Box("bar", 1, 2, 30, 40),))]
    imported = imported_key(asking, [known], labels)
    open_imported(store, asking, imported, [known], labels, source="test", created="2026-01-01T00:00:00")
    materialize("labeled_manifest", batch=imported, settings=asking)
    materialize("labels", settings=asking)
    go_live()
    batch = open_batch(store, asking, [new])
    sent = numbers(materialize("labeling_input", batch=batch, settings=asking), "labeling_input")
    assert (sent["images"], sent["gold_images"], sent["proposed_boxes"]) == (1, 1, 6)
    lines = lines_of(store, read_record(store, asking, "labeling_input", batch))
    assert lines["seen"][PROPOSALS] == lines["known"][PROPOSALS]
    assert [name for name, line in lines.items() if KNOWN in line] == ["known"]


def test_a_batch_that_went_out_plain_stays_plain(proposing, store, materialize, go_live, open_images):
    batch = open_images(seen=picture(WIDTH, HEIGHT))
    materialize("labeling_input", batch=batch, settings=proposing)
    before = read_record(store, proposing, "labeling_input", batch)
    assert lines_of(store, before) == {"seen": {"source-ref": before["images"][0]["uri"]}}
    assert as_asked(proposing, before) == proposing
    go_live()
    materialize("labeling_input", batch=batch, settings=proposing)
    assert read_record(store, proposing, "labeling_input", batch) == before


def test_without_the_setting_no_model_is_asked(loop, store, materialize, go_live, open_images, stand_in):
    batch = open_images(seen=picture(WIDTH, HEIGHT))
    go_live()
    before = transform_jobs(stand_in, loop)
    materialize("labeling_input", batch=batch)
    assert "reviewed" not in read_record(store, loop, "labeling_input", batch)
    assert transform_jobs(stand_in, loop) == before


def test_a_template_that_would_hide_the_proposals_is_told_before_the_model_is_asked(
    proposing, store, materialize, go_live, open_images, stand_in, tmp_path
):
    own = tmp_path / "own.html"
    own.write_text("<crowd-form><crowd-bounding-box name='a'></crowd-bounding-box></crowd-form>")
    settings = {"labeling": proposing.labeling.model_copy(update={"template": str(own)})}
    batch = open_images(seen=picture(WIDTH, HEIGHT))
    go_live()
    before = transform_jobs(stand_in, proposing)
    with pytest.raises(dg.Failure, match=r"labeling.proposals: .*own.html does not show them"):
        materialize("labeling_input", batch=batch, settings=proposing.model_copy(update=settings))
    assert transform_jobs(stand_in, proposing) == before


def test_an_image_that_was_renamed_and_one_that_came_back_have_lines(proposing):
    proposals = Proposals(
        "model", "job", {"1": [Box("square", 1, 2, 10, 8, 0.9), Box("gone", 1, 2, 3, 4, 0.9)]}
    )
    images = [
        {"uri": f"s3://b/{name}", "etag": etag, "width": 40, "height": 30} for name, etag in ("n1", "o2")
    ]
    renamed, back = proposed_lines(proposing, proposals, images, images).values()
    assert [each["class_id"] for each in renamed[PROPOSALS]["annotations"]] == [0]
    assert back[PROPOSALS]["annotations"] == [], "it is labeled from scratch"


@pytest.mark.parametrize("broken", [7, {}, {"annotations": [{"class_id": 0}]}])
def test_proposals_that_cannot_be_read_do_no_harm_to_the_labels(proposing, broken):
    size = [{"width": 40, "height": 30, "depth": 3}]
    line = {"source-ref": "s3://b/1.jpg", "boxes": {"image_size": size, "annotations": []}, PROPOSALS: broken}
    found = read_labeled(json.dumps(line).encode(), "boxes", proposing.labels)
    assert len(found.images) == 1 and changes_of_workers(proposing, found.images) == {}
