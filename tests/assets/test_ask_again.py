"""Doubtful images go to one more worker, once; what counts is made of all answers. The others do not wait."""

import json
from dataclasses import replace

import pytest

from assets.asking_again import asks_again, is_doubtful
from assets.batches import open_batch, opened_batches
from assets.labels import read_accepted
from assets.records import read_record, record_uri
from resources.loop import Loop
from tests.assets.conftest import hire, numbers, picture
from tests.localaws.labeling import PASSWORD, Worker, wait_for
from tests.orchestration.test_labeling_sensor import job
from tests.settings import LEAST
from vision.boxes import Box
from vision.manifest import read_labeled

WIDTH, HEIGHT = 60, 40
SURE, DOUBTFUL, EMPTY = "sure", "doubtful", "empty"
BAR = {"label": "bar", "left": 5, "top": 5, "width": 20, "height": 20}
FAR = BAR | {"left": 35}


@pytest.fixture
def doubting(loop) -> Loop:
    settings = loop.model_dump()
    settings["labeling"] |= {"workers_per_object": 2, "ask_again": 0.7}
    settings["budget"] |= {"tariffs": {"per_object": 0.1, "per_worker_answer": 0.2, "instance_hour": {}}}
    return Loop(**(settings | {"team": {"name": f"team-{loop.bucket[-8:]}"}}))


class Crew:
    """A loop with one batch of three images, whose first job two workers have answered."""

    def __init__(self, loop, store, materialize, stand_in):
        self.loop, self.store, self.make = loop, store, materialize
        self.sagemaker = stand_in.client("sagemaker")
        for name, colour in ((SURE, "teal"), (DOUBTFUL, "olive"), (EMPTY, "navy")):
            store.write(f"{loop.images_uri}{name}.jpg", picture(WIDTH, HEIGHT, colour))
        materialize("raw_images", "labeling_team", "labeling_functions", settings=loop)
        images = read_record(store, loop, "raw_images")["images"]
        self.batch = open_batch(store, loop, [{"uri": each["uri"], "etag": each["etag"]} for each in images])
        told = materialize("labeling_input", "labeling_job", batch=self.batch, settings=loop)
        self.first = numbers(told, "labeling_job")["labeling_job"]
        team = read_record(store, loop, "labeling_team")
        for name in ("ann", "bob", "eve"):
            hire(team, f"{loop.bucket}-{name}")
        self.ann, self.bob, self.eve = (
            Worker(team["portal"], f"{loop.bucket}-{name}", PASSWORD) for name in ("ann", "bob", "eve")
        )
        # On the doubtful image each sees another thing.
        self.answer(self.ann, self.first, {SURE: [BAR], DOUBTFUL: [BAR], EMPTY: []})
        self.answer(self.bob, self.first, {SURE: [BAR], DOUBTFUL: [FAR], EMPTY: []})
        self.end_of(self.first)

    def answer(self, worker: Worker, job: str, drawn: dict[str, list[dict]]) -> list[str]:
        wait_for(lambda: worker.jobs().get(job), f"{job} to be open")
        asked = []
        while task := worker.claim(job):
            name = task["object"].rpartition("/")[2].removesuffix(".jpg")
            asked.append(name)
            size = {"width": WIDTH, "height": HEIGHT}
            value = {"boundingBoxes": drawn[name], "inputImageProperties": size}
            assert worker.hand_in(task, {task["element"]["name"]: value}).status_code == 200
        return asked

    def end_of(self, job: str, status: str = "Completed") -> None:
        def ended() -> bool:
            return self.sagemaker.describe_labeling_job(LabelingJobName=job)["LabelingJobStatus"] == status

        wait_for(ended, f"{job} to end")

    def collect(self, **settings) -> dict:
        changed = self.loop.model_copy(update={"labeling": self.loop.labeling.model_copy(update=settings)})
        result = self.make("labeled_manifest", batch=self.batch, settings=changed)
        checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
        assert checks["every_image_accounted_for"].passed and checks["counters_match_manifest"].passed
        return numbers(result, "labeled_manifest")

    @property
    def record(self) -> dict:
        return read_record(self.store, self.loop, "labeled_manifest", self.batch)

    def labels(self) -> dict[str, list[Box]]:
        images = read_accepted(self.store, self.loop, self.record)
        return {
            image.uri.rpartition("/")[2].removesuffix(".jpg"): [
                replace(box, score=None) for box in image.boxes
            ]
            for image in images
        }

    def jobs(self) -> int:
        found = self.sagemaker.list_labeling_jobs(NameContains=f"{self.loop.slug}-labels")
        names = [job["LabelingJobName"] for job in found["LabelingJobSummaryList"]]
        described = [self.sagemaker.describe_labeling_job(LabelingJobName=name) for name in names]
        return sum(self.loop.bucket in job["OutputConfig"]["S3OutputPath"] for job in described)


@pytest.fixture
def crew(doubting, store, materialize, stand_in) -> Crew:
    return Crew(doubting, store, materialize, stand_in)


@pytest.mark.slow
def test_a_doubtful_image_is_settled_by_one_more_worker_while_the_others_count(crew):
    came = crew.collect()
    assert (came["images"], came["asked_again"], came["waiting_for_second_answer"]) == (2, 1, 1)
    assert crew.labels() == {SURE: [Box(*BAR.values())], EMPTY: []}
    assert opened_batches(crew.store, crew.loop)[crew.batch].left is None, "nobody else is to be asked"
    second = came["second_job"]
    described = crew.sagemaker.describe_labeling_job(LabelingJobName=second)
    assert described["LabelAttributeName"] == "boxes-again"
    assert described["HumanTaskConfig"]["NumberOfHumanWorkersPerDataObject"] == 1
    manifest = described["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
    [line] = map(json.loads, crew.store.read(manifest).splitlines())
    first = crew.sagemaker.describe_labeling_job(LabelingJobName=crew.first)
    output = crew.store.read(first["LabelingJobOutput"]["OutputDatasetS3Uri"]).splitlines()
    assert line in map(json.loads, output), "a part of the first job's output"

    # Collected once more, and with other settings: it is the same job, and nobody is asked twice.
    record = crew.record
    assert crew.collect(workers_per_object=3, instructions="Otherwise.")["second_job"] == second
    assert crew.collect(ask_again=1.0)["second_job"] == second
    assert crew.collect(ask_again=None)["second_job"] == second
    assert crew.record == record and crew.jobs() == 2

    assert crew.answer(crew.eve, second, {DOUBTFUL: [FAR | {"left": 37}]}) == [DOUBTFUL]
    crew.end_of(second)
    came = crew.collect()
    assert (came["images"], came["second_answers"], came["waiting_for_second_answer"]) == (3, 1, 0)
    assert came["cost"] == pytest.approx(3 * (0.1 + 2 * 0.2) + 0.1 + 0.2)
    assert crew.labels()[DOUBTFUL] == [Box("bar", 36, 5, 20, 20)], (
        "what two of three drew, by the loop's rule"
    )
    assert opened_batches(crew.store, crew.loop)[crew.batch].left == []
    record = crew.record
    [doubtful] = [uri for uri in record["etags"] if DOUBTFUL in uri]
    files = [record["answers"]["prefix"] + name for name in record["answers"]["files"][doubtful]]
    workers = {each["workerId"] for file in files for each in crew.store.read_json(file)["answers"]}
    assert workers == {crew.ann.id, crew.bob.id, crew.eve.id}, "the label is explained by all its answers"
    crew.collect()
    assert crew.record == record and crew.jobs() == 2


@pytest.mark.slow
def test_a_run_that_died_before_it_told_of_the_second_job_adopts_it(crew):
    second = crew.collect()["second_job"]
    record = crew.record
    uri = record_uri(crew.loop, "labeled_manifest", crew.batch)
    crew.store.aws.client("s3").delete_object(
        Bucket=crew.loop.bucket, Key=uri.partition(f"{crew.loop.bucket}/")[2]
    )
    assert crew.collect()["second_job"] == second
    assert crew.record == record and crew.jobs() == 2


@pytest.mark.slow
def test_the_second_answer_of_the_same_worker_decides_nothing(crew):
    second = crew.collect()["second_job"]
    crew.answer(crew.bob, second, {DOUBTFUL: [BAR]})
    crew.end_of(second)
    came = crew.collect()
    assert (came["images"], came["second_answers"], came["second_answers_by_the_same_worker"]) == (3, 0, 1)
    assert crew.labels()[DOUBTFUL] == []


@pytest.mark.slow
def test_a_second_job_that_was_stopped_is_not_started_again_and_the_first_labels_stand(crew):
    second = crew.collect()["second_job"]
    crew.sagemaker.stop_labeling_job(LabelingJobName=second)
    crew.end_of(second, "Stopped")
    came = crew.collect()
    assert (came["images"], came["waiting_for_second_answer"]) == (3, 0)
    assert crew.labels()[DOUBTFUL] == [] and crew.jobs() == 2


@pytest.mark.slow
def test_labels_that_were_accepted_before_the_setting_came_are_not_asked_about_again(crew):
    assert "second_job" not in crew.collect(ask_again=None)
    assert "second_job" not in crew.collect()
    assert crew.jobs() == 1 and len(crew.labels()) == 3


def label(workers: int = 3, certainty: float | None = None, confidences: tuple = ()) -> object:
    consensus = {"workers": workers} | ({} if certainty is None else {"least_certainty": certainty})
    line = {
        "source-ref": "s3://b/1.jpg",
        "boxes": {
            "image_size": [{"width": 60, "height": 40, "depth": 3}],
            "annotations": [{"class_id": 0, "left": 1, "top": 1, "width": 9, "height": 9}] * len(confidences),
            "objects": [{"confidence": each} for each in confidences],
            "class-map": {"0": "ingredients"},
            "consensus": consensus,
        },
    }
    [image] = read_labeled(json.dumps(line).encode(), "boxes", LEAST["labels"]).images
    return image


@pytest.mark.parametrize(
    ("image", "doubtful"),
    [
        (label(certainty=0.6667, confidences=(1.0,)), True),  # something was drawn that is not in the label
        (label(certainty=0.7, confidences=(0.7,)), False),
        (label(certainty=1.0), False),
        (label(workers=1, certainty=1.0, confidences=(1.0,)), True),  # the others had no time
        (label(confidences=(1.0, 0.5)), True),  # by a function that does not tell
        (label(confidences=(1.0,)), False),
    ],
)
def test_an_image_is_as_doubtful_as_the_least_sure_decision_about_it(image, doubtful):
    loop = Loop(**LEAST | {"labeling": LEAST["labeling"] | {"ask_again": 0.7}})
    assert is_doubtful(image, loop) is doubtful


def test_second_jobs_are_known_by_their_manifests():
    second = replace(job(), input_uri="s3://bucket/loops/foods/batches/batch-1/again-0123.manifest")
    assert asks_again(second) and not asks_again(job())
