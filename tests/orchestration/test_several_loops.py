"""Loops side by side: a mistake in one takes no other down, and a new one is nothing but files."""

import shutil
from pathlib import Path

import pytest
import yaml
from dagster._core.code_pointer import FileCodePointer

from orchestration import workspace
from orchestration.loop import DEFAULT_LOOP, PROJECT, LoopError, load_loop
from orchestration.scaffold import add_loop, renamed
from orchestration.workspace import every_loop, named_loops, write_workspace
from tests.settings import LEAST

MASKS = PROJECT / "loops" / "packaging_masks.yaml"


@pytest.fixture
def written(tmp_path):
    def write(file: str, **changes) -> Path:
        path = tmp_path / "loops" / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(LEAST | changes))
        return path

    return write


def test_each_loop_is_a_code_location_of_its_own(tmp_path):
    loops = named_loops([DEFAULT_LOOP, MASKS, DEFAULT_LOOP])
    assert loops == {"foods_and_cosmetics": DEFAULT_LOOP, "packaging_masks": MASKS}
    entries = yaml.safe_load(write_workspace(tmp_path, loops).read_text())["load_from"]
    assert [entry["python_file"]["location_name"] for entry in entries] == list(loops)
    for entry in entries:
        location = entry["python_file"]
        definitions = FileCodePointer(
            location["relative_path"], "defs", location["working_directory"]
        ).load_target()
        graph = definitions.resolve_asset_graph()
        assert {key.path[0] for key in graph.get_all_asset_keys()} == {location["location_name"]}
        partitions = {node.partitions_def.name for node in graph.asset_nodes if node.partitions_def}
        assert partitions == {f"{location['location_name']}_batches"}


def test_two_loops_of_one_name_are_refused_before_they_share_anything(written):
    with pytest.raises(LoopError, match="a.yaml and .*b.yaml are both named foods"):
        named_loops([written("a.yaml"), written("b.yaml")])


def test_a_mistake_in_a_loop_that_was_not_asked_for_is_told_and_the_others_are_shown(
    written, tmp_path, monkeypatch
):
    monkeypatch.setattr(workspace, "PROJECT", tmp_path)
    good, bad = written("good.yaml"), written("wrong.yaml", labels=[])
    last = written("../last.yaml", name="mine")
    loops, problems = every_loop(last)
    assert loops == {"foods": good, "wrong": bad, "mine": last.resolve()}
    assert [problem.partition(": ")[::2][1][:7] for problem in problems] == ["labels:"]
    assert every_loop(tmp_path / "gone.yaml")[0] == {"foods": good, "wrong": bad}


@pytest.fixture
def project(tmp_path) -> Path:
    (tmp_path / "orchestration" / "locations").mkdir(parents=True)
    (tmp_path / "loops").mkdir()
    shutil.copy(PROJECT / "workspace.yaml", tmp_path)
    return tmp_path


def test_a_new_loop_is_a_file_a_module_and_an_entry(project):
    file = add_loop("bolts", MASKS, project)
    loop = load_loop(file)
    assert (loop.name, loop.bucket, loop.task) == ("bolts", "labelloop-bolts", "semantic_segmentation")
    assert "# pixel 0 is the background" in file.read_text() and "labelloop demo" not in file.read_text()
    entries = yaml.safe_load((project / "workspace.yaml").read_text())["load_from"]
    assert entries[-1]["python_module"] == {
        "module_name": "orchestration.locations.bolts",
        "location_name": "bolts",
    }
    assert "# One code location per loop" in (project / "workspace.yaml").read_text()
    module = (project / "orchestration" / "locations" / "bolts.py").read_text()
    ours = (PROJECT / "orchestration" / "locations" / "packaging_masks.py").read_text()
    assert module == ours.replace("packaging_masks", "bolts")


@pytest.mark.parametrize("like", sorted((PROJECT / "loops").glob("*.yaml")), ids=lambda file: file.stem)
def test_every_loop_of_ours_can_be_copied(like, tmp_path):
    old, file = load_loop(like), tmp_path / "bolts_2.yaml"
    file.write_text(renamed(like, "bolts_2"))
    new = load_loop(file)
    assert new.bucket == (old.bucket if old.review else "labelloop-bolts-2")
    assert new == old.model_copy(update={"name": "bolts_2", "bucket": new.bucket})


@pytest.mark.parametrize("name", ["My Loop", "../up", "2bolts", "b" * 33, ""])
def test_a_name_that_no_loop_can_have_is_refused(project, name):
    with pytest.raises(LoopError, match="small letters, digits and underscores"):
        add_loop(name, DEFAULT_LOOP, project)
    assert not list((project / "loops").iterdir())


def test_nothing_that_is_there_is_written_over(project):
    add_loop("bolts", DEFAULT_LOOP, project)
    workspace_text = (project / "workspace.yaml").read_text()
    with pytest.raises(LoopError, match="code location bolts already"):
        add_loop("bolts", DEFAULT_LOOP, project)
    (project / "loops" / "nuts.yaml").write_text("mine")
    with pytest.raises(LoopError, match="there is a loop nuts already"):
        add_loop("nuts", DEFAULT_LOOP, project)
    assert (project / "loops" / "nuts.yaml").read_text() == "mine"
    assert (project / "workspace.yaml").read_text() == workspace_text
