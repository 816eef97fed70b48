"""Weights of a backbone as torchvision and timm publish them: a state dict, as .pth or as .safetensors."""

from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError

import torch
from networks import Network, find_network
from settings import Settings
from torch import Tensor

COUNTERS = "num_batches_tracked"  # older files have none, and nothing here depends on them
SHOWN = 3  # names in an error


def backbone_of(settings: Settings, strides: Sequence[int]) -> Network | None:
    """The network that the settings name, with its weights if they name a file; None for our own backbone.
    Raises ValueError."""
    network = find_network(settings.backbone, strides)
    if network and settings.backbone_weights:
        load_weights(network, Path(settings.backbone_weights))
    return network


def find_file(name: str, folder: Path | None) -> Path:
    """The file of that name in the channel or folder ``backbone``. ValueError if it is not there."""
    folder = folder or Path("backbone")
    if not folder.is_dir():
        raise ValueError(
            f"backbone_weights {name}: there is neither a channel backbone nor a folder {folder}"
        )
    held = sorted(path.name for path in folder.iterdir() if path.is_file())
    if name not in held:
        raise ValueError(f"backbone_weights {name}: {folder} holds {', '.join(held) or 'no file'}")
    return folder / name


def load_weights(network: Network, path: Path) -> None:
    """Give the network the file's weights. ValueError unless the file has all layers of the backbone, in
    their shapes, and none that the whole network has not."""
    held = read_weights(path)
    state = network.module.state_dict()
    needed = {name: public for name, public in network.published.items() if not public.endswith(COUNTERS)}
    unknown = set(held) - set(network.published.values()) - network.others
    others = [
        f"{public} {tuple(held[public].shape)} where {tuple(state[name].shape)} is needed"
        for name, public in needed.items()
        if public in held and held[public].shape != state[name].shape
    ]
    _refuse(path, "it has no layer", sorted(set(needed.values()) - set(held)))
    _refuse(path, "this backbone has no layer", sorted(unknown))
    _refuse(path, "another shape:", others)
    found = {name: held[public] for name, public in network.published.items() if public in held}
    network.module.load_state_dict(state | found)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name. ValueError for a file that holds anything else."""
    try:
        held = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    except UnpicklingError as error:
        raise ValueError(
            f"backbone_weights {path.name}: it is no file of PyTorch, or holds more than tensors, "
            "and nothing else is loaded"
        ) from error
    except (RuntimeError, OSError, EOFError) as error:
        raise ValueError(f"backbone_weights {path.name}: it cannot be read: {error}") from error
    if not isinstance(held, dict) or not all(isinstance(value, Tensor) for value in held.values()):
        raise ValueError(
            f"backbone_weights {path.name}: expected a state dict, tensors by name and nothing else"
        )
    return held


def _read_torch(path: Path) -> object:
    return torch.load(path, map_location="cpu", weights_only=True)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError as error:
        raise ValueError(
            f"backbone_weights {path.name}: the library safetensors is not installed here; give a .pth file"
        ) from error
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"backbone_weights {path.name}: it cannot be read: {error}") from error


def _refuse(path: Path, problem: str, names: Sequence[str]) -> None:
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        raise ValueError(f"backbone_weights {path.name}: {problem} {', '.join(names[:SHOWN])}{more}")
