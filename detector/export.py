"""Writes what the serving container needs: the network as ONNX, facts about it, the code to serve it; and the
weights, for a training that goes on from them."""

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import torch
from model import Detector
from networks import OWN
from pretrained import write_weights
from settings import Settings
from torch import Tensor, nn

HERE = Path(__file__).parent


class Deployed(nn.Module):
    """The network as it is served: class scores between 0 and 1. Boxes are selected outside of it."""

    def __init__(self, detector: Detector):
        super().__init__()
        self.detector = detector

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        corners, logits = self.detector(image)
        return corners, logits.sigmoid()


def write_model(
    detector: Detector, settings: Settings, metrics: dict[str, float], chosen: dict[str, Any], folder: Path
) -> None:
    """Write model.onnx, model.json, weights.pt and code/ into ``folder``.

    ``chosen`` are the facts of :func:`scores.choose_scores`. The server gives every box whatever its score:
    they are for those who ask it.
    """
    write_onnx(Deployed(detector), settings.image_size, folder / "model.onnx", ["boxes", "scores"])
    write_weights(detector, settings, folder)
    write_facts(settings, metrics, chosen, folder / "model.json")
    write_code({"serve.py": "inference.py"}, folder / "code")


def write_facts(settings: Settings, metrics: dict[str, float], chosen: dict[str, Any], path: Path) -> None:
    facts = {
        "classes": list(settings.classes),
        "image_size": settings.image_size,
        "input": {
            "name": "image",
            "shape": ["pictures", settings.image_size, settings.image_size, 3],
            "type": "uint8",
            "colours": "RGB",
            "placement": "longer side scaled to image_size, upper left corner, rest grey (114)",
        },
        "backbone": backbone_facts(settings),
        "metrics": metrics,
    } | chosen
    path.write_text(json.dumps(facts, indent=2) + "\n")


def backbone_facts(settings: Settings) -> dict[str, str]:
    weights = Path(settings.backbone_weights).name if settings.backbone_weights else "none"
    return {"name": settings.backbone} | ({} if settings.backbone == OWN else {"weights": weights})


def write_code(files: dict[str, str], folder: Path) -> None:
    """Copy ``files`` of this folder, under the names that they are to have, and what they need."""
    folder.mkdir(exist_ok=True)
    for source, name in files.items():
        shutil.copy(HERE / source, folder / name)
    shutil.copy(HERE / "serve_requirements.txt", folder / "requirements.txt")


def write_onnx(network: nn.Module, image_size: int, path: Path, outputs: list[str]) -> None:
    """Export with any number of pictures as the first dimension; makes the file's folder.

    By the TorchScript exporter: it takes half a second where the newer one takes ten, too long between a
    job's SIGTERM and its end, and the older PyTorch of SageMaker's containers has it as well.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deployed = network.to("cpu", memory_format=torch.contiguous_format).eval()
    example = torch.zeros(2, image_size, image_size, 3, dtype=torch.uint8)
    names = ["image", *outputs]
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # of the exporter about its age and about values it takes for constants
        torch.onnx.export(
            deployed,
            (example,),
            path,
            dynamo=False,
            input_names=names[:1],
            output_names=names[1:],
            dynamic_axes={name: {0: "pictures"} for name in names},
            opset_version=18,
        )
