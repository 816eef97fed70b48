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
    assert written == {"model.onnx", "model.json", "weights.pt", "code/inference.py", "code/requirements.txt"}
    facts = json.loads((trained.model / "model.json").read_text())
    assert facts["classes"] == CLASSES and facts["image_size"] == 128
    last = re.findall(r"validation:mAP_50_95=([0-9.]+);", trained.printed)[-1]
    assert facts["metrics"]["validation:mAP_50_95"] == pytest.approx(float(last), abs=1e-4)
    assert set(facts["threshold"]["classes"]) == set(CLASSES) and facts["threshold"]["F1"] > 0.8
    for name, value in (("threshold", facts["threshold"]["score"]), ("F1", facts["threshold"]["F1"])):
        assert f"validation:{name}={value:.4f};" in trained.printed.splitlines()[-1]
    assert len(facts["calibration"]["scores"]) == len(facts["calibration"]["precision"]) >= 1


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
from itertools import count
from pathlib import Path
from checkpoints import Checkpoints
from data import read_channel
from settings import Settings
from team import run_team
from training import train

def digest(model):
    values = b"".join(value.numpy().tobytes() for value in model.state_dict().values())
    return hashlib.sha256(values).hexdigest()

def work(team, settings, examples, folder=None, last=None):
    kept = Checkpoints(folder, settings) if folder and team.leads else None
    steps = count(1)
    stopping = lambda: next(steps) == last and not team.leads
    model, _ = train(team, settings, examples, [], checkpoints=kept, stopping=stopping)
    return team.gather(digest(model))

settings = Settings(("ball", "box"), epochs=2, image_size=64, batch_size=3, base_width=4)
examples = read_channel(Path(sys.argv[1]), 64, settings.classes)
for _ in range(2):
    print(*run_team(2, work, settings, examples))
run_team(2, work, settings, examples, Path(sys.argv[2]), 3)
print(*run_team(2, work, settings, examples, Path(sys.argv[2])))
"""


def test_two_processes_end_with_one_model_and_the_same_one_again_even_if_interrupted(tmp_path):
    folder = write_manifest_folder(tmp_path / "shapes", 5)
    job = subprocess.run(
        [sys.executable, "-c", TWO_PROCESSES, folder, tmp_path / "checkpoints"],
        cwd=DETECTOR,
        capture_output=True,
        text=True,
        timeout=60,
    )
    digests = job.stdout.split()
    assert len(digests) == 6, job.stderr
    assert len(set(digests)) == 1


@pytest.mark.parametrize(
    ("who", "complaint"),
    [("not team.leads", "a training process ended with exit code 1"), ("team.leads", "ValueError: lost")],
)
def test_a_failing_process_fails_the_run_instead_of_hanging_it(who, complaint):
    program = f"""
import signal
from team import run_team
def work(team):
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    if {who}:
        raise ValueError("lost my share")
    return team.gather("here")
run_team(2, work)
"""
    job = subprocess.run(
        [sys.executable, "-c", program], cwd=DETECTOR, capture_output=True, text=True, timeout=60
    )
    assert job.returncode == 1
    assert "lost my share" in job.stderr and complaint in job.stderr


class Steps:
    """Counts the steps of a run, each a second on its clock, and stops it after ``last``."""

    def __init__(self, last: int = 10**6):
        self.last, self.count = last, 0

    def stopping(self) -> bool:
        self.count += 1
        return self.count == self.last

    def now(self) -> float:
        return float(self.count)


@pytest.mark.parametrize(
    "length", [{"epochs": 4}, pytest.param({"epochs": None, "minutes": 0.45}, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("last", [5, 6])
def test_an_interrupted_run_takes_the_steps_that_it_would_have_taken(examples, tmp_path, length, last):
    settings, images = Settings(**SMALL | length), examples
    last += 12 if settings.minutes else 0  # the steps that are timed, before there is a plan

    def run(folder: str, steps: Steps):
        return train(
            Team(),
            settings,
            images,
            images,
            checkpoints=Checkpoints(tmp_path / folder, settings),
            report=lambda epoch, _: epochs.append(epoch),
            stopping=steps.stopping,
            now=steps.now,
        )

    epochs: list[int] = []
    whole, expected = run("whole", at_once := Steps())
    expected_epochs, epochs = epochs, []
    run("parts", first := Steps(last))
    assert first.count == last
    resumed, progress = run("parts", second := Steps())
    assert first.count + second.count == at_once.count == expected.step
    assert epochs == expected_epochs
    assert progress.best_metrics == expected.best_metrics
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, resumed.state_dict()[name], rtol=0, atol=1e-6), name
    finished, _ = run("parts", third := Steps())
    assert third.count == 0, "what is done is not done again"
    assert torch.equal(finished.points, resumed.points)


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
