"""Pictures of coloured shapes, and the detector's folder as the place to import from, as in a container."""

import contextlib
import importlib.util
import io
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

DETECTOR = Path(__file__).resolve().parents[2] / "detector"
# Beside the detector, what a container's serving toolkit offers to it.
CONTAINERS = DETECTOR.parent / "localaws" / "sagemaker" / "containers"
sys.path.insert(0, str(DETECTOR))
sys.path.append(str(CONTAINERS))  # last: it has modules named like the detector's

CLASSES = ["ball", "box"]


def draw_shapes(seed: int, width: int = 128, height: int = 128) -> tuple[Image.Image, dict]:
    """Three shapes on noise, and their label as Ground Truth writes it: blue balls are 0, red boxes 1."""
    random = np.random.default_rng(seed)
    picture = Image.fromarray(random.integers(90, 140, (height, width, 3), dtype=np.uint8))
    pen, annotations = ImageDraw.Draw(picture), []
    for third in range(3):
        class_id = int(random.integers(2))
        across, down = (int(side) for side in random.integers(20, height // 3 - 2, 2))
        left, top = int(random.integers(0, width - across)), third * height // 3
        corners = (left, top, left + across, top + down)
        pen.rectangle(corners, fill=(220, 40, 40)) if class_id else pen.ellipse(corners, fill=(30, 60, 220))
        annotations.append({"class_id": class_id, "left": left, "top": top, "width": across, "height": down})
    size = [{"width": width, "height": height, "depth": 3}]
    return picture, {"image_size": size, "annotations": annotations}


def jpeg(picture: Image.Image, **options) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=95, **options)
    return stream.getvalue()


def record(data: bytes, flag: int = 0) -> bytes:
    """One RecordIO record, or with a flag one part of a record."""
    return struct.pack("<II", 0xCED7230A, flag << 29 | len(data)) + data + bytes(-len(data) % 4)


def pairs(count: int) -> bytes:
    """What a channel streams: image, label, image, label, ..."""
    shapes = [draw_shapes(seed) for seed in range(count)]
    return b"".join(record(jpeg(picture)) + record(json.dumps(label).encode()) for picture, label in shapes)


def write_manifest_folder(folder: Path, count: int, copies: int = 1) -> Path:
    """Images and an augmented manifest that lists each of them ``copies`` times."""
    folder.mkdir()
    lines = []
    for seed in range(count):
        picture, label = draw_shapes(seed)
        (folder / f"{seed}.jpg").write_bytes(jpeg(picture))
        metadata = {"class-map": {"0": "ball", "1": "box"}, "human-annotated": "yes"}
        line = {"source-ref": f"s3://shapes/{seed}.jpg", "shapes": label, "shapes-metadata": metadata}
        lines.append(json.dumps(line) + "\n")
    (folder / "output.manifest").write_text("".join(copies * lines))
    return folder


def start_program(program: str, *arguments: str, base: Path, **environment: str) -> subprocess.Popen:
    """Run a program of the detector as its container does: the source folder is the working directory."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
    return subprocess.Popen(
        [sys.executable, program, *arguments],
        cwd=DETECTOR,
        env=clean | {"SAGEMAKER_BASE_DIR": str(base), "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def make_base(folder: Path) -> Path:
    """What /opt/ml is in a container."""
    for name in ("output", "model", "checkpoints", "input/config", "input/data"):
        (folder / name).mkdir(parents=True)
    return folder


def stream_channel(base: Path, name: str, stream: bytes) -> Path:
    """A channel as Pipe mode shows it: a FIFO beside the channel's name, filled while it is read."""
    pipe = base / "input" / "data" / f"{name}_0"
    os.mkfifo(pipe)
    threading.Thread(target=pipe.write_bytes, args=(stream,), daemon=True).start()
    return pipe.with_name(name)


@pytest.fixture
def base(tmp_path) -> Path:
    return make_base(tmp_path / "ml")


@dataclass(frozen=True)
class Trained:
    model: Path
    checkpoint: Path
    printed: str


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Trained:
    """What a run by hand leaves behind that had time to learn four pictures by heart."""
    import train

    folder = tmp_path_factory.mktemp("trained")
    shapes = str(write_manifest_folder(folder / "shapes", 4, copies=4))
    printed, handler = io.StringIO(), signal.getsignal(signal.SIGTERM)
    with contextlib.redirect_stdout(printed):
        train.main(
            [
                *("--train", shapes, "--validation", shapes, "--model-dir", str(folder / "model")),
                *("--checkpoint-dir", str(folder / "checkpoints"), "--processes", "1", "--epochs", "15"),
                *("--image_size", "128", "--batch_size", "4", "--base_width", "8"),
                *("--learning_rate", "0.004", "--augmentation", "none"),
            ]
        )
    signal.signal(signal.SIGTERM, handler)
    return Trained(folder / "model", folder / "checkpoints" / "checkpoint.pt", printed.getvalue())


@pytest.fixture(scope="session")
def libraries() -> Callable[[str], str]:
    """Makes a library of networks importable; skips the test where it is not installed."""

    def find(name: str) -> str:
        if not importlib.util.find_spec("torchvision"):
            pytest.skip("torchvision is not installed")
        declare_operators()
        try:
            importlib.import_module(name)
        except ImportError as error:
            pytest.skip(f"{name} cannot be imported: {error}")
        return name

    return find


@cache
def declare_operators() -> None:
    """PyPI's torchvision for Linux is built for CUDA. Beside torch's CPU build its compiled operators cannot
    be loaded, and for want of their signatures it cannot be imported. The networks, which are plain torch,
    need none of them."""
    import torch

    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        for name in [each for each in sys.modules if each.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        declared.append(library)


declared = []  # they are gone with the object that declared them
