"""Stands in for SageMaker's built-in algorithm ``object-detection``: its hyperparameters, channels and metric
line, our detector.

The built-in trains an SSD with MXNet on GPUs; this trains the detector of this folder. What it has no use for
(the base network, the momentum, ...) is checked as the built-in checks it, and then named in the log.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/object-detection-api-config.html
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from data import DataProblem, Example, read_channel, read_examples
from settings import Settings
from train import BASE, channel, fail_clearly, run

IMAGES = {".jpg", ".jpeg", ".png"}


def whole(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.lstrip("-").isdigit() or int(text) < least:
            raise ValueError(f"must be a whole number of at least {least}")
        return int(text)

    return parse


def fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise ValueError("must be a number above 0 and up to 1")
    return value


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return parse


USED = {
    "num_classes": whole(1),
    "num_training_samples": whole(1),
    "epochs": whole(1),
    "learning_rate": fraction,
    "mini_batch_size": whole(1),
    "image_shape": whole(300),
}
NOT_USED = {
    "base_network": one_of("vgg-16", "resnet-50"),
    "use_pretrained_model": one_of("0", "1"),
    "label_width": whole(1),
    "optimizer": one_of("sgd", "adam", "rmsprop", "adadelta"),
    "momentum": fraction,
    "weight_decay": fraction,
    "nms_threshold": fraction,
    "overlap_threshold": fraction,
    "lr_scheduler_step": str,
    "lr_scheduler_factor": fraction,
    "early_stopping": one_of("True", "False", "true", "false"),
    "early_stopping_min_epochs": whole(1),
    "early_stopping_patience": whole(1),
    "early_stopping_tolerance": str,
    "freeze_layer_pattern": str,
    "kv_store": one_of("dist_sync", "dist_async"),
}


def main() -> None:
    values = parse(read_hyperparameters())
    settings = make_settings(values)
    examples = read(settings, "train")
    if len(examples) != values["num_training_samples"]:
        print(
            f"num_training_samples is {values['num_training_samples']}, but there are {len(examples)}",
            flush=True,
        )
    run(
        settings,
        examples,
        read(settings, "validation"),
        model_folder=Path(os.environ.get("SM_MODEL_DIR", BASE / "model")),
        checkpoint_folder=BASE / "checkpoints" if (BASE / "checkpoints").is_dir() else None,
        processes=0,
        report=print_quality,
        init_from=channel("model"),
    )


def read_hyperparameters() -> dict[str, str]:
    folder = Path(os.environ.get("SM_INPUT_CONFIG_DIR", BASE / "input" / "config"))
    given = json.loads((folder / "hyperparameters.json").read_text())
    return {name: str(value) for name, value in given.items()}


def parse(given: Mapping[str, str]) -> dict[str, object]:
    """Check all hyperparameters as the built-in does; ValueError names the one that is wrong."""
    parsers = USED | NOT_USED
    if unknown := sorted(set(given) - set(parsers)):
        raise ValueError(
            f"unknown hyperparameter {', '.join(unknown)}; known are {', '.join(sorted(parsers))}"
        )
    if missing := sorted({"num_classes", "num_training_samples"} - set(given)):
        raise ValueError(f"hyperparameter {', '.join(missing)} is required")
    values = {}
    for name, text in given.items():
        try:
            values[name] = parsers[name](text)
        except ValueError as error:
            raise ValueError(f"hyperparameter {name}={text!r} {error}") from None
    if unused := sorted(set(given) & set(NOT_USED)):
        print(f"accepted, but of no use to this detector: {', '.join(unused)}", flush=True)
    return values


def make_settings(values: Mapping[str, object]) -> Settings:
    """Our settings, with the built-in's defaults; the image size becomes the next multiple of 32."""
    return Settings(
        classes=tuple(str(number) for number in range(values["num_classes"])),
        epochs=values.get("epochs", 30),
        image_size=-(-values.get("image_shape", 300) // 32) * 32,
        batch_size=values.get("mini_batch_size", 32),
        learning_rate=values.get("learning_rate", 0.001),
    )


def read(settings: Settings, name: str) -> list[Example]:
    """Image mode if the channel's annotations come in a channel of their own, else an augmented manifest."""
    folder, annotations = channel(name), channel(f"{name}_annotation")
    if folder is None:
        raise ValueError(f"channel {name} is required")
    if annotations is None:
        return read_channel(folder, settings.image_size, settings.classes)
    return read_examples(image_pairs(folder, annotations), settings.image_size, settings.classes)


def image_pairs(folder: Path, annotations: Path) -> Iterator[tuple[str, bytes, str]]:
    """Images and their annotation files, which have the image's name but for the ending ``.json``."""
    images = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGES)
    for image in images:
        label = annotations / image.relative_to(folder).with_suffix(".json")
        if not label.is_file():
            raise DataProblem(
                f"channel {folder.name}: {image.name} has no {label.name} in {annotations.name}"
            )
        yield f"channel {folder.name}: {image.name}", image.read_bytes(), label.read_text()


def print_quality(epoch: int, facts: Mapping[str, float]) -> None:
    """The line from which SageMaker reads the built-in's metric validation:mAP; it counts epochs from 0."""
    for name, value in facts.items():
        if name == "validation:mAP":
            line = f"epoch={epoch - 1}, validation mAP <score>=({value})"
        else:
            line = f"epoch={epoch - 1}, {name.replace(':', ' ')}=({value})"
        print(f"#quality_metric: host={os.environ.get('SM_CURRENT_HOST', 'algo-1')}, {line}", flush=True)


if __name__ == "__main__":
    fail_clearly(main)
