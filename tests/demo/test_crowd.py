"""Simulated workers at the real portal: whole jobs, from CreateLabelingJob to the output manifest."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from random import Random

import pytest

from demo.crowd import run_crowd
from demo.noise import Noise
from demo.portal import Refused
from resources.functions import pack
from tests.localaws.labeling import LABELS, ROLE, Studio, picture
from vision.boxes import Box, iou
from vision.exchange import write_coco
from vision.manifest import LabeledImage, LabeledManifest, read_labeled

LAMBDAS = Path(__file__).resolve().parents[2] / "lambdas"
WIDTH, HEIGHT = 320, 240


class Album:
    """Pictures with objects that do not touch, their truth in a file, and jobs about them."""

    def __init__(self, studio: Studio, folder: Path, count: int):
        random = Random(11)
        self.studio = studio
        self.truth, self.file = {}, folder / "truth.json"
        for number in range(count):
            boxes = tuple(
                Box(
                    random.choice(LABELS), column * 80 + random.randint(4, 20), random.randint(5, 90), 50, 100
                )
                for column in random.sample(range(4), random.randint(0, 4))
            )
            name = f"{number}.jpg"
            self.truth[name] = LabeledImage(name, WIDTH, HEIGHT, 3, boxes)
        self.uris = [self.studio.write(f"images/{name}", picture(WIDTH, HEIGHT)) for name in self.truth]
        self.write_truth(self.truth)

    def write_truth(self, truth: dict[str, LabeledImage]) -> None:
        write_coco(self.file, LABELS, {self.file.parent / name: image for name, image in truth.items()})

    def start(self, changes: dict | None = None, workers: int = 3, **task) -> str:
        manifest = self.studio.manifest(*({"source-ref": uri} for uri in self.uris))
        return self.studio.create(manifest, changes, NumberOfHumanWorkersPerDataObject=workers, **task)

    def labels(self, job: str) -> LabeledManifest:
        uri = self.studio.describe(job)["LabelingJobOutput"]["OutputDatasetS3Uri"]
        return read_labeled(self.studio.read(uri), "boxes", LABELS)

    def deploy(self, kind: str) -> str:
        """One of our own functions, zipped as its folder is."""
        return self.studio.stand_in.client("lambda").create_function(
            FunctionName=f"{self.studio.name}-SageMaker-{kind.replace('_', '-')}",
            Runtime="python3.12",
            Role=ROLE,
            Handler="handler.handle",
            Code={"ZipFile": pack(LAMBDAS / kind)},
            Timeout=60,
        )["FunctionArn"]


@pytest.fixture
def album(stand_in_environment, tmp_path) -> Iterator[Album]:
    with Studio(stand_in_environment, workers=0) as studio:
        yield Album(studio, tmp_path, count=12)


def assert_close_to_truth(found: LabeledManifest, truth: dict[str, LabeledImage]) -> None:
    """Nine of ten objects found with the right label, hardly anything else, edges within a few pixels."""
    drawn = {PurePosixPath(image.uri).name: image.boxes for image in found.images}
    assert sorted(drawn) == sorted(truth)
    overlaps = []
    for name, image in truth.items():
        for box in image.boxes:
            same = [iou(box, other) for other in drawn[name] if other.label == box.label]
            overlaps.append(max(same, default=0))
    total = sum(len(boxes) for boxes in drawn.values())
    right = [overlap for overlap in overlaps if overlap > 0.5]
    assert len(right) >= 0.9 * len(overlaps)
    assert total - len(right) <= 0.1 * total
    assert sum(right) / len(right) > 0.85


def test_three_noisy_workers_agree_on_boxes_close_to_the_truth(album):
    job = album.start()
    steps = []
    report = run_crowd(truth=album.file, job_prefix=job, progress=lambda name, count: steps.append(count))
    album.studio.finished(job)
    assert report.answers == {job: 36}
    assert sorted(steps) == list(range(1, 37))
    assert (report.declined, report.lost) == (set(), 0)
    found = album.labels(job)
    assert (found.problems, found.failures, found.unlabeled) == ([], [], [])
    assert_close_to_truth(found, album.truth)
    assert all(0 < box.score <= 1 for image in found.images for box in image.boxes)


@pytest.mark.slow
def test_functions_of_our_own_carry_class_map_and_confidences_inside_the_label(album):
    consolidation = {"AnnotationConsolidationLambdaArn": album.deploy("consolidation")}
    job = album.start(
        PreHumanTaskLambdaArn=album.deploy("pre_annotation"), AnnotationConsolidationConfig=consolidation
    )
    run_crowd(truth=album.file, job_prefix=job)
    album.studio.finished(job)
    found = album.labels(job)
    assert found.problems == []
    assert_close_to_truth(found, album.truth)
    assert {box.score for image in found.images for box in image.boxes} <= {0.6667, 1.0}
    metadata = found.images[0].line["boxes-metadata"]
    assert "class-map" not in metadata and "objects" not in metadata


def test_an_object_without_truth_is_declined_and_the_others_are_labeled(album):
    album.write_truth({name: image for name, image in album.truth.items() if name != "3.jpg"})
    job = album.start(workers=2)
    report = run_crowd(truth=album.file, workers=2, job_prefix=job)
    album.studio.finished(job)
    stranger = next(uri for uri in album.uris if uri.endswith("/3.jpg"))
    assert report.declined == {stranger}
    found = album.labels(job)
    assert [failure.uri for failure in found.failures] == [stranger]
    assert len(found.images) == 11


def test_a_truth_about_other_pixels_is_refused_with_the_reason(album):
    resized = {name: LabeledImage(name, WIDTH * 2, HEIGHT, 3, ()) for name in album.truth}
    album.write_truth(resized)
    job = album.start(workers=1)
    with pytest.raises(Refused, match="submit: 422 .*inputImageProperties"):
        run_crowd(truth=album.file, workers=1, job_prefix=job)
    album.studio.sagemaker.stop_labeling_job(LabelingJobName=job)


def test_a_crowd_without_work_goes_home(album):
    assert run_crowd(truth=album.file, job_prefix=f"{album.studio.name}-no-such-job").answers == {}


def test_a_crowd_told_to_wait_waits_for_work_until_it_is_stopped(album):
    stopping, given = threading.Event(), threading.Event()
    crowd = threading.Thread(
        target=run_crowd,
        kwargs={
            "truth": album.file,
            "workers": 1,
            "noise": Noise().scaled(0),
            "job_prefix": album.studio.name,
            "until_idle": False,
            "stopping": stopping,
            "progress": lambda name, count: given.set(),
        },
    )
    crowd.start()
    try:
        assert not given.is_set()
        job = album.start(workers=1)
        assert given.wait(60)
        album.studio.finished(job)
    finally:
        stopping.set()
        crowd.join(60)
    assert not crowd.is_alive()
    truth = {name: set(image.boxes) for name, image in album.truth.items()}
    for image in album.labels(job).images:
        boxes = {Box(box.label, box.left, box.top, box.width, box.height) for box in image.boxes}
        assert boxes == truth[PurePosixPath(image.uri).name]


@pytest.mark.slow
def test_a_server_killed_in_the_middle_is_waited_for_and_no_answer_is_lost(
    own_stand_in, tmp_path, monkeypatch
):
    for name, value in own_stand_in.environment.items():
        monkeypatch.setenv(name, value)
    album = Album(Studio(own_stand_in, workers=0), tmp_path, count=40)
    job = album.start()
    reports, some = [], threading.Event()
    crowd = threading.Thread(
        target=lambda: reports.append(
            run_crowd(
                truth=album.file,
                job_prefix=job,
                progress=lambda name, count: some.set() if count == 30 else None,
            )
        )
    )
    crowd.start()
    assert some.wait(60)
    own_stand_in.kill()
    own_stand_in.start()
    crowd.join(180)
    assert not crowd.is_alive()
    album.studio.finished(job)
    assert_close_to_truth(album.labels(job), album.truth)
    files = album.studio.keys(f"output/{job}/annotations/worker-response/")
    for file in files:
        body = json.loads(album.studio.read(f"output/{job}/annotations/worker-response/{file}"))
        assert len({answer["workerId"] for answer in body["answers"]}) == 3
    assert len({file.split("/")[1] for file in files}) == 40
