"""Loops about masks and classes, and reviews: from photographs to labels, against the stand-in."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import dagster as dg
import pytest

from assets.labels import read_accepted
from assets.records import read_record
from demo.crowd import CrowdReport, run_crowd
from demo.noise import Noise
from demo.photographs import make_photographs
from orchestration.headless import HeadlessLoop
from orchestration.label_results import label_results
from orchestration.loop import find_loop, load_loop
from orchestration.photographs import upload
from resources.aws import Aws
from resources.loop import Loop
from resources.names import content_hash
from resources.object_store import ObjectStore
from vision.boxes import Box
from vision.exchange import Dataset, read_coco
from vision.masks import draw_mask, mean_overlap, overlaps, read_mask

PHOTOGRAPHS = 8
# The bucket is part of what decides an image's side: with these two no side is empty.
SPLITS = {"fractions": {"train": 0.34, "validation": 0.33, "test": 0.33}}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def photographs(tmp_path_factory) -> Dataset:
    return read_coco(make_photographs(tmp_path_factory.mktemp("photographs"), PHOTOGRAPHS, seed=1))


@dataclass
class Runner:
    """Runs loops of this project in a bucket of their own; ``truth`` is the file that the crowd sees."""

    store: ObjectStore
    instance: dg.DagsterInstance
    photographs: Dataset
    bucket: str

    def loop(self, name: str) -> Loop:
        return Loop(**(load_loop(find_loop(name)).model_dump() | {"bucket": self.bucket, "splits": SPLITS}))

    def run(self, loop: Loop, noise: float = 1.0, label: Callable | None = None) -> HeadlessLoop:
        list(upload(self.photographs.images, loop, self.store))
        headless = HeadlessLoop(loop, self.instance, self.store)
        headless.run(label=label or (lambda: self.answer(loop, noise)), announce=lambda text: None)
        return headless

    def label_only(self, loop: Loop, noise: float = 1.0, label: Callable | None = None) -> None:
        """As ``run``, but without a model, which takes long."""
        list(upload(self.photographs.images, loop, self.store))
        headless = HeadlessLoop(loop, self.instance, self.store)
        headless.materialize("raw_images", "labeling_team", "labeling_functions")
        headless.label_batches(label or (lambda: self.answer(loop, noise)))
        headless.materialize("labels")

    def answer(self, loop: Loop, noise: float, workers: int = 3) -> CrowdReport:
        truth = self.photographs.images[0].parent / "truth.json"
        return run_crowd(truth=truth, workers=workers, noise=Noise().scaled(noise), job_prefix=loop.slug)

    def labels(self, loop: Loop) -> dict:
        """The accepted labels by file name."""
        labels = read_accepted(self.store, loop, read_record(self.store, loop, "labels"))
        return {label.uri.rpartition("/")[2]: label for label in labels}

    def numbers(self, loop: Loop, asset: str) -> dict:
        event = self.instance.get_latest_materialization_event(dg.AssetKey([loop.name, asset]))
        return {key: value.value for key, value in event.asset_materialization.metadata.items()}


@pytest.fixture
def runner(stand_in_environment, photographs, request):
    bucket = f"loops-{content_hash(request.node.name)[:8]}"
    with dg.DagsterInstance.ephemeral() as instance:
        yield Runner(ObjectStore(aws=Aws()), instance, photographs, bucket)


def test_masks_of_perfect_workers_are_the_truth_and_asking_again_asks_nobody(runner, tmp_path):
    loop = runner.loop("packaging_masks")
    runner.label_only(loop, noise=0)
    for name, label in runner.labels(loop).items():
        image = runner.photographs.truth[name]
        size = image.width, image.height
        mask = read_mask(runner.store.read(label.mask_uri), loop.labels, size)
        assert (mask == draw_mask(image.boxes, loop.labels, size)).all()
    assert "](data:image/jpeg;base64," in runner.numbers(loop, "labeled_manifest")["pictures"]
    sagemaker = runner.store.aws.client("sagemaker")

    def jobs() -> list[str]:
        found = sagemaker.list_labeling_jobs(NameContains=loop.slug)["LabelingJobSummaryList"]
        return sorted(job["LabelingJobName"] for job in found)

    before = jobs()
    runner.label_only(loop, label=lambda: None)
    assert jobs() == before
    told = label_results(loop, runner.store, runner.photographs.truth, tmp_path / "drawn")
    assert told["mean IoU"].startswith("1.000 ")
    assert len(list((tmp_path / "drawn").glob("*.png"))) == PHOTOGRAPHS


def test_masks_of_ordinary_workers_are_close_to_the_truth(runner):
    loop = runner.loop("packaging_masks")
    runner.label_only(loop)
    pairs = []
    for name, label in runner.labels(loop).items():
        image = runner.photographs.truth[name]
        size = image.width, image.height
        mask = read_mask(runner.store.read(label.mask_uri), loop.labels, size)
        pairs.append((mask, draw_mask(image.boxes, loop.labels, size)))
    assert len(pairs) == PHOTOGRAPHS
    assert 0.9 <= mean_overlap(overlaps(pairs, loop.labels)) < 1


def test_photographs_are_classified(runner):
    loop = runner.loop("packaging_classes")
    runner.run(loop, noise=0)
    found = {name: label.name for name, label in runner.labels(loop).items()}
    assert found == {name: image.image_class for name, image in runner.photographs.truth.items()}
    assert runner.numbers(loop, "labels")["classes"] == PHOTOGRAPHS


def test_boxes_are_judged_and_corrected(runner):
    """Boxes of three very careless workers, judged and mended by perfect ones."""
    boxes = runner.loop("foods_and_cosmetics")
    runner.label_only(boxes, noise=4)
    drawn = runner.labels(boxes)

    verification = runner.loop("packaging_verification")
    runner.run(verification, noise=0)
    verdicts = runner.labels(verification)
    assert set(verdicts) == set(drawn)
    assert {verdict.name for verdict in verdicts.values()} >= {"bad"}
    for name, verdict in verdicts.items():
        assert bool(verdict.comments) == (verdict.name == "bad")
        assert verdict.line["boxes"] == drawn[name].line["boxes"], "what was judged stays beside the verdict"

    adjustment = runner.loop("packaging_adjustment")
    runner.label_only(adjustment, noise=0)
    for name, label in runner.labels(adjustment).items():
        truth = set(runner.photographs.truth[name].boxes)
        assert {unscored(box) for box in label.boxes} == truth
        assert label.adjusted == ({unscored(box) for box in drawn[name].boxes} != truth)
    assert runner.numbers(adjustment, "labeled_manifest")["adjusted"] > 0


def test_doubtful_boxes_are_asked_about_again_by_the_sensors_until_all_count(runner):
    """Five careless workers, two of them about each image, and one more where these differ."""
    settings = runner.loop("foods_and_cosmetics").model_dump()
    settings["labeling"] |= {"workers_per_object": 2, "ask_again": 0.7}
    loop = Loop(**(settings | {"name": "doubting"}))
    runner.label_only(loop, label=lambda: runner.answer(loop, noise=4, workers=5))
    told = runner.numbers(loop, "labeled_manifest")
    assert len(runner.labels(loop)) == PHOTOGRAPHS
    assert 0 < told["asked_again"] <= PHOTOGRAPHS and told["waiting_for_second_answer"] == 0
    heard = told["second_answers"] + told["second_answers_by_the_same_worker"]
    assert heard == told["asked_again"], "each was answered once more"
    jobs = runner.store.aws.client("sagemaker").list_labeling_jobs(NameContains=loop.slug)
    assert len(jobs["LabelingJobSummaryList"]) == 2
    runner.label_only(loop, label=lambda: None)
    jobs = runner.store.aws.client("sagemaker").list_labeling_jobs(NameContains=loop.slug)
    assert len(jobs["LabelingJobSummaryList"]) == 2, "nobody is asked twice"


def test_masks_are_judged_and_corrected(runner):
    masks = runner.loop("packaging_masks")
    runner.label_only(masks, noise=4)
    settings = masks.model_dump() | {"name": "second_look", "label_attribute": "second"}
    review = {"kind": "adjustment", "loop": masks.name, "attribute": "masks-ref"}
    adjustment = Loop(**(settings | {"review": review}))
    runner.label_only(adjustment, noise=0)
    for name, label in runner.labels(adjustment).items():
        image = runner.photographs.truth[name]
        size = image.width, image.height
        truth = draw_mask(image.boxes, adjustment.labels, size)
        assert (read_mask(runner.store.read(label.mask_uri), adjustment.labels, size) == truth).all()
        assert label.adjusted is not None

    settings |= {"name": "third_look", "labels": ["good", "bad"], "label_attribute": "verdict"}
    review = {"kind": "verification", "loop": adjustment.name, "attribute": "second-ref"}
    verification = Loop(**(settings | {"review": review}))
    runner.run(verification, noise=0)
    assert {verdict.name for verdict in runner.labels(verification).values()} == {"good"}


def test_a_review_without_labels_to_review_says_which_loop_to_run(runner):
    loop = runner.loop("packaging_verification")
    with pytest.raises(dg.Failure, match="foods_and_cosmetics has no labels in the bucket"):
        runner.run(loop)


def test_a_manifest_of_ones_own_can_be_reviewed(runner):
    """A manifest that another system wrote; images that it does not label are not asked about."""
    boxes = runner.loop("foods_and_cosmetics")
    runner.label_only(boxes, noise=0)
    lines = runner.store.read(read_record(runner.store, boxes, "labels")["manifest"]).splitlines()
    uri = runner.store.write(f"s3://{runner.bucket}/elsewhere/output.manifest", b"\n".join(lines[:2]) + b"\n")
    review = {"kind": "verification", "manifest": uri, "attribute": "boxes"}
    settings = runner.loop("packaging_verification").model_dump()
    loop = Loop(**(settings | {"name": "own_manifest", "review": review}))
    runner.label_only(loop, noise=0)
    assert {label.uri for label in runner.labels(loop).values()} == {
        label.uri for label in list(runner.labels(boxes).values())[:2]
    }
    assert {label.name for label in runner.labels(loop).values()} == {"good"}


def unscored(box: Box) -> Box:
    return replace(box, score=None)
