"""A loop about masks asks its consolidation function for numpy and Pillow before anybody works for it."""

import dagster as dg
import pytest

from assets.functions import CONSOLIDATION_MEGABYTES, LAMBDAS, check_masks_can_be_read
from resources.aws import Aws
from resources.functions import Functions
from resources.roles import Roles

LACKING = """
import sys

sys.modules["numpy"] = None  # as on AWS Lambda without a layer
from real_handler import handle
"""


@pytest.fixture
def functions(stand_in_environment):
    return Functions(aws=Aws())


@pytest.fixture
def role(stand_in_environment):
    return Roles(aws=Aws()).ensure("functions-test", "functions-test")


def test_the_function_for_masks_has_what_masks_need(functions, role):
    folder = LAMBDAS / "consolidation"
    deployed = functions.deploy("SageMaker-masks", folder, role, megabytes=CONSOLIDATION_MEGABYTES)
    check_masks_can_be_read(functions, deployed.name)


def test_a_function_without_its_layer_stops_the_loop_before_people_work(functions, role, tmp_path):
    for path in (LAMBDAS / "consolidation").glob("*.py"):
        name = "real_handler.py" if path.name == "handler.py" else path.name
        (tmp_path / name).write_text(path.read_text())
    (tmp_path / "handler.py").write_text(LACKING)
    deployed = functions.deploy("SageMaker-masks-without-layer", tmp_path, role)
    with pytest.raises(dg.Failure, match="masks cannot be consolidated: .*numpy.* functions.layers"):
        check_masks_can_be_read(functions, deployed.name)
