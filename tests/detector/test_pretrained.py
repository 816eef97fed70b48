import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch  # noqa: TID253
from data import read_channel
from detection import DETECTION
from plan import first_plan
from pretrained import GENTLE, adopt, read_pretrained
from settings import Settings
from team import Team
from training import Run, evaluate, train

from .conftest import CLASSES, Trained, write_manifest_folder

LEARNED = Settings(classes=tuple(CLASSES), image_size=128, batch_size=4, base_width=8, epochs=1)


@pytest.fixture
def packed(trained: Trained, tmp_path) -> Path:
    """The channel of incremental training: a folder with the artifact as SageMaker packs it."""
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        archive.add(trained.model, arcname=".")
    return tmp_path


def fresh(settings: Settings) -> torch.nn.Module:
    torch.manual_seed(7)
    return DETECTION.make_model(settings)


def test_a_training_begins_with_what_the_earlier_model_knew(packed, trained, tmp_path):
    torch.set_num_threads(1)
    shapes = read_channel(write_manifest_folder(tmp_path / "shapes", 4), 128, CLASSES)
    model = fresh(LEARNED)
    assert evaluate(Team(), model, LEARNED, shapes)["validation:mAP"] < 0.1
    adopt(DETECTION, model, LEARNED, read_pretrained(packed))
    assert evaluate(Team(), model, LEARNED, shapes)["validation:mAP"] > 0.8
    _, progress = train(Team(), LEARNED, shapes, shapes, pretrained=read_pretrained(trained.model))
    assert progress.best_metrics["validation:mAP"] > 0.8, "one step from there"


def test_known_classes_keep_their_rows_and_new_ones_begin_afresh(packed):
    earlier = read_pretrained(packed)
    settings = replace(LEARNED, classes=("lid", "box", "ball"))
    model = fresh(settings)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    adopt(DETECTION, model, settings, earlier)
    for name, value in model.state_dict().items():
        if name.startswith("class_heads") and name.split(".")[2] == "2":
            assert torch.equal(value[1], earlier.weights[name][1])
            assert torch.equal(value[2], earlier.weights[name][0])
            assert torch.equal(value[0], before[name][0])
        else:
            assert torch.equal(value, earlier.weights[name]), name


def test_the_peak_of_the_rate_is_lower_than_from_scratch_and_so_it_stays_when_resumed(packed):
    def begin() -> Run:
        return Run(Team(), DETECTION, LEARNED, [None] * 8, [], now=lambda: 0.0)

    run, resumed = begin(), begin()
    run.begin_with(read_pretrained(packed))
    assert run.peak_rate == GENTLE * LEARNED.learning_rate < resumed.peak_rate
    resumed.restore(run.state())
    assert resumed.peak_rate == run.peak_rate and resumed.plan == first_plan(LEARNED, 2)


def test_another_base_width_is_refused_by_name(packed):
    settings = replace(LEARNED, base_width=10)
    with pytest.raises(ValueError, match="base_width 10: the model in init_from has base_width 8"):
        adopt(DETECTION, fresh(settings), settings, read_pretrained(packed))


def test_what_is_no_artifact_of_ours_is_named(packed, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    with pytest.raises(ValueError, match=r"expected weights.pt or one \*.tar.gz, found 0"):
        read_pretrained(other)
    (other / "model.tar.gz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="model.tar.gz: not a readable archive"):
        read_pretrained(other)
    with tarfile.open(other / "model.tar.gz", "w:gz") as archive:
        archive.add(__file__, arcname="model_algo_1-0000.params")
    with pytest.raises(ValueError, match="it holds no weights.pt: another program wrote it"):
        read_pretrained(other)
    shutil.copy(__file__, other / "weights.pt")
    with pytest.raises(ValueError, match="weights.pt cannot be read"):
        read_pretrained(other)
