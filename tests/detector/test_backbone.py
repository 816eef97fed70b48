"""Networks of other libraries see for the detector, with the weights of a file, in training and served."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch  # noqa: TID253
from detection import DETECTION
from inference_toolkit import Model
from networks import find_network
from pretrained import Pretrained, adopt, read_pretrained
from published import backbone_of, find_file, load_weights
from segmentation import SEGMENTATION
from settings import Settings
from torch import nn  # noqa: TID253

from .conftest import CLASSES, draw_shapes, jpeg, write_manifest_folder
from .masks import write_mask_folder
from .training import train_here

STRIDES = (8, 16, 32)
SETTINGS = Settings(classes=tuple(CLASSES), image_size=128, batch_size=4, base_width=8, epochs=1)
NETWORKS = {"torchvision": "resnet18", "timm": "mobilenetv3_small_100"}


@pytest.fixture(params=NETWORKS)
def library(request, libraries) -> str:
    return libraries(request.param)


@pytest.fixture
def torchvision(libraries):
    return libraries("torchvision")


def whole_network(library: str) -> nn.Module:
    """With its classifier, as its library publishes its weights."""
    torch.manual_seed(11)
    if library == "timm":
        import timm

        return timm.create_model(NETWORKS[library], pretrained=False)
    from torchvision.models import get_model

    return get_model(NETWORKS[library], weights=None)


def published_file(library: str, folder, name: str = "published.pth"):
    folder.mkdir(exist_ok=True)
    torch.save(whole_network(library).state_dict(), folder / name)
    return folder / name


def settings_with(library: str, **more) -> Settings:
    return replace(SETTINGS, backbone=f"{library}/{NETWORKS[library]}", **more)


def test_the_backbone_holds_the_files_values_and_sees_what_the_whole_network_sees(library, tmp_path):
    path = published_file(library, tmp_path)
    network = backbone_of(settings_with(library, backbone_weights=str(path)), STRIDES)
    held, state = torch.load(path, weights_only=True), network.module.state_dict()
    assert len(state) > 50 and set(network.published) == set(state)
    for name, value in state.items():
        assert torch.equal(value, held[network.published[name]]), name
    assert network.others and all("fc" in n or "conv_head" in n or "classifier" in n for n in network.others)
    pictures = torch.randn(2, 3, 96, 96)
    features = network.module.eval()(pictures)
    assert [96 // each.shape[-1] for each in features] == list(STRIDES)
    assert tuple(each.shape[1] for each in features) == network.channels
    assert torch.allclose(features[-1], deepest_features(library, pictures), atol=1e-5)


def deepest_features(library: str, pictures: torch.Tensor) -> torch.Tensor:
    network = whole_network(library).eval()
    if library == "timm":
        return network.blocks(network.bn1(network.conv_stem(pictures)))
    early = network.maxpool(network.relu(network.bn1(network.conv1(pictures))))
    return network.layer4(network.layer3(network.layer2(network.layer1(early))))


def test_without_a_file_every_run_of_a_seed_begins_alike(library):
    def begin() -> nn.Module:
        torch.manual_seed(5)
        return DETECTION.make_model(settings_with(library))

    one, other = begin().state_dict(), begin().state_dict()
    assert all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize("task", [DETECTION, SEGMENTATION], ids=["boxes", "masks"])
def test_every_part_of_the_network_learns(library, task):
    """What has no gradient is computed for nothing, and processes cannot average it."""
    network = task.make_model(settings_with(library))
    outputs = network(torch.randint(0, 255, (2, 128, 128, 3), dtype=torch.uint8))
    sum(each.square().mean() for each in (outputs if isinstance(outputs, tuple) else (outputs,))).backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []


def test_pictures_come_to_it_as_its_weights_expect_them(torchvision):
    backbone = DETECTION.make_model(settings_with("torchvision")).body.backbone
    seen = []
    backbone.network.register_forward_pre_hook(lambda module, arguments: seen.append(arguments[0]))
    backbone(torch.full((1, 3, 64, 64), 255.0))
    white = [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    assert seen[0][0, :, 0, 0].tolist() == pytest.approx(white)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["mobilenet_v3_small", "efficientnet_b0", "convnext_tiny", "regnet_y_400mf", "shufflenet_v2_x0_5"]
)
def test_networks_of_other_families_give_the_strides_of_masks_too(torchvision, name):
    network = find_network(f"torchvision/{name}", (4, *STRIDES))
    for module in (network.module.eval(), network.module.train()):
        features = module(torch.zeros(2, 3, 64, 64))
        assert [64 // each.shape[-1] for each in features] == [4, *STRIDES]
        assert tuple(each.shape[1] for each in features) == network.channels


@pytest.mark.slow
@pytest.mark.parametrize("task", [DETECTION, SEGMENTATION], ids=["boxes", "masks"])
def test_it_trains_in_two_processes_and_the_written_model_answers(library, task, tmp_path):
    weights = published_file(library, tmp_path / "backbone")
    write = write_manifest_folder if task is DETECTION else write_mask_folder
    shapes = write(tmp_path / "shapes", 4, copies=4)
    printed = train_here(
        *("--train", shapes, "--validation", shapes, "--model-dir", tmp_path / "model", "--processes", 2),
        *("--classes", json.dumps(CLASSES), "--image_size", 128, "--batch_size", 4, "--base_width", 8),
        *("--epochs", 5, "--augmentation", "none", "--backbone", f"{library}/{NETWORKS[library]}"),
        *("--backbone_weights", weights.name, "--backbone-dir", weights.parent),
        task=task,
    )
    assert f"backbone {library}/{NETWORKS[library]}, beginning with published.pth" in printed
    losses = [float(value) for value in re.findall(r"train:loss=([0-9.]+);", printed)]
    assert len(losses) == 5 and losses[-1] < 0.8 * losses[0]
    facts = json.loads((tmp_path / "model" / "model.json").read_text())
    assert facts["backbone"] == {"name": f"{library}/{NETWORKS[library]}", "weights": "published.pth"}
    assert library in facts["libraries"]
    check_that_it_answers(task, tmp_path / "model")


def check_that_it_answers(task, folder) -> None:
    """As the network that was trained, to the precision that onnxruntime computes in."""
    served = Model(folder / "code", "inference.py", str(folder))
    body, _ = served.answer(jpeg(draw_shapes(1)[0]), "image/jpeg", "*/*")
    assert len(body) > 50
    earlier = read_pretrained(folder)
    settings = replace(SETTINGS, backbone=earlier.backbone)
    model = task.make_model(settings)
    adopt(task, model, settings, earlier)
    pictures = torch.from_numpy(np.array(draw_shapes(1)[0]))[None]
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    answers = session.run(None, {"image": pictures.numpy()})
    with torch.no_grad():
        outputs = model.eval()(pictures)
    first = outputs[0] if isinstance(outputs, tuple) else outputs
    assert np.allclose(answers[0], first.numpy(), atol=1e-2)


def test_an_earlier_model_with_another_backbone_is_refused_by_name(torchvision):
    settings = settings_with("torchvision")
    model, own = DETECTION.make_model(settings), DETECTION.make_model(SETTINGS).state_dict()
    with pytest.raises(ValueError, match="torchvision/resnet18: the model in init_from has backbone own"):
        adopt(DETECTION, model, settings, Pretrained(settings.classes, 8, own))


def test_a_file_of_another_network_is_refused_with_the_layers_that_differ(torchvision, tmp_path):
    from torchvision.models import get_model

    network = find_network("torchvision/resnet18", STRIDES)
    for other, problem in [
        ("resnet34", r"this backbone has no layer layer1\.2\.bn1\.bias, .* and \d+ more"),
        ("resnet50", r"this backbone has no layer layer1\.0\.bn3"),
        ("wide_resnet50_2", "this backbone has no layer"),
    ]:
        torch.save(get_model(other, weights=None).state_dict(), tmp_path / f"{other}.pth")
        with pytest.raises(ValueError, match=f"backbone_weights {other}.pth: {problem}"):
            load_weights(network, tmp_path / f"{other}.pth")
    state = get_model("resnet18", weights=None).state_dict()
    torch.save(state | {"conv1.weight": torch.zeros(64, 1, 7, 7)}, tmp_path / "grey.pth")
    with pytest.raises(ValueError, match=r"conv1.weight \(64, 1, 7, 7\) where \(64, 3, 7, 7\) is needed"):
        load_weights(network, tmp_path / "grey.pth")
    del state["layer2.0.conv1.weight"]
    torch.save(state, tmp_path / "cut.pth")
    with pytest.raises(ValueError, match="it has no layer layer2.0.conv1.weight"):
        load_weights(network, tmp_path / "cut.pth")
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "run.pth")
    with pytest.raises(ValueError, match="run.pth: expected a state dict, tensors by name and nothing else"):
        load_weights(network, tmp_path / "run.pth")


def test_a_file_of_safetensors_is_read_as_well(torchvision, tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    state = whole_network("torchvision").state_dict()
    safetensors.save_file(state, tmp_path / "published.safetensors")
    network = find_network("torchvision/resnet18", STRIDES)
    load_weights(network, tmp_path / "published.safetensors")
    assert torch.equal(network.module.state_dict()["network.conv1.weight"], state["conv1.weight"])
    (tmp_path / "published.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ValueError, match="published.safetensors: it cannot be read"):
        load_weights(network, tmp_path / "published.safetensors")


class Harmful:
    def __reduce__(self):
        return print, ("this ran",)


def test_a_file_that_brings_code_runs_none_of_it(torchvision, tmp_path, capsys):
    torch.save({"conv1.weight": Harmful()}, tmp_path / "harmful.pth")
    with pytest.raises(ValueError, match="harmful.pth: it is no file of PyTorch, or holds more than tensors"):
        load_weights(find_network("torchvision/resnet18", STRIDES), tmp_path / "harmful.pth")
    assert "this ran" not in capsys.readouterr().out


def test_a_network_that_is_not_there_or_does_not_fit_is_refused_by_name(torchvision):
    for name, problem in [
        (
            "resnet81",
            r"'resnet81' is none of the \d+ .* of torchvision; did you mean .*resnet18",
        ),
        ("fasterrcnn_resnet50_fpn", "is none of the"),
        ("vit_b_16", "torchvision/vit_b_16: it cannot be taken apart at pictures of 128 pixels"),
        ("squeezenet1_1", r"it has no features at strides .*, which are needed; it has "),
    ]:
        with pytest.raises(ValueError, match=problem):
            find_network(f"torchvision/{name}", STRIDES)


@pytest.mark.parametrize("name", ["resnet18", "keras/resnet18", "torchvision/", ""])
def test_what_names_no_library_is_refused_before_anything_is_read(name):
    with pytest.raises(ValueError, match=re.escape(f"backbone {name!r} is not one of own, torch")):
        replace(SETTINGS, backbone=name)


def test_a_library_that_is_not_there_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ValueError, match=r"timm/resnet18: timm cannot be imported here .* build for torch"):
        find_network("timm/resnet18", STRIDES)


def test_weights_for_our_own_backbone_or_in_no_folder_are_refused(tmp_path):
    with pytest.raises(ValueError, match="backbone_weights a.pth: the backbone own has none to read"):
        replace(SETTINGS, backbone_weights="a.pth")
    with pytest.raises(ValueError, match="backbone_weights a.pth: there is neither a channel backbone nor"):
        find_file("a.pth", tmp_path / "backbone")
    (tmp_path / "b.pth").touch()
    with pytest.raises(ValueError, match=r"backbone_weights a.pth: .* holds b.pth"):
        find_file("a.pth", tmp_path)
