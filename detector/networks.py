"""Networks of torchvision and timm as a backbone, without their classifiers.

``torchvision/resnet18``, ``timm/mobilenetv3_small_100``: each by its library's name and its own. The
detector's own backbone needs neither library.
"""

import difflib
import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

OWN = "own"
LIBRARIES = ("torchvision", "timm")
PROBE = 128  # pixels: at strides up to 32, no features are as small as what a classifier pools
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
Shade = tuple[float, float, float]


@dataclass(frozen=True)
class Network:
    """``module`` takes normalised pictures (n, 3, height, width) and gives one tensor per stride."""

    module: nn.Module
    channels: tuple[int, ...]  # of each of these tensors
    normal: tuple[
        Shade, Shade
    ]  # mean and deviation of red, green, blue (0-1) that the weights were trained with
    published: Mapping[str, str]  # the names of the module's state, and those of published weights
    others: frozenset[str]  # names of published weights that a backbone has no use for


def check_name(name: str) -> None:
    """ValueError unless it is ``own`` or names a library and a network of it."""
    library, _, network = name.partition("/")
    if name != OWN and (library not in LIBRARIES or not network):
        known = ", ".join(f"{each}/NETWORK" for each in LIBRARIES)
        raise ValueError(f"backbone {name!r} is not one of {OWN}, {known}")


def find_network(name: str, strides: Sequence[int]) -> Network | None:
    """A network with random weights; None for our own. ValueError for a library that is not there, a network
    that it has not, and one that has not these strides."""
    check_name(name)
    if name == OWN:
        return None
    library, _, network = name.partition("/")
    find = {"torchvision": _find_in_torchvision, "timm": _find_in_timm}[library]
    try:
        _check_library(library)
        return find(network, strides)
    except ValueError as error:
        raise ValueError(f"backbone {name}: {error}") from error


def _check_library(library: str) -> None:
    try:
        importlib.import_module(library)
    except (ImportError, OSError, RuntimeError) as error:
        raise ValueError(
            f"{library} cannot be imported here ({error}); "
            f"it must be there, and be the build for torch {torch.__version__}"
        ) from error


def _find_in_torchvision(name: str, strides: Sequence[int]) -> Network:
    from torchvision import models
    from torchvision.models import feature_extraction as extraction

    _check_known(name, models.list_models(module=models), "classification networks of torchvision")
    whole = models.get_model(name, weights=None)
    try:
        nodes = _common(*extraction.get_graph_node_names(whole))
        outputs = _probe(extraction.create_feature_extractor(whole, nodes))
    except Exception as error:  # whatever a network says to pictures of a size that it is not made for
        raise ValueError(f"it cannot be taken apart at pictures of {PROBE} pixels: {error}") from error
    last = {_stride(value): node for node, value in outputs.items()}
    _check_strides(strides, last)
    wanted = {last[stride]: str(stride) for stride in strides}
    module = _Listed(extraction.create_feature_extractor(whole, wanted))
    published = {f"network.{each}": each for each in module.network.state_dict()}
    channels = tuple(outputs[last[stride]].shape[1] for stride in strides)
    return _network(module, channels, IMAGENET, published, whole)


def _find_in_timm(name: str, strides: Sequence[int]) -> Network:
    import timm

    architecture = name.partition(".")[0]  # what follows names weights, not a network
    _check_known(architecture, timm.list_models(), "networks of timm")
    try:
        whole = timm.create_model(name, pretrained=False)
        found = timm.create_model(name, pretrained=False, features_only=True).feature_info.reduction()
        _check_strides(strides, found)
        places = [max(place for place, each in enumerate(found) if each == stride) for stride in strides]
        module = timm.create_model(name, pretrained=False, features_only=True, out_indices=places)
        outputs = _probe(module)
    except (RuntimeError, AttributeError, AssertionError, TypeError) as error:
        raise ValueError(f"timm gives no features of it at {PROBE} pixels: {error}") from error
    _check_strides(strides, map(_stride, outputs))
    # timm joins the names of some layers by an underscore where the published ones have a dot.
    plain = {each.replace(".", "_"): each for each in whole.state_dict()}
    published = {
        each: plain.get(each.removeprefix("model.").replace(".", "_"), each) for each in module.state_dict()
    }
    facts = whole.default_cfg
    channels = tuple(each.shape[1] for each in outputs)
    return _network(module, channels, (tuple(facts["mean"]), tuple(facts["std"])), published, whole)


class _Listed(nn.Module):
    """What gives its features by stride gives them in order."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> list[Tensor]:
        return list(self.network(pictures).values())


def _network(
    module: nn.Module,
    channels: tuple[int, ...],
    normal: tuple[Shade, Shade],
    published: Mapping[str, str],
    whole: nn.Module,
) -> Network:
    others = frozenset(whole.state_dict()) - set(published.values())
    return Network(module.train(), channels, normal, published, others)


@torch.no_grad()
def _probe(module: nn.Module):
    return module.eval()(torch.zeros(1, 3, PROBE, PROBE))


def _stride(value: object) -> int | None:
    """Of features (1, channels, height, width) of the probe."""
    if not isinstance(value, Tensor) or value.ndim != 4 or value.shape[2] != value.shape[3]:
        return None
    return PROBE // value.shape[2] if PROBE % value.shape[2] == 0 else None


def _common(one: Sequence[str], other: Sequence[str]) -> list[str]:
    also = set(other)
    return [each for each in one if each in also]


def _check_known(name: str, known: Iterable[str], what: str) -> None:
    known = list(known)
    if name not in known:
        near = difflib.get_close_matches(name, known)
        raise ValueError(
            f"{name!r} is none of the {len(known)} {what}"
            + (f"; did you mean {' or '.join(near)}?" if near else "")
        )


def _check_strides(wanted: Sequence[int], found: Iterable[int | None]) -> None:
    found = sorted({each for each in found if each})
    if missing := [each for each in wanted if each not in found]:
        raise ValueError(
            f"it has no features at strides {', '.join(map(str, missing))}, which are needed; "
            f"it has {', '.join(map(str, found)) or 'none'}"
        )
