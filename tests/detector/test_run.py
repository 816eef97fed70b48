import json
import re
import subprocess
import sys

import pytest
import torch  # noqa: TID253
from checkpoints import Checkpoints
from data import Example, read_channel
from settings import Settings
from team import Team
from train import parse
from training import train

from .conftest import CLASSES, DETECTOR, pairs, record, start_program, stream_channel, write_manifest_folder

SMALL = {"classes": tuple(CLASSES), "epochs": 4, "image_size": 64, "batch_size": 4, "base_width": 4}


@pytest.fixture
def examples(tmp_path) -> list[Example]:
    torch.set_num_threads(1)
    return read_channel(write_manifest_folder(tmp_path / "shapes", 6), 64, CLASSES)


def test_the_network_learns_four_pictures_by_heart(trained):
    losses = [float(value) for value in re.findall(r"train:loss=([0-9.]+);", trained.printed)]
    scores = [float(value) for value in re.findall(r"validation:mAP=([0-9.]+);", trained.printed)]
    assert len(losses) == 15 and losses[-1] < losses[0] / 3
    assert scores[-1] > 0.9


def test_a_run_writes_what_the_container_serves_and_says_what_it_is_worth(trained):
    written = {path.relative_to(trained.model).as_posix() for path in trained.model.rglob("*.*")}
    assert written == {"model.onnx", "model.json", "code/inference.py", "code/requirements.txt"}
    facts = json.loads((trained.model / "model.json").read_text())
    assert facts["classes"] == CLASSES and facts["image_size"] == 128
    last = re.findall(r"validation:mAP_50_95=([0-9.]+);", trained.printed)[-1]
    assert facts["metrics"]["validation:mAP_50_95"] == pytest.approx(float(last), abs=1e-4)


def test_a_corrupt_record_fails_the_job_with_its_name(base):
    channel = stream_channel(base, "train", pairs(2) + record(b"not a picture") + record(b"{}"))
    job = start_program("train.py", "--classes", '["ball", "box"]', base=base, SM_CHANNEL_TRAIN=str(channel))
    printed, _ = job.communicate(timeout=60)
    reason = (base / "output" / "failure").read_text()
    assert job.returncode == 1
    assert reason.startswith("channel train, pair 3: not a readable JPEG or PNG image (13 bytes)")
    assert f"error: {reason}" in printed and "Traceback" not in printed


TWO_PROCESSES = """
import sys, hashlib
from pathlib import Path
from data import read_channel
from settings import Settings
from team import run_team
from training import train

def digest(model):
    values = b"".join(value.numpy().tobytes() for value in model.state_dict().values())
    return hashlib.sha256(values).hexdigest()

def work(team, settings, examples):
    model, _ = train(team, settings, examples, [])
    return team.gather(digest(model))

settings = Settings(("ball", "box"), epochs=1, image_size=64, batch_size=3, base_width=4)
examples = read_channel(Path(sys.argv[1]), 64, settings.classes)
for _ in range(2):
    print(*run_team(2, work, settings, examples))
"""


def test_two_processes_end_with_one_model_and_the_same_one_again(tmp_path):
    folder = write_manifest_folder(tmp_path / "shapes", 5)
    job = subprocess.run(
        [sys.executable, "-c", TWO_PROCESSES, folder],
        cwd=DETECTOR,
        capture_output=True,
        text=True,
        timeout=60,
    )
    digests = job.stdout.split()
    assert len(digests) == 4, job.stderr
    assert len(set(digests)) == 1


def test_a_failing_process_fails_the_run_instead_of_hanging_it():
    program = """
from team import run_team
def work(team):
    if not team.leads:
        raise ValueError("lost my share")
    return team.gather("here")
run_team(2, work)
"""
    job = subprocess.run(
        [sys.executable, "-c", program], cwd=DETECTOR, capture_output=True, text=True, timeout=60
    )
    assert job.returncode == 1
    assert "lost my share" in job.stderr and "a training process ended with exit code 1" in job.stderr


def test_an_interrupted_run_ends_as_if_it_had_not_been_interrupted(examples, tmp_path):
    settings = Settings(**SMALL)
    whole, _ = train(Team(), settings, examples, examples)
    kept = Checkpoints(tmp_path / "checkpoints", settings)
    steps = iter(range(100))
    train(Team(), settings, examples, examples, checkpoints=kept, stopping=lambda: next(steps) == 5)
    epochs = []
    resumed, _ = train(
        Team(),
        settings,
        examples,
        examples,
        checkpoints=kept,
        report=lambda epoch, facts: epochs.append(epoch),
    )
    assert epochs == [3, 4]  # of two steps each: the sixth step was in the third
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_checkpoint_of_another_run_is_not_taken_for_ones_own(examples, tmp_path):
    kept = Checkpoints(tmp_path, Settings(**SMALL))
    train(Team(), Settings(**SMALL), examples, [], checkpoints=kept)
    other = Settings(**SMALL | {"classes": ("box", "ball"), "epochs": 5})
    with pytest.raises(ValueError, match="is of another run: classes, epochs differ"):
        train(Team(), other, examples, [], checkpoints=Checkpoints(tmp_path, other))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--train", "x"], "--classes is required"),
        (["--classes", '["a"]'], "no train channel"),
        (["--train", "x", "--classes", "a,b"], "expected a JSON list of names, not 'a,b'"),
        (["--train", "x", "--epoch_count", "3"], "unrecognized arguments: --epoch_count 3"),
        (["--train", "x", "--augmentation", "heavy"], "invalid choice: 'heavy'"),
    ],
)
def test_a_wrong_argument_is_named(arguments, complaint, monkeypatch):
    monkeypatch.delenv("SM_CHANNEL_TRAIN", raising=False)
    with pytest.raises(ValueError, match=complaint):
        parse(arguments)


@pytest.mark.parametrize(
    ("setting", "value", "complaint"),
    [
        ("epochs", 0, "epochs 0 is not positive"),
        ("classes", ("box", "box"), "classes must be different names"),
        ("base_width", 7, "base_width 7 is not a positive even number"),
        ("augmentation", "heavy", "augmentation 'heavy' is not one of auto, none, light, full"),
        ("minutes", 5.0, "epochs 4 and minutes 5.0: give only one of them"),
        ("patience", -1, "patience -1 is negative"),
    ],
)
def test_a_setting_that_cannot_be_trained_with_is_named(setting, value, complaint):
    with pytest.raises(ValueError, match=complaint):
        Settings(**SMALL | {setting: value})
