"""Weights as a training leaves them in its model artifact, and as a later training may begin with them."""

import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import IO

import torch
from networks import OWN
from settings import Settings
from task import Task
from torch import Tensor, nn

FILE = "weights.pt"
# Of the learning rate from scratch: what was learned is to be adjusted, not learned anew.
GENTLE = 0.3


@dataclass(frozen=True)
class Pretrained:
    classes: tuple[str, ...]
    base_width: int
    weights: dict[str, Tensor]
    backbone: str = OWN


def write_weights(model: nn.Module, settings: Settings, folder: Path) -> None:
    weights = {name: value.cpu() for name, value in model.state_dict().items()}
    facts = {
        "classes": list(settings.classes),
        "base_width": settings.base_width,
        "backbone": settings.backbone,
    }
    torch.save(facts | {"weights": weights}, folder / FILE)


def read_pretrained(channel: Path) -> Pretrained:
    """From a folder that holds an artifact, unpacked or as its one ``*.tar.gz``. ValueError if there is none,
    or if it holds no weights that this program wrote."""
    archives = sorted(channel.glob("*.tar.gz"))
    plain = channel / FILE
    if plain.is_file():
        with plain.open("rb") as file:
            return _load(file, str(plain))
    if len(archives) != 1:
        raise ValueError(
            f"init_from {channel}: expected {FILE} or one *.tar.gz, found {len(archives)} of these"
        )
    try:
        with tarfile.open(archives[0]) as archive:
            names = [name for name in archive.getnames() if name.removeprefix("./") == FILE]
            file = archive.extractfile(names[0]) if names else None
            if file is None:
                raise ValueError(f"init_from {archives[0]}: it holds no {FILE}: another program wrote it")
            return _load(file, str(archives[0]))
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ValueError(f"init_from {archives[0]}: not a readable archive: {error}") from error


def _load(file: IO[bytes], name: str) -> Pretrained:
    try:
        held = torch.load(file, map_location="cpu", weights_only=True)
        backbone = held.get("backbone", OWN)  # earlier versions had no other
        return Pretrained(tuple(held["classes"]), held["base_width"], held["weights"], backbone)
    except (UnpicklingError, RuntimeError, KeyError, TypeError, EOFError) as error:
        raise ValueError(f"init_from {name}: {FILE} cannot be read: {error}") from error


@torch.no_grad()
def adopt(task: Task, model: nn.Module, settings: Settings, pretrained: Pretrained) -> None:
    """Give a fresh network what an earlier one has learned. What is one row per class goes by the classes'
    names: new classes keep their fresh rows. ValueError for a network of another shape."""
    for name in ("backbone", "base_width"):
        wanted, there = getattr(settings, name), getattr(pretrained, name)
        if there != wanted:
            raise ValueError(f"{name} {wanted}: the model in init_from has {name} {there}")
    state = model.state_dict()
    if set(state) != set(pretrained.weights):
        raise ValueError("init_from: the model there is another network")
    new, old = _same_names(settings.classes, pretrained.classes)
    for name, fresh in state.items():
        value = pretrained.weights[name].to(fresh.device)
        if task.is_by_class(name):
            fresh[new] = value[old]
        elif value.shape != fresh.shape:
            raise ValueError(
                f"init_from: {name} is {tuple(value.shape)} there, {tuple(fresh.shape)} is needed"
            )
        else:
            fresh.copy_(value)


def _same_names(classes: Sequence[str], before: Sequence[str]) -> tuple[list[int], list[int]]:
    """The places of the classes known before, now and then."""
    known = [name for name in classes if name in before]
    return [classes.index(name) for name in known], [before.index(name) for name in known]
