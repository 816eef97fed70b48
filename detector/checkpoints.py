"""Keeps a run on disk, so that an interrupted training job goes on where it was."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from settings import Settings


class Checkpoints:
    """One file in ``folder``: the last state of a run with these settings."""

    def __init__(self, folder: Path, settings: Settings):
        self.path = folder / "checkpoint.pt"
        self.settings = asdict(settings) | {"classes": list(settings.classes)}

    def save(self, state: dict[str, Any]) -> None:
        """Tensors, plain values, and lists and dicts of them."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        half_written = self.path.with_suffix(".new")
        torch.save(state | {"settings": self.settings}, half_written)
        os.replace(half_written, self.path)

    def load(self) -> dict[str, Any] | None:
        """The saved state, if there is one. ValueError if another run saved it."""
        if not self.path.exists():
            return None
        state = torch.load(self.path, map_location="cpu", weights_only=True)
        differing = [name for name, value in self.settings.items() if state["settings"].get(name) != value]
        if differing:
            raise ValueError(
                f"{self.path} is of another run: {', '.join(differing)} differ; remove it to start afresh"
            )
        return state
