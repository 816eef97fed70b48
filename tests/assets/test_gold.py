"""Gold questions score the workers, who cannot tell them; they never become labels of the batch."""

import importlib.util
import json
from dataclasses import replace

import pytest

from assets.batches import open_batch
from assets.gold import among, choose, known_labels, wanted
from assets.imported import imported_key, open_imported
from assets.records import read_record, record_uri
from assets.training_manifest import training_manifest
from orchestration.loop import PROJECT
from resources.loop import KNOWN, Loop
from tests.assets.conftest import hire, numbers, picture
from tests.localaws.labeling import PASSWORD, Worker, wait_for
from tests.localaws.requesting import requester
from vision.boxes import Box
from vision.manifest import LabeledImage

WIDTH, HEIGHT = 60, 40
COLOURS = ["white", "teal", "red", "navy", "olive", "black"]
TRUE = {"label": "bar", "left": 5, "top": 5, "width": 20, "height": 20}


@pytest.fixture
def asking(loop) -> Loop:
    """The loop with gold questions, two workers per image and a team of its own."""
    settings = loop.model_dump()
    settings["labeling"] |= {"workers_per_object": 2, "gold_share": 0.5}
    settings["budget"] |= {"tariffs": {"per_object": 0.1, "per_worker_answer": 0.2, "instance_hour": {}}}
    return Loop(**(settings | {"team": {"name": f"team-{loop.bucket[-8:]}"}}))


@pytest.fixture
def images(asking, store, materialize) -> list[dict]:
    """Members for all images of the bucket."""
    for number, colour in enumerate(COLOURS):
        store.write(f"{asking.images_uri}{number}.jpg", picture(WIDTH, HEIGHT, colour))
    materialize("raw_images", settings=asking)
    listed = read_record(store, asking, "raw_images")["images"]
    return [{"uri": image["uri"], "etag": image["etag"]} for image in listed]


@pytest.fixture
def import_labels(asking, store, materialize):
    def import_labels(members: list[dict]) -> str:
        box = Box(*TRUE.values())
        labels = [LabeledImage(member["uri"], WIDTH, HEIGHT, 3, (box,)) for member in members]
        batch = imported_key(asking, members, labels)
        open_imported(store, asking, batch, members, labels, source="test", created="2026-01-01T00:00:00")
        materialize("labeled_manifest", batch=batch, settings=asking)
        materialize("labels", settings=asking)
        return batch

    return import_labels


def manifest_lines(store, record: dict) -> list[dict]:
    return [json.loads(line) for line in store.read(record["manifest"]).splitlines()]


def answer_all(worker: Worker, job: str, *boxes: dict) -> list[dict]:
    tasks = []
    while task := worker.claim(job):
        size = {"width": WIDTH, "height": HEIGHT}
        value = {"boundingBoxes": list(boxes), "inputImageProperties": size}
        assert worker.hand_in(task, {task["element"]["name"]: value}).status_code == 200
        tasks.append(task)
    return tasks


@pytest.mark.slow
def test_workers_are_scored_on_images_that_they_cannot_tell_and_that_are_no_labels_of_the_batch(
    asking, store, materialize, stand_in, images, import_labels
):
    import_labels(images[:3])
    batch = open_batch(store, asking, images[3:])
    materialize("labeling_team", "labeling_functions", settings=asking)
    result = materialize("labeling_input", "labeling_job", batch=batch, settings=asking)
    assert numbers(result, "labeling_input")["gold_images"] == 2
    told = numbers(result, "labeling_job")
    assert (told["images"], told["gold_images"]) == (5, 2)
    assert told["expected_cost"] == pytest.approx(5 * (0.1 + 2 * 0.2))
    record = read_record(store, asking, "labeling_input", batch)
    assert [each["uri"] for each in record["images"]] == [each["uri"] for each in images[3:]]
    gold = {each["uri"] for each in record["gold"]}
    assert len(gold) == 2 and gold < {each["uri"] for each in images[:3]}
    assert {line["source-ref"] for line in manifest_lines(store, record) if KNOWN in line} == gold

    # Once more is known, and with another share, it is the same batch: nobody is asked twice.
    settings = asking.model_dump()
    settings["labeling"]["gold_share"] = 0.0
    again = materialize("labeling_input", "labeling_job", batch=batch, settings=Loop(**settings))
    assert read_record(store, asking, "labeling_input", batch) == record
    job = numbers(again, "labeling_job")["labeling_job"]
    assert job == told["labeling_job"] and numbers(again, "labeling_job")["adopted"] is True

    team = read_record(store, asking, "labeling_team")
    right, wrong = (f"{asking.bucket}-{name}" for name in ("right", "wrong"))
    for name in (right, wrong):
        hire(team, name)
    good, bad = (Worker(team["portal"], name, PASSWORD) for name in (right, wrong))
    wait_for(lambda: good.jobs().get(job), f"{job} to be open")
    tasks = answer_all(good, job, TRUE) + answer_all(bad, job, TRUE, TRUE | {"left": 35})
    assert len(tasks) == 10
    assert all(KNOWN not in json.dumps(task) for task in tasks), "no worker learns what is known"
    assert all(set(task["input"]["manifestLine"]) == {"source-ref"} for task in tasks)
    sagemaker, status = stand_in.client("sagemaker"), "LabelingJobStatus"
    wait_for(lambda: sagemaker.describe_labeling_job(LabelingJobName=job)[status] == "Completed", "its end")

    result = materialize("labeled_manifest", batch=batch, settings=asking)
    came = numbers(result, "labeled_manifest")
    assert (came["images"], came["gold_images"]) == (3, 2)
    assert came["cost"] == pytest.approx(5 * (0.1 + 2 * 0.2)), "gold questions are paid as well"
    checks = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}
    assert checks["every_image_accounted_for"] and checks["counters_match_manifest"]
    rows = {row.data["worker"]: row.data for row in came["workers_on_gold"].records}
    assert list(rows) == [good.id, bad.id], "the best first"
    counted = {"images": 2, "found": 2, "missed": 0, "mean_iou": 1.0}
    assert rows[good.id] == counted | {"worker": good.id, "extra": 0, "score": 1.0}
    assert rows[bad.id] == counted | {"worker": bad.id, "extra": 2, "score": 0.667}
    labeled = read_record(store, asking, "labeled_manifest", batch)
    members = {each["uri"] for each in images[3:]}
    assert {line["source-ref"] for line in manifest_lines(store, labeled)} == members
    assert set(labeled["answers"]["files"]) == set(labeled["etags"]) == members
    for uri, [name] in labeled["answers"]["files"].items():
        number = int(name.split("/")[1])
        assert manifest_lines(store, record)[number]["source-ref"] == uri, (
            "the answers are those of the image"
        )

    page = requester(stand_in).get(f"/api/requester/jobs/{job}").json()
    known = {row["worker"]: row["known"] for row in page["workers"]}
    assert known[good.id] == counted | {"extra": 0, "score": 1.0}
    assert known[bad.id] == counted | {"extra": 2, "score": 0.6667}

    materialize("labels", settings=asking)
    origin = store.read_json(read_record(store, asking, "labels")["history"])
    assert all(len(versions) == 1 for versions in origin.values()), "no known label was made again"
    # What both drew is known from now on, too.
    assert len(known_labels(store, asking)) == 6


def test_a_batch_that_went_out_without_gold_stays_so(asking, store, materialize, images, import_labels):
    batch = open_batch(store, asking, images[3:])
    materialize("labeling_input", batch=batch, settings=asking)
    before = read_record(store, asking, "labeling_input", batch)
    assert "gold" not in before and all(set(line) == {"source-ref"} for line in manifest_lines(store, before))
    import_labels(images[:3])
    materialize("labeling_input", batch=batch, settings=asking)
    assert read_record(store, asking, "labeling_input", batch) == before


def test_a_gold_image_that_was_renamed_is_asked_by_its_new_name_and_one_that_is_gone_is_not(
    asking, store, materialize, images, import_labels
):
    import_labels(images[:2])
    settings = asking.model_dump()
    settings["labeling"]["gold_share"] = 0.5
    batch = open_batch(store, asking, images[2:])
    materialize("labeling_input", batch=batch, settings=asking)
    first, second = read_record(store, asking, "labeling_input", batch)["gold"]
    s3 = store.aws.client("s3")
    renamed = f"{asking.images_uri}renamed.jpg"
    store.write(renamed, store.read(first["uri"]))
    for each in (first, second):
        s3.delete_object(Bucket=asking.bucket, Key=each["uri"].partition(f"{asking.bucket}/")[2])
    materialize("raw_images", settings=asking)
    materialize("labeling_input", batch=batch, settings=asking)
    record = read_record(store, asking, "labeling_input", batch)
    assert record["gold"] == [first | {"uri": renamed}]
    assert [line["source-ref"] for line in manifest_lines(store, record) if KNOWN in line] == [renamed]


@pytest.mark.parametrize(("images", "share", "number"), [(1, 0.05, 1), (30, 0.05, 2), (100, 0.05, 5)])
def test_a_share_of_the_batch_is_gold_and_at_least_one_image(images, share, number):
    assert wanted(images, share) == number


def test_the_choice_is_the_same_when_it_is_made_again_and_another_for_another_batch():
    known = [{"etag": str(number)} for number in range(50)]
    assert choose("batch-1", known, 5) == choose("batch-1", known[::-1], 5)
    assert choose("batch-1", known, 5) != choose("batch-2", known, 5)


def test_gold_lines_stand_among_the_others_at_places_of_their_own():
    lines = [{"source-ref": f"s3://b/{number}"} for number in range(20)]
    gold = {str(number): {"etag": str(number), "line": {"gold": number}} for number in range(4)}
    places = [
        [number for number, line in enumerate(among(batch, lines, gold)) if "gold" in line]
        for batch in ("batch-1", "batch-2")
    ]
    assert places[0] != places[1] and places[0] != [20, 21, 22, 23]
    assert [line for line in among("batch-1", lines, gold) if "gold" not in line] == lines


def test_the_function_that_makes_tasks_hides_the_attribute_that_we_write():
    path = PROJECT / "lambdas" / "pre_annotation" / "handler.py"
    text = path.read_text()
    assert f'KNOWN = ("{KNOWN}", "{KNOWN}-metadata")' in text
    stand_in = importlib.util.find_spec("localaws.groundtruth.requester.known_answers")
    assert f'KNOWN = "{KNOWN}"' in stand_in.loader.get_source(stand_in.name)


def test_what_one_worker_says_is_not_known(asking, store, materialize, images):
    """Nor what several say without agreeing, nor that there is nothing."""
    members = images[:4]
    boxes = [Box(*TRUE.values(), score=score) for score in (1.0, 0.6, 1.0)]
    found = [
        LabeledImage(each["uri"], WIDTH, HEIGHT, 3, tuple(boxes[number : number + 1]))
        for number, each in enumerate(members)
    ]
    labels = [replace(image, job="job", created="2026-01-01T00:00:00") for image in found]
    uri = store.write(asking.uri("labeled/x.manifest"), training_manifest(asking, labels))
    record = {
        "manifest": uri,
        "etags": {each["uri"]: each["etag"] for each in members},
        "answered_by_several": [members[number]["uri"] for number in (0, 1, 3)],
    }
    store.write_json(record_uri(asking, "labeled_manifest", "batch-x"), record)
    materialize("labels", settings=asking)
    assert [each["etag"] for each in known_labels(store, asking)] == [members[0]["etag"]]
