"""Keeps a run on disk after every epoch, so that an interrupted training job goes on where it was."""

import os
from dataclasses import asdict
from pathlib import Path

import torch
from settings import Settings
from torch import nn


class Checkpoints:
    """One file in ``folder``: the last state, and the best weights so far."""

    def __init__(self, folder: Path, settings: Settings):
        self.path = folder / "checkpoint.pt"
        self.settings = asdict(settings) | {"classes": list(settings.classes)}

    def save(self, model: nn.Module, optimizer: torch.optim.Optimizer, progress) -> None:
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        state |= {"settings": self.settings, "progress": vars(progress)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        half_written = self.path.with_suffix(".new")
        torch.save(state, half_written)
        os.replace(half_written, self.path)

    def load(self, model: nn.Module, optimizer: torch.optim.Optimizer, progress) -> None:
        """Bring all three to the saved state, if there is one. ValueError if another run saved it."""
        if not self.path.exists():
            return
        state = torch.load(self.path, map_location=next(model.parameters()).device, weights_only=True)
        differing = [name for name, value in self.settings.items() if state["settings"].get(name) != value]
        if differing:
            raise ValueError(
                f"{self.path} is of another run: {', '.join(differing)} differ; remove it to start afresh"
            )
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        vars(progress).update(state["progress"])
