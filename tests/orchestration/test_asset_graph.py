"""The whole graph, as a file that a change has to touch: nothing about an asset changes unseen.

After a change that is meant, write the file anew and read its diff:

    UPDATE_SNAPSHOT=1 python -m pytest tests/orchestration/test_asset_graph.py
"""

import json
import os
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import FROM_THE_MODEL_ON, build_definitions
from resources.loop import Review

SNAPSHOT = Path(__file__).with_name("asset_graph.json")


def describe(definitions: dg.Definitions) -> dict:
    graph = definitions.resolve_asset_graph()
    nodes = sorted(graph.asset_nodes, key=lambda node: node.key.path)
    return {node.key.to_user_string(): describe_asset(graph, node) for node in nodes}


def describe_asset(graph, node) -> dict:
    checks = [graph.get_check_spec(key) for key in node.check_keys]
    return {
        "description": (node.description or "").partition("\n")[0],
        "deps": sorted(key.to_user_string() for key in node.parent_keys),
        "group": node.group_name,
        "kinds": sorted(node.kinds),
        "owners": node.owners,
        "code_version": node.code_version,
        "partitions": node.partitions_def.name if node.partitions_def else None,
        "automation": node.automation_condition.get_label() if node.automation_condition else None,
        "checks": {
            check.name: "blocks" if check.blocking else "warns"
            for check in sorted(checks, key=lambda check: check.name)
        },
    }


def test_the_asset_graph_changes_only_on_purpose(definitions):
    now = describe(definitions)
    if os.environ.get("UPDATE_SNAPSHOT"):
        SNAPSHOT.write_text(json.dumps(now, indent=2) + "\n")
    assert now == json.loads(SNAPSHOT.read_text()), __doc__


@pytest.mark.parametrize(
    "changes",
    [
        {"task": "image_classification"},
        {"review": Review(kind="verification", loop="other", attribute="boxes"), "labels": ["good", "bad"]},
    ],
    ids=["classes", "verification"],
)
def test_a_task_that_has_no_trainer_ends_with_its_splits_and_is_otherwise_the_same(loop, changes):
    boxes = json.loads(SNAPSHOT.read_text())
    model = {f"{loop.name}/{name}" for name in FROM_THE_MODEL_ON}
    definitions = build_definitions(loop.model_copy(update=changes))
    assert describe(definitions) == {key: asset for key, asset in boxes.items() if key not in model}
    assert "predict_image" not in {job.name for job in definitions.jobs}


@pytest.mark.parametrize(
    "changes",
    [
        {"task": "semantic_segmentation"},
        {"review": Review(kind="adjustment", loop="other", attribute="boxes")},
    ],
    ids=["masks", "corrected boxes"],
)
def test_masks_and_corrected_boxes_train_a_model_as_drawn_boxes_do(loop, changes):
    definitions = build_definitions(loop.model_copy(update=changes))
    assert describe(definitions) == json.loads(SNAPSHOT.read_text())
    assert "predict_image" in {job.name for job in definitions.jobs}


def test_every_asset_explains_itself_to_the_reader_of_the_ui(definitions):
    for key, asset in describe(definitions).items():
        assert len(asset["description"]) > 20, key
        assert asset["kinds"] and asset["owners"] and asset["code_version"], key
        assert asset["group"] != "default", key
