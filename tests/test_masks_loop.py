"""A whole loop about masks, from pictures to a drawn prediction, against the stand-in over HTTP."""

import csv
import io
from dataclasses import dataclass

import dagster as dg
import numpy
import pytest
from PIL import Image

from assets.explanation_text import as_json, steps
from demo.crowd import run_crowd
from demo.noise import Noise
from orchestration.explain import explanation_of
from orchestration.headless import HeadlessLoop
from orchestration.photographs import upload
from resources.aws import Aws
from resources.loop import Loop
from resources.object_store import ObjectStore
from tests.shapes import LABELS, SIZE, make_shapes, shapes_loop, write_truth
from vision.manifest import LabeledImage
from vision.masks import draw_mask, read_mask
from vision.measures import read_measures

PICTURES = 40

pytestmark = pytest.mark.slow


@dataclass
class World:
    loop: Loop
    headless: HeadlessLoop
    instance: dg.DagsterInstance
    store: ObjectStore
    truth: dict[str, LabeledImage]  # by file name

    def numbers(self, asset: str) -> dict:
        event = self.instance.get_latest_materialization_event(dg.AssetKey([self.loop.name, asset]))
        return {key: value.value for key, value in event.asset_materialization.metadata.items()}


@pytest.fixture(scope="module")
def world(stand_in, tmp_path_factory):
    folder = tmp_path_factory.mktemp("painted")
    pictures = make_shapes(folder / "pictures", range(PICTURES))
    settings = shapes_loop(name="painted", bucket="painted-loop", task="semantic_segmentation")
    settings["labeling"]["workers_per_object"] = 1
    settings["training"]["hyperparameters"] |= {
        "epochs": 15,
        "learning_rate": 0.004,
        "augmentation": "light",
    }
    loop = Loop(**settings)
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        for name, value in stand_in.environment.items():
            patch.setenv(name, value)
        store = ObjectStore(aws=Aws())
        list(upload(pictures, loop, store))
        coco = write_truth(folder / "truth.json", pictures)
        headless = HeadlessLoop(loop, instance, store)
        headless.run(
            label=lambda: run_crowd(truth=coco, workers=1, noise=Noise().scaled(0), job_prefix=loop.slug),
            announce=lambda text: None,
        )
        yield World(loop, headless, instance, store, {file.name: image for file, image in pictures.items()})


def test_the_model_has_learned_what_people_painted(world):
    """Masks that lose their place, or their class, anywhere between workers and table do not score."""
    trained, measured = world.numbers("trained_model"), world.numbers("evaluation")
    assert trained["validation_mIOU"] > 0.6 and 0 <= trained["validation_boundary_F"] <= 1
    assert measured["miou"] > 0.6
    assert {f"iou_{label}" for label in ("background", *LABELS)} <= measured.keys()
    result = read_measures(world.headless.record("evaluation"))
    assert result.low <= result.miou <= result.high
    assert sum(map(sum, result.confusion)) == result.images * SIZE * SIZE
    page = world.store.read(measured["report_uri"]).decode()
    assert f"{result.miou:.3f}" in page and "data:image/webp;base64," in page


def test_the_batch_is_a_table_whose_masks_lie_on_the_shapes(world):
    record = world.headless.record("batch_predictions")
    rows = list(csv.DictReader(io.StringIO(world.store.read(record["predictions"]).decode())))
    assert {row["image"] for row in rows} == set(record["etags"])
    assert world.numbers("batch_predictions")["regions"] == sum(bool(row["label"]) for row in rows)
    right = []
    for image, mask in {(row["image"], row["mask"]) for row in rows}:
        found = read_mask(world.store.read(mask), LABELS, (SIZE, SIZE))
        truth = draw_mask(world.truth[image.rpartition("/")[2]].boxes, LABELS, (SIZE, SIZE))
        right.append((found == truth).mean())
    assert numpy.mean(right) > 0.8


def test_the_endpoint_draws_what_it_sees_and_agrees_with_the_batch(world):
    sample = world.headless.record("evaluation")["sample"]
    answer = world.headless.predict(sample)
    drawn = Image.open(io.BytesIO(world.store.read(answer["picture"])))
    stored = Image.open(io.BytesIO(world.store.read(sample))).convert("RGB")
    assert drawn.size == stored.size and answer["regions"] >= 1
    changed = (numpy.asarray(drawn) != numpy.asarray(stored)).any(axis=2)
    assert 0 < changed.mean() < 0.9
    key = dg.AssetCheckKey(dg.AssetKey([world.loop.name, "live_endpoint"]), "endpoint_agrees_with_batch")
    [found] = world.instance.event_log_storage.get_latest_asset_check_execution_by_key([key]).values()
    assert found.event.dagster_event.event_specific_data.passed


def test_an_answer_leads_back_to_the_mask_and_the_worker_behind_it(world):
    image = next(iter(world.headless.record("train_split")["etags"]))
    found = explanation_of(world.loop, world.store.aws, image)
    assert found.nearest.same_bytes and found.nearest.image.uri == image
    told = dict(steps(found))
    assert set(told["its regions"].split(", ")) <= set(LABELS)
    assert told["training job"].startswith(world.numbers("trained_model")["training_job"])
    assert found.answers and not found.answers_gone
    assert as_json(found)["nearest_label"]["mask"] == found.nearest.image.mask_uri


def test_nothing_is_done_twice(world):
    def jobs() -> int:
        sagemaker = world.store.aws.client("sagemaker")
        mine = {"NameContains": world.loop.slug}
        return len(sagemaker.list_training_jobs(**mine)["TrainingJobSummaries"]) + len(
            sagemaker.list_transform_jobs(**mine)["TransformJobSummaries"]
        )

    before = jobs()
    world.headless.materialize("trained_model", "evaluation", "batch_predictions", "live_endpoint")
    assert jobs() == before
