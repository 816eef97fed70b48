"""What a Lambda function is made of: its description, its code, its settings, and what is refused."""

import base64
import hashlib
import io
import json
import uuid
import zipfile

import pytest

from tests.localaws.functions.conftest import (
    invoke,
    is_running,
    packed,
    refused,
    wait_until,
)


def test_the_description_of_a_function_is_complete_and_tells_its_code_by_hash(functions, create):
    code = packed({"index.py": "handle = None"})
    name = create("", Code={"ZipFile": code}, Timeout=7, Tags={"team": "labels"})
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    found = functions.get_function(FunctionName=name)
    settings = found["Configuration"]
    assert settings["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
    assert settings["CodeSize"] == len(code)
    assert (settings["Timeout"], settings["MemorySize"], settings["Version"]) == (7, 128, "$LATEST")
    assert (settings["State"], settings["LastUpdateStatus"]) == ("Active", "Successful")
    assert found["Tags"] == {"team": "labels"}
    for reference in (settings["FunctionArn"], f"000000000000:function:{name}", f"{name}:$LATEST"):
        again = functions.get_function_configuration(FunctionName=reference)
        assert again["FunctionArn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{name}"


def test_functions_are_listed_in_pages_without_those_of_aws(functions, create):
    names = {create("handle = None") for _ in range(2)}
    pages = functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})
    listed = [function["FunctionName"] for page in pages for function in page["Functions"]]
    assert names <= set(listed) and listed == sorted(listed)
    assert not [name for name in listed if name.startswith(("PRE-", "ACS-"))]


LAYER = "arn:aws:lambda:us-east-1:770693421928:layer:Klayers-p312-Pillow:"


def test_layers_are_shown_as_they_were_given(functions, create):
    name = create(
        "def handle(event, context):\n    import numpy, PIL\n    return 'there'", Layers=[f"{LAYER}3"]
    )
    found = functions.get_function(FunctionName=name)["Configuration"]
    assert found["Layers"] == [{"Arn": f"{LAYER}3"}]
    assert invoke(functions, name)[0] == "there", "the interpreter has what such layers bring"
    functions.update_function_configuration(FunctionName=name, Timeout=9)
    assert functions.get_function_configuration(FunctionName=name)["Layers"] == [{"Arn": f"{LAYER}3"}]
    functions.update_function_configuration(FunctionName=name, Layers=[])
    assert functions.get_function_configuration(FunctionName=name).get("Layers") == []


@pytest.mark.parametrize(
    "layers, message",
    [
        ([f"{LAYER}3", f"{LAYER}4"], "Two versions of the same layer"),
        ([LAYER.replace("Pillow", f"Pillow-{number}") + "1" for number in range(6)], "at most 5"),
        (["arn:aws:lambda:us-east-1:770693421928:function:numpy"], ""),
    ],
    ids=["twice", "six", "a function"],
)
def test_layers_that_lambda_would_refuse_are_refused(create, layers, message):
    with refused(f"(InvalidParameterValue|Validation)Exception.*{message}"):
        create("handle = None", Layers=layers)


def test_a_deleted_function_is_gone_with_its_processes(functions, create):
    name = create("import os\ndef handle(event, context):\n    return os.getpid()")
    process, _ = invoke(functions, name)
    functions.delete_function(FunctionName=name)
    wait_until(lambda: not is_running(process), "the warm process is gone")
    for call in (functions.get_function, functions.invoke, functions.delete_function):
        with refused("ResourceNotFoundException.*Function not found: arn:aws:lambda:us-east-1:000000000000"):
            call(FunctionName=name)


@pytest.mark.parametrize(
    "member", ["../outside.py", "/tmp/outside.py", "a/../../outside.py", "..\\outside.py"]
)
def test_a_zip_cannot_write_outside_of_its_folder(create, member):
    with refused("InvalidParameterValueException.*leads out of the folder"):
        create("", Code={"ZipFile": packed({"index.py": "", member: "stolen = True"})})


def test_a_zip_with_a_link_or_that_is_none_or_is_empty_is_refused(create):
    link = io.BytesIO()
    with zipfile.ZipFile(link, "w") as opened:
        entry = zipfile.ZipInfo("index.py")
        entry.external_attr = 0o120777 << 16
        opened.writestr(entry, "/etc/passwd")
    for code, reason in (
        (link.getvalue(), "symbolic link"),
        (b"not a zip", "Could not unzip"),
        (packed({}), "non-empty zip"),
    ):
        with refused(f"InvalidParameterValueException.*{reason}"):
            create("", Code={"ZipFile": code})


@pytest.mark.parametrize(
    "settings, reason",
    [
        ({"Runtime": "nodejs22.x"}, "'nodejs22.x'.*python3 only"),
        ({"Timeout": 901}, "901"),
        ({"MemorySize": 20_000}, "20000"),
        ({"Environment": {"Variables": {"AWS_REGION": "eu-west-1"}}}, "reserved keys.*AWS_REGION"),
        ({"Environment": {"Variables": {"LONG": "x" * 5000}}}, "4096 bytes"),
        ({"Code": {"S3Bucket": "no-such-bucket-of-functions", "S3Key": "code.zip"}}, "code.zip"),
    ],
)
def test_settings_that_cannot_be_honoured_are_refused_by_name(create, settings, reason):
    with refused(reason):
        create("handle = None", **settings)


def test_code_can_come_from_s3(functions, create, stand_in):
    s3, bucket = stand_in.client("s3"), f"functions-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    code = packed({"package/index.py": "def handle(event, context):\n    return 'from s3'"})
    s3.put_object(Bucket=bucket, Key="code.zip", Body=code)
    name = create("", Handler="package/index.handle", Code={"S3Bucket": bucket, "S3Key": "code.zip"})
    assert invoke(functions, name)[0] == "from s3"


def test_names_clash_as_on_aws(functions, create):
    name = create("handle = None")
    with refused("ResourceConflictException.*already exist"):
        create("handle = None", FunctionName=name)


def test_a_dry_run_runs_nothing_and_bad_payloads_do_not_reach_the_function(functions, create):
    name = create("handle = None")
    assert functions.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    with refused("InvalidRequestContentException"):
        functions.invoke(FunctionName=name, Payload=b"{not json")
    with refused("RequestEntityTooLargeException.*7000002 byte payload"):
        functions.invoke(FunctionName=name, Payload=json.dumps("x" * 7_000_000))
