import json
import re
import signal
from pathlib import Path

import object_detection
import pytest
import serve
import torch  # noqa: TID253
from data import DataProblem
from train import cores

from .conftest import draw_shapes, jpeg, start_program

REQUIRED = {"num_classes": "2", "num_training_samples": "4"}


def write_image_mode(base: Path, name: str, count: int) -> dict[str, str]:
    """Channels of the built-in's image mode; returns what the container's environment says of them."""
    images, annotations = base / "input" / "data" / name, base / "input" / "data" / f"{name}_annotation"
    images.mkdir()
    annotations.mkdir()
    for seed in range(count):
        picture, label = draw_shapes(seed)
        (images / f"{seed}.jpg").write_bytes(jpeg(picture))
        label |= {"file": f"{seed}.jpg", "categories": [{"class_id": 0, "name": "ball"}]}
        (annotations / f"{seed}.json").write_text(json.dumps(label))
    return {
        f"SM_CHANNEL_{name.upper()}": str(images),
        f"SM_CHANNEL_{name.upper()}_ANNOTATION": str(annotations),
    }


@pytest.mark.slow
def test_a_stopped_job_of_two_processes_leaves_the_model_it_had(base):
    hyperparameters = REQUIRED | {"epochs": "5000", "mini_batch_size": "4", "optimizer": "adam"}
    (base / "input" / "config" / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    channels = write_image_mode(base, "train", 4) | write_image_mode(base, "validation", 2)
    job = start_program("object_detection.py", base=base, SM_MODEL_DIR=str(base / "model"), **channels)
    printed = ""
    for line in job.stdout:
        printed += line
        if "epoch=2," in line:
            job.send_signal(signal.SIGTERM)
            break
    printed += job.communicate(timeout=100)[0]
    assert job.returncode == 0, printed
    assert f"{min(cores(), 4)} processes" in printed
    assert "of no use to this detector: optimizer" in printed
    kept = torch.load(base / "checkpoints" / "checkpoint.pt", weights_only=True)
    assert len(kept["progress"]["losses"]) == 1, "the step at which it was stopped, of an epoch of one step"
    model = serve.model_fn(str(base / "model"))
    assert model.image_size == 320  # the built-in's 300, as far as our strides go
    assert isinstance(serve.predict_fn(serve.input_fn(jpeg(draw_shapes(0)[0]), "image/jpeg"), model), list)


def test_the_metric_line_is_the_built_ins(capsys):
    object_detection.print_quality(3, {"validation:mAP": 0.41, "train:loss": 1.5})
    printed = capsys.readouterr().out
    # As in the logs of AWS's notebooks, from which validation:mAP is read.
    pattern = r"#quality_metric: host=\S+, epoch=(\S+), validation mAP <score>=\((\S+)\)"
    assert re.findall(pattern, printed) == [("2", "0.41")]


def test_the_built_ins_defaults_hold():
    settings = object_detection.make_settings(object_detection.parse(REQUIRED))
    assert settings.classes == ("0", "1")
    assert (settings.epochs, settings.batch_size, settings.learning_rate) == (30, 32, 0.001)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"num_classes": "2"}, "hyperparameter num_training_samples is required"),
        (REQUIRED | {"epoch": "3"}, "unknown hyperparameter epoch; known are base_network, "),
        (REQUIRED | {"epochs": "0"}, "hyperparameter epochs='0' must be a whole number of at least 1"),
        (REQUIRED | {"learning_rate": "2"}, "hyperparameter learning_rate='2' must be a number above 0"),
        (REQUIRED | {"image_shape": "224"}, "image_shape='224' must be a whole number of at least 300"),
        (
            REQUIRED | {"base_network": "resnet-101"},
            "base_network='resnet-101' must be one of vgg-16, resnet-50",
        ),
    ],
)
def test_a_hyperparameter_the_built_in_refuses_is_refused(given, complaint):
    with pytest.raises(ValueError, match=complaint):
        object_detection.parse(given)


def test_an_image_without_annotation_file_is_named(base):
    write_image_mode(base, "train", 2)
    folder = base / "input" / "data"
    (folder / "train_annotation" / "1.json").unlink()
    with pytest.raises(DataProblem, match="channel train: 1.jpg has no 1.json in train_annotation"):
        list(object_detection.image_pairs(folder / "train", folder / "train_annotation"))
