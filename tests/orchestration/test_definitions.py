"""The code location loads fast, everywhere it is loaded from, and loops do not touch each other."""

import subprocess
import sys
import warnings
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import build_definitions
from orchestration.loop import PROJECT

HEAVY = ["torch", "sagemaker", "pandas", "onnx", "onnxruntime", "faster_coco_eval"]


@pytest.fixture
def dagster_home(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")


def test_a_loop_uses_nothing_of_dagster_that_may_still_change(loop):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # BetaWarning, PreviewWarning, DeprecationWarning
        dg.Definitions.validate_loadable(build_definitions(loop))


def test_the_code_location_loads_without_heavy_imports():
    code = f"import sys, orchestration.definitions; print([m for m in {HEAVY} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


@pytest.mark.parametrize(
    "command",
    [("dg", "check", "defs"), pytest.param(("dagster", "definitions", "validate"), marks=pytest.mark.slow)],
)
def test_dagsters_own_checks_pass(command, dagster_home):
    tool = Path(sys.executable).parent / command[0]
    result = subprocess.run([tool, *command[1:]], cwd=PROJECT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_two_loops_of_one_instance_share_no_asset_and_no_batch(loop):
    other = loop.model_copy(update={"name": "cosmetics", "bucket": "labelloop-cosmetics"})
    graphs = [build_definitions(each).resolve_asset_graph() for each in (loop, other)]
    assert not graphs[0].get_all_asset_keys() & graphs[1].get_all_asset_keys()
    batches = [
        {node.partitions_def.name for node in graph.asset_nodes if node.partitions_def} for graph in graphs
    ]
    assert batches == [{"foods_batches"}, {"cosmetics_batches"}]


def test_the_environment_chooses_the_loop(tmp_path, monkeypatch):
    text = (PROJECT / "loops" / "foods_and_cosmetics.yaml").read_text()
    path = tmp_path / "drinks.yaml"
    path.write_text(text.replace("name: foods_and_cosmetics", "name: drinks"))
    monkeypatch.setenv("LABELLOOP_LOOP", str(path))
    code = (
        "from orchestration.definitions import defs\n"
        "graph = defs().resolve_asset_graph()\n"
        "print({key.path[0] for key in graph.get_all_asset_keys()})"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert result.stdout.strip() == "{'drinks'}", result.stderr
