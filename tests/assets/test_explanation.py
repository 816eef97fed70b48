"""A prediction leads back to the answers that its model learned from, however the loop has gone on since."""

import json
import os
import random
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from PIL import Image

import assets.trained_model
from assets.explanation import Explanation
from assets.explanation_text import steps
from demo.crowd import run_crowd
from demo.noise import Noise
from orchestration.explain import explanation_of
from orchestration.headless import FROM_THE_LABELS, HeadlessLoop
from orchestration.loop import PROJECT, LoopError
from resources.aws import Aws
from resources.loop import Loop
from resources.object_store import ObjectStore
from tests.settings import LEAST
from vision.boxes import Box
from vision.exchange import write_coco
from vision.manifest import LabeledImage

pytestmark = pytest.mark.slow

PICTURES = 16
WIDTH, HEIGHT = 90, 80
LABELS = ["square", "bar"]

# A detector that learns nothing: it sees a square in the middle, and nothing on white paper.
TRAIN = '''
    from pathlib import Path

    INFERENCE = """
    import io, json
    from PIL import Image

    def model_fn(folder):
        pass

    def transform_fn(model, data, content_type, accept):
        white = Image.open(io.BytesIO(data)).convert("L").getextrema()[0] > 250
        boxes = [] if white else [[0, 0.9, 0.25, 0.25, 0.75, 0.75]]
        return json.dumps({"prediction": boxes}), accept
    """

    code = Path("/opt/ml/model/code")
    code.mkdir()
    (code / "inference.py").write_text(INFERENCE)
'''


def pattern(seed: int) -> Image.Image:
    """A picture that looks like none of the others."""
    small = Image.frombytes("L", (9, 8), random.Random(seed).randbytes(72))
    return small.resize((WIDTH, HEIGHT), Image.Resampling.NEAREST).convert("RGB")


def save(image: Image.Image, path: Path, form: str = "PNG") -> Path:
    image.save(path, form)
    return path


@dataclass
class World:
    loop: Loop
    headless: HeadlessLoop
    store: ObjectStore

    def uri(self, seed: int) -> str:
        return f"{self.loop.images_uri}{seed}.png"

    def explain(self, image: str | Path) -> Explanation:
        return explanation_of(self.loop, self.store.aws, str(image))

    def trained_on(self, label: str) -> list[int]:
        """The pictures of the train split that have a box of the label."""
        trained = self.headless.record("train_split")["etags"]
        return [seed for seed in range(PICTURES) if self.uri(seed) in trained and LABELS[seed % 2] == label]

    def drawn(self, answers: list[str]) -> list[dict]:
        """The boxes in answer files, which exist."""
        found = [self.store.read_json(uri) for uri in answers]
        contents = [answer["answerContent"]["boundingBox"] for file in found for answer in file["answers"]]
        return [box for content in contents for box in content["boundingBoxes"]]

    def numbers(self, asset: str) -> dict:
        key = dg.AssetKey([self.loop.name, asset])
        event = self.headless.instance.get_latest_materialization_event(key)
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}


@pytest.fixture(scope="module")
def world(stand_in, tmp_path_factory):
    """A loop whose endpoint is live. Workers see a box in each picture, further right in each."""
    folder = tmp_path_factory.mktemp("explained")
    loop = Loop(**LEAST | {"name": "explained", "bucket": "explained-loop", "labels": LABELS})
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        for name, value in stand_in.environment.items():
            patch.setenv(name, value)
        (folder / "detector").mkdir()
        (folder / "detector" / "train.py").write_text(textwrap.dedent(TRAIN))
        patch.setattr(assets.trained_model, "DETECTOR", folder / "detector")
        store = ObjectStore(aws=Aws())
        store.ensure_bucket(loop.bucket)
        truth = {}
        for seed in range(PICTURES):
            path = save(pattern(seed), folder / f"{seed}.png")
            store.write(f"{loop.images_uri}{path.name}", path.read_bytes(), "image/png")
            box = Box(LABELS[seed % 2], 20 + seed, 20, 40, 35)
            truth[path] = LabeledImage(path.name, WIDTH, HEIGHT, 3, (box,))
        write_coco(folder / "truth.json", LABELS, truth)
        headless = HeadlessLoop(loop, instance, store)

        def answer() -> None:
            perfect = Noise().scaled(0)
            run_crowd(truth=folder / "truth.json", workers=3, noise=perfect, job_prefix=loop.slug)

        headless.run(label=answer, announce=lambda text: None)
        yield World(loop, headless, store)


def test_every_label_names_the_answers_about_its_own_image(world):
    history = world.store.read_json(world.headless.record("labels")["history"])
    assert len(history) == PICTURES
    for seed in range(PICTURES):
        [origin] = history[world.uri(seed)]
        boxes = world.drawn(origin["answers"])
        assert [(box["left"], box["label"]) for box in boxes] == [(20 + seed, LABELS[seed % 2])] * 3
        for function in origin["functions"].values():
            assert len(function["sha256"]) == 1 and len(function["sha256"][0]) == 64
    shown = world.numbers("labeled_manifest")
    assert shown["answer_files"] == PICTURES
    assert len(list(world.store.list(shown["answers"]))) == PICTURES
    assert shown["consolidation_sha256"] == origin["functions"]["consolidation"]["sha256"][0]


def test_a_prediction_leads_to_the_answers_behind_the_training_label_that_looks_most_alike(world, tmp_path):
    seed = world.trained_on("square")[-1]
    again = save(pattern(seed).point(lambda level: level * 0.9), tmp_path / "again.jpg", "JPEG")
    found = world.explain(again)
    assert found.seen.label == "square"
    assert found.nearest.image.uri == found.image_now == world.uri(seed)
    assert not found.nearest.same_bytes and found.nearest.apart <= 5 and found.nearest.overlap > 0
    assert found.answers and {box["left"] for box in world.drawn(found.answers)} == {20 + seed}
    assert found.served.channels["train"] == world.headless.record("train_split")["manifest"]
    assert found.origin["job"] == world.numbers("labeled_manifest")["labeling_job"]


def test_bytes_that_were_trained_on_are_their_own_nearest_label_whatever_is_predicted(world):
    seed = world.trained_on("bar")[0]
    for name in (world.uri(seed), f"{world.loop.images}{seed}.png"):
        found = world.explain(name)
        assert found.nearest.same_bytes and found.nearest.image.uri == world.uri(seed)
    assert found.seen.label == "square" and found.nearest.box is None


def test_an_image_in_which_nothing_is_seen_is_explained_all_the_same(world, tmp_path):
    found = world.explain(save(Image.new("RGB", (60, 40), "white"), tmp_path / "white.png"))
    told = dict(steps(found))
    assert told["prediction"] == f"nothing scores {world.loop.score_floor} or more"
    assert "nothing is predicted" in told["chosen as"] and "too plain" in told["chosen as"]
    assert world.drawn(found.answers)


def test_the_endpoints_page_shows_the_chain_of_its_sample(world):
    rows = [record.data for record in world.numbers("live_endpoint")["explained_sample"].records]
    [answers] = [row["what"] for row in rows if row["step"] == "answers"]
    assert world.drawn([answers])


def test_the_command_prints_the_chain_as_text_and_as_json_whatever_the_files_name(world, stand_in, tmp_path):
    file = tmp_path / "loop.yaml"
    file.write_text(json.dumps(world.loop.model_dump(mode="json")))
    image = save(pattern(world.trained_on("square")[0]), tmp_path / "[red]a\x1b[31m\nanswers  x.png")

    def labelloop(*arguments: str) -> str:
        command = [sys.executable, "-m", "orchestration.cli", "explain", *arguments, "--loop", str(file)]
        result = subprocess.run(
            command, cwd=PROJECT, env=stand_in.environment | os.environ, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    told = json.loads(labelloop(str(image), "--json"))
    lines = labelloop(str(image)).splitlines()
    assert told["image"] == str(image) and told["answers"]
    assert lines[0].endswith(r"/[red]a\x1b[31m\nanswers  x.png") and not any("\x1b" in line for line in lines)
    assert [line.split()[1] for line in lines if line.startswith("answers")] == told["answers"]
    assert lines[-1].startswith("answers") and world.drawn(told["answers"])


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("none.png", "none.png: there is neither such a file nor an object s3://explained-loop/none.png"),
        ("s3://explained-loop", "there is neither"),
        (__file__, "test_explanation.py: not an image"),
    ],
)
def test_what_cannot_be_asked_about_is_named(world, image, message):
    with pytest.raises(LoopError, match=message):
        world.explain(image)


def test_the_live_model_is_explained_by_what_it_learned_from_when_a_newer_one_is_not_live(world, tmp_path):
    seed = world.trained_on("square")[0]
    image = tmp_path / "kept.png"
    image.write_bytes(world.store.read(world.uri(seed)))
    live = world.headless.record("trained_model")
    world.store.aws.client("s3").delete_object(Bucket=world.loop.bucket, Key=f"{world.loop.images}{seed}.png")
    world.headless.materialize("raw_images", *FROM_THE_LABELS, "trained_model")
    newer = world.headless.record("trained_model")
    assert newer["model"] != live["model"]

    found = world.explain(image)
    assert found.served.model == live["model"]
    assert list(found.served.channels.values()) == live["trained_on"] != newer["trained_on"]
    assert found.nearest.same_bytes and found.image_now is None
    assert {box["left"] for box in world.drawn(found.answers)} == {20 + seed}
    assert dict(steps(found))["labeled image"].startswith("gone")

    world.store.aws.client("s3").delete_object(
        Bucket=world.loop.bucket, Key=found.answers[0].partition(f"{world.loop.bucket}/")[2]
    )
    assert steps(world.explain(image))[-1] == ("answers", f"{found.answers[0]} (deleted since)")
