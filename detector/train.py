"""Train the detector: the program of a SageMaker training job, or by hand.

    python train.py --train FOLDER --validation FOLDER --model-dir model --epochs 25

Such a folder holds images and one augmented manifest. In a training job, hyperparameters come as arguments,
and channels and folders from the environment that the SageMaker training toolkit sets.
"""

import argparse
import json
import os
import platform
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy
import PIL
import torch
from augmentation import STRENGTHS
from checkpoints import Checkpoints
from data import class_names
from detection import DETECTION
from hosts import Hosts, read_hosts
from networks import LIBRARIES, OWN
from precision import cpu_computes_in_bfloat16
from pretrained import Pretrained, read_pretrained
from published import find_file
from settings import EPOCHS, ORIENTATIONS, Settings
from task import Task
from team import Team, run_team
from torch import nn
from training import Progress, Report, train

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise ValueError(f"arguments: {message}")


def main(arguments: Sequence[str] | None = None, task: Task = DETECTION) -> None:
    options = parse(arguments)
    settings = Settings(
        classes=options.classes or tuple(class_names(options.train)),
        epochs=options.epochs,
        minutes=options.minutes,
        image_size=options.image_size,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        augmentation=options.augmentation,
        orientation=options.orientation,
        base_width=options.base_width,
        patience=options.patience,
        seed=options.seed,
        backbone=options.backbone,
        backbone_weights=weights_of(options),
    )
    examples = task.read_channel(options.train, settings.image_size, settings.classes)
    validation = []
    if options.validation:
        validation = task.read_channel(options.validation, settings.image_size, settings.classes)
    run(
        settings,
        examples,
        validation,
        model_folder=options.model_dir,
        checkpoint_folder=options.checkpoint_dir,
        processes=options.processes,
        report=print_facts,
        task=task,
        init_from=options.init_from,
    )


def run(
    settings: Settings,
    examples: Sequence,
    validation: Sequence,
    *,
    model_folder: Path,
    checkpoint_folder: Path | None,
    processes: int,
    report: Report,
    task: Task = DETECTION,
    init_from: Path | None = None,
) -> None:
    """Train with ``processes`` processes (0: one per core; one on a GPU) and write the best model.

    ``report`` is called after every epoch, and once more with what the written model scored. Of several
    hosts, each is to run this with the same settings and examples; the first one reports and writes.
    ``init_from`` is a folder with the artifact of the model to begin with.
    """
    if not examples:
        raise ValueError("the train channel holds no images")
    hosts = read_hosts(BASE)
    if settings.batch_size < hosts.count:
        raise ValueError(
            f"batch_size {settings.batch_size} is less than one image for each of {hosts.count} hosts"
        )
    pretrained = read_pretrained(init_from) if init_from else None
    most = settings.batch_size // hosts.count
    size = 1 if torch.cuda.is_available() else min(processes or cores(), most)
    print(f"train: {task.describe(examples)}; validation: {task.describe(validation)}", flush=True)
    print(f"{settings.length} on {hardware(size)}{at(hosts)}", flush=True)
    if settings.backbone != OWN:
        print(f"backbone {settings.backbone}, {beginning(settings)}", flush=True)
    if pretrained:
        print(f"beginning with a model of {', '.join(pretrained.classes)}", flush=True)
    model, progress = run_team(
        size, work, task, settings, examples, validation, pretrained, checkpoint_folder, report, hosts=hosts
    )
    if not hosts.leads:
        return
    facts = progress.best_choices | {"libraries": libraries()}
    task.write_model(model, settings, progress.best_metrics, facts, model_folder)
    print("written: the model of", flush=True)
    report(progress.best_epoch, progress.best_metrics)


def work(
    team: Team,
    task: Task,
    settings: Settings,
    examples: Sequence,
    validation: Sequence,
    pretrained: Pretrained | None,
    checkpoint_folder: Path | None,
    report: Report,
) -> tuple[nn.Module, Progress]:
    """What every process of the team does. SIGTERM ends the run early, with a model."""
    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: asked_to_end.set())
    counts = set(team.gather((len(examples), len(validation))))
    if len(counts) > 1:
        raise ValueError(
            f"the hosts hold different images, {sorted(counts)} of train and validation: "
            "each needs all of them (S3DataDistributionType FullyReplicated)"
        )
    checkpoints = Checkpoints(checkpoint_folder, settings) if checkpoint_folder else None
    return train(
        team,
        settings,
        examples,
        validation,
        task=task,
        pretrained=pretrained,
        checkpoints=checkpoints,
        report=report,
        stopping=asked_to_end.is_set,
    )


def print_facts(epoch: int, facts: dict[str, float]) -> None:
    """One line that metric definitions can read: epoch=3; validation:mAP=0.41; train:loss=1.93;"""
    print(f"epoch={epoch};", *(f"{name}={value:.4f};" for name, value in facts.items()), flush=True)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(description=__doc__.partition("\n")[0])
    parser.add_argument("--classes", type=labels, help='JSON: ["ingredients", ...] in class-id order')
    parser.add_argument("--epochs", type=int, help=f"{EPOCHS}, unless minutes are given")
    parser.add_argument("--minutes", type=float, help="as many steps as fit, instead of epochs")
    parser.add_argument("--image_size", type=int, default=Settings.image_size, help="multiple of 32")
    parser.add_argument("--batch_size", type=int, default=Settings.batch_size)
    parser.add_argument("--learning_rate", type=float, default=Settings.learning_rate)
    parser.add_argument("--augmentation", choices=("auto", *STRENGTHS), default=Settings.augmentation)
    parser.add_argument(
        "--orientation",
        choices=ORIENTATIONS,
        default=Settings.orientation,
        help="any: pictures have no upper side",
    )
    parser.add_argument(
        "--base_width", type=int, default=Settings.base_width, help="channels of the first layer"
    )
    parser.add_argument(
        "--patience", type=int, default=Settings.patience, help="evaluations without gain that end the run"
    )
    parser.add_argument(
        "--backbone", default=OWN, help="or torchvision/NETWORK, timm/NETWORK: where the container has that"
    )
    parser.add_argument(
        "--backbone_weights",
        help="the name of a file in --backbone-dir, as torchvision and timm publish them",
    )
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--processes", type=int, default=0, help="0: one per core")
    parser.add_argument("--train", type=Path, default=channel("train"))
    parser.add_argument("--validation", type=Path, default=channel("validation"))
    parser.add_argument(
        "--init_from",
        type=Path,
        default=channel("model"),
        help="folder of the artifact of an earlier model",
    )
    parser.add_argument("--backbone-dir", type=Path, default=channel("backbone"), help="default: backbone")
    parser.add_argument("--model-dir", type=Path, default=os.environ.get("SM_MODEL_DIR", BASE / "model"))
    checkpoints = BASE / "checkpoints"
    parser.add_argument("--checkpoint-dir", type=Path, default=checkpoints if checkpoints.is_dir() else None)
    options = parser.parse_args(arguments)
    if options.train is None:
        parser.error("no train channel: there is neither --train nor SM_CHANNEL_TRAIN")
    if options.classes is None and not options.train.is_dir():
        parser.error("--classes is required when the train channel is a pipe")
    return options


def channel(name: str) -> Path | None:
    folder = os.environ.get(f"SM_CHANNEL_{name.upper()}")
    return Path(folder) if folder else None


def weights_of(options: argparse.Namespace) -> str | None:
    return options.backbone_weights and str(find_file(options.backbone_weights, options.backbone_dir))


def beginning(settings: Settings) -> str:
    if settings.backbone_weights:
        return f"beginning with {Path(settings.backbone_weights).name}"
    return "beginning at random: there are no backbone_weights"


def labels(text: str) -> tuple[str, ...]:
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise argparse.ArgumentTypeError(f"expected a JSON list of names, not {text!r}")
    return tuple(names)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def libraries() -> dict[str, str]:
    """What trains and the versions of it, for the model's card."""
    modules = {"torch": torch, "numpy": numpy, "pillow": PIL}
    modules |= {name: sys.modules[name] for name in LIBRARIES if name in sys.modules}
    return {"python": platform.python_version()} | {
        name: str(module.__version__) for name, module in modules.items()
    }


def hardware(processes: int) -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{processes} processes, {'bfloat16' if cpu_computes_in_bfloat16() else 'single precision'}"


def at(hosts: Hosts) -> str:
    return f" of {hosts.current}, one of {hosts.count} hosts" if hosts.count > 1 else ""


def fail_clearly(program: Callable[[], None]) -> None:
    """Run a program; on an error write the reason where SageMaker looks for it, and exit with status 1."""
    try:
        program()
    except Exception as error:
        expected = isinstance(error, ValueError)
        reason = str(error) if expected else f"{type(error).__name__}: {error}"
        if expected:
            print(f"error: {reason}", file=sys.stderr, flush=True)
        else:
            traceback.print_exc()
        folder = Path(os.environ.get("SM_OUTPUT_DIR", BASE / "output"))
        if folder.is_dir():
            (folder / "failure").write_text(reason[:1024])
        sys.exit(1)


if __name__ == "__main__":
    fail_clearly(main)
