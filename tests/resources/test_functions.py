"""Deploying the same code twice changes nothing, and changed code is really deployed."""

import io
import os
import zipfile

import pytest

from resources.aws import Aws
from resources.functions import FunctionFailed, Functions, pack
from resources.roles import Roles


@pytest.fixture
def folder(tmp_path):
    source = tmp_path / "function"
    (source / "part").mkdir(parents=True)
    (source / "handler.py").write_text(
        "from part import answer\n\ndef handle(event, context):\n    return answer.ANSWER\n"
    )
    (source / "part" / "answer.py").write_text("ANSWER = 1\n")
    return source


def test_the_zip_of_the_same_files_has_the_same_bytes(folder):
    first = pack(folder)
    for path in folder.rglob("*.py"):
        os.utime(path, (0, 1_000_000_000))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "handler.pyc").write_bytes(b"compiled")
    assert pack(folder) == first
    assert zipfile.ZipFile(io.BytesIO(first)).namelist() == ["handler.py", "part/answer.py"]


def test_an_empty_folder_is_not_deployed(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no file to deploy"):
        pack(tmp_path)


def test_only_changed_code_is_deployed_again(stand_in_environment, folder):
    functions = Functions(aws=Aws())
    role = Roles(aws=Aws()).ensure("functions-test", "functions-test")
    invoke = Aws().client("lambda").invoke

    first = functions.deploy("SageMaker-functions-test", folder, role)
    again = functions.deploy("SageMaker-functions-test", folder, role)
    assert (first.deployed, again.deployed) == (True, False)
    assert (first.arn, first.sha256) == (again.arn, again.sha256)
    assert invoke(FunctionName=first.name, Payload=b"{}")["Payload"].read() == b"1"

    (folder / "part" / "answer.py").write_text("ANSWER = 2\n")
    changed = functions.deploy("SageMaker-functions-test", folder, role)
    assert changed.deployed and changed.sha256 != first.sha256
    assert invoke(FunctionName=first.name, Payload=b"{}")["Payload"].read() == b"2"


def test_changed_layers_or_memory_are_deployed_without_new_code(stand_in_environment, folder):
    functions, name = Functions(aws=Aws()), "SageMaker-layers-test"
    role = Roles(aws=Aws()).ensure("functions-test", "functions-test")
    describe = Aws().client("lambda").get_function_configuration
    layer = "arn:aws:lambda:us-east-1:000000000000:layer:numpy-and-pillow:7"

    assert functions.deploy(name, folder, role).deployed
    assert "Layers" not in describe(FunctionName=name) or describe(FunctionName=name)["Layers"] == []
    assert functions.deploy(name, folder, role, layers=[layer], megabytes=2048).deployed
    found = describe(FunctionName=name)
    assert ([entry["Arn"] for entry in found["Layers"]], found["MemorySize"]) == ([layer], 2048)
    assert not functions.deploy(name, folder, role, layers=[layer], megabytes=2048).deployed
    assert functions.deploy(name, folder, role).deployed
    assert describe(FunctionName=name)["Layers"] == []
    assert functions.invoke(name, {}) == 1


def test_changed_variables_reach_the_function_without_new_code(stand_in_environment, folder):
    functions, name = Functions(aws=Aws()), "SageMaker-variables-test"
    role = Roles(aws=Aws()).ensure("functions-test", "functions-test")
    (folder / "handler.py").write_text(
        "import os\n\ndef handle(event, context):\n    return os.environ.get('WAY')\n"
    )
    assert functions.deploy(name, folder, role).deployed
    assert functions.invoke(name, {}) is None
    assert functions.deploy(name, folder, role, variables={"WAY": "worker_quality"}).deployed
    assert functions.invoke(name, {}) == "worker_quality"
    assert not functions.deploy(name, folder, role, variables={"WAY": "worker_quality"}).deployed
    assert functions.deploy(name, folder, role).deployed
    assert functions.invoke(name, {}) is None


def test_a_function_that_fails_is_told_by_name_and_reason(stand_in_environment, folder):
    functions, name = Functions(aws=Aws()), "SageMaker-failing-test"
    role = Roles(aws=Aws()).ensure("functions-test", "functions-test")
    (folder / "handler.py").write_text("def handle(event, context):\n    raise ValueError('no layer')\n")
    functions.deploy(name, folder, role)
    with pytest.raises(FunctionFailed, match=f"{name}: ValueError: no layer"):
        functions.invoke(name, {})


def test_a_role_that_exists_is_left_as_it_is(stand_in_environment):
    roles, iam = Roles(aws=Aws()), Aws().client("iam")
    arn = roles.ensure("role-of-somebody", "bucket")
    iam.delete_role_policy(RoleName="role-of-somebody", PolicyName="loop")
    assert roles.ensure("role-of-somebody", "bucket") == arn
    assert iam.list_role_policies(RoleName="role-of-somebody")["PolicyNames"] == []
