"""Lambda functions that really run: what they see, how they fail, and that none outlives its server."""

import base64
import hashlib
import io
import json
import os
import time
import uuid
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::000000000000:role/functions"
GROUND_TRUTH = "arn:aws:lambda:us-east-1:432418664414:function:"


def refused(code: str):
    return pytest.raises(ClientError, match=code)


def packed(files: dict[str, str]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return archive.getvalue()


def invoke(functions, name: str, event: object = None, **params) -> tuple[object, dict]:
    """What the function answered, and the whole response."""
    response = functions.invoke(FunctionName=name, Payload=json.dumps(event), **params)
    return json.loads(response["Payload"].read()), response


def tail_of(response: dict) -> str:
    return base64.b64decode(response["LogResult"]).decode()


def wait_until(condition, what: str, seconds: float = 30):
    """The first true value of ``condition()``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} seconds: {what}")


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{process}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def functions(stand_in):
    return stand_in.client("lambda")


@pytest.fixture
def create(functions):
    """``create(source, **settings)`` makes a function of that source and returns its name."""

    def create(source: str, **settings) -> str:
        name = f"function-{uuid.uuid4().hex}"
        defaults = {"Runtime": "python3.12", "Role": ROLE, "Handler": "index.handle", "Timeout": 30}
        code = {"ZipFile": packed({"index.py": source})}
        functions.create_function(**({"FunctionName": name, "Code": code} | defaults | settings))
        return name

    return create


def test_a_function_answers_what_its_code_returns(functions, create):
    name = create("def handle(event, context):\n    return {'twice': event['number'] * 2, 'text': 'é'}")
    answer, response = invoke(functions, name, {"number": 21})
    assert answer == {"twice": 42, "text": "é"}
    assert (response["StatusCode"], response["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in response


def test_the_context_is_the_one_of_lambda(functions, create):
    name = create(
        "def handle(event, context):\n"
        "    return [context.function_name, context.invoked_function_arn, context.memory_limit_in_mb,\n"
        "            context.aws_request_id, context.get_remaining_time_in_millis(), context.log_group_name]",
        MemorySize=256,
    )
    answer, response = invoke(functions, name, LogType="Tail")
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    assert answer[:3] == [name, arn, "256"]
    assert f"START RequestId: {answer[3]} Version: $LATEST" in tail_of(response)
    assert 0 < answer[4] <= 30_000
    assert answer[5] == f"/aws/lambda/{name}"


def test_a_function_sees_its_own_variables_and_nothing_of_the_servers(functions, create, stand_in):
    source = "import os\ndef handle(event, context):\n    return dict(os.environ)"
    name = create(source, Environment={"Variables": {"TEAM": "labels", "PATH": "/opt/bin"}})
    seen, _ = invoke(functions, name)
    assert (seen["TEAM"], seen["PATH"], seen["AWS_REGION"]) == ("labels", "/opt/bin", "us-east-1")
    assert seen["AWS_ENDPOINT_URL"] == stand_in.endpoint
    assert seen["LAMBDA_TASK_ROOT"] and seen["_HANDLER"] == "index.handle"
    inherited = {key for key in os.environ if not key.startswith("AWS_")} - {"PATH", "LANG", "TZ"}
    assert not inherited & (seen.keys() - {"PYTHONDONTWRITEBYTECODE"})


def test_a_function_calls_the_services_beside_it(functions, create):
    name = create(
        "import boto3\n"
        "def handle(event, context):\n"
        "    logs = boto3.client('logs')\n"
        "    return [group['logGroupName'] for group in\n"
        "            logs.describe_log_groups(logGroupNamePrefix=context.log_group_name)['logGroups']]"
    )
    assert invoke(functions, name)[0] == [f"/aws/lambda/{name}"]


def test_what_a_function_prints_is_in_its_log_and_in_the_tail(functions, create, stand_in):
    name = create(
        "import logging, os, sys\n"
        "logging.getLogger().setLevel('INFO')\n"
        "def handle(event, context):\n"
        "    print('printed')\n"
        "    print('to stderr', file=sys.stderr)\n"
        "    logging.getLogger('boxes').info('logged')\n"
        "    os.system('echo by a child')\n"
        "    print('without an end', end='')"
    )
    _, response = invoke(functions, name, LogType="Tail")
    events = stand_in.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    lines = [event["message"] for event in events]
    start, *printed, end, report = lines
    assert printed[:2] == ["printed", "to stderr"] and printed[3:] == ["by a child", "without an end"]
    assert printed[2].startswith("[INFO]\t") and printed[2].endswith("\tlogged")
    request_id = start.split()[2]
    assert (start, end) == (
        f"START RequestId: {request_id} Version: $LATEST",
        f"END RequestId: {request_id}",
    )
    assert report.startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert tail_of(response) == "\n".join(lines) + "\n"
    assert "LogResult" not in invoke(functions, name)[1]


def test_an_exception_is_told_with_its_type_and_where_it_happened(functions, create):
    name = create("def handle(event, context):\n    raise ValueError('no box in ' + event['image'])")
    error, response = invoke(functions, name, {"image": "a.jpg"}, LogType="Tail")
    assert response["StatusCode"] == 200
    assert response["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no box in a.jpg")
    assert len(error["stackTrace"]) == 1 and 'index.py", line 2, in handle' in error["stackTrace"][0]
    assert "[ERROR] ValueError: no box in a.jpg\nTraceback (most recent call last):" in tail_of(response)


@pytest.mark.parametrize(
    "source, handler, kind, message",
    [
        (
            "import no_such_module",
            "index.handle",
            "Runtime.ImportModuleError",
            "No module named 'no_such_module'",
        ),
        ("def handle(:", "index.handle", "Runtime.UserCodeSyntaxError", "index"),
        ("handle = None", "index.other", "Runtime.HandlerNotFound", "'other' missing on module 'index'"),
        ("handle = None", "missing.handle", "Runtime.ImportModuleError", "No module named 'missing'"),
        ("import sys\nsys.exit(3)", "index.handle", "Runtime.ExitError", "exit status 3"),
        ("1 / 0", "index.handle", "ZeroDivisionError", "division by zero"),
        (
            "import os\nhandle = lambda e, c: os._exit(4)",
            "index.handle",
            "Runtime.ExitError",
            "exit status 4",
        ),
        (
            "import os\nhandle = lambda e, c: os.kill(os.getpid(), 9)",
            "index.handle",
            "Runtime.ExitError",
            "killed",
        ),
        (
            "handle = lambda e, c: {1, 2}",
            "index.handle",
            "Runtime.MarshalError",
            "set is not JSON serializable",
        ),
        ("handle = lambda e, c: bytearray(10**9)", "index.handle", "MemoryError", ""),
        (
            "handle = lambda e, c: 'x' * 7_000_000",
            "index.handle",
            "Function.ResponseSizeTooLarge",
            "7000002 bytes",
        ),
    ],
)
def test_each_way_to_break_has_its_name(functions, create, source, handler, kind, message):
    error, response = invoke(functions, create(source, Handler=handler), {})
    assert response["FunctionError"] == "Unhandled"
    assert error["errorType"] == kind
    assert message in error["errorMessage"]


def test_a_function_that_takes_too_long_is_killed_with_its_children_and_starts_afresh(functions, create):
    name = create(
        "import os, subprocess, time\n"
        "def handle(event, context):\n"
        "    if event == 'pid':\n"
        "        return os.getpid()\n"
        "    child = subprocess.Popen(['sleep', '600'])\n"
        "    print(f'child={child.pid}=', flush=True)\n"
        "    time.sleep(600)",
        Timeout=1,
    )
    before, _ = invoke(functions, name, "pid")
    error, response = invoke(functions, name, "sleep", LogType="Tail")
    assert error["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in error["errorMessage"]
    child = int(tail_of(response).split("child=")[1].split("=")[0])
    wait_until(lambda: not is_running(before) and not is_running(child), "both processes are gone")
    after, _ = invoke(functions, name, "pid")
    assert after != before


def test_warm_processes_are_used_again_and_several_work_at_once(functions, create, tmp_path):
    name = create(
        "import os, pathlib, time\n"
        "def handle(event, context):\n"
        "    if event:\n"
        "        folder = pathlib.Path(event)\n"
        "        (folder / str(os.getpid())).touch()\n"
        "        while len(list(folder.iterdir())) < 3:\n"
        "            time.sleep(0.01)\n"
        "    return os.getpid()"
    )
    assert invoke(functions, name)[0] == invoke(functions, name)[0]
    # Each waits for the others: only processes that run side by side can all come back.
    with ThreadPoolExecutor(3) as callers:
        processes = set(callers.map(lambda _: invoke(functions, name, str(tmp_path))[0], range(3)))
    assert len(processes) == 3


def test_more_calls_than_processes_wait_for_their_turn(functions, create):
    name = create("import os, time\ndef handle(event, context):\n    time.sleep(0.1)\n    return os.getpid()")
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: invoke(functions, name)[0], range(8)))
    assert all(isinstance(process, int) for process in answers)
    assert len(set(answers)) <= 4


def test_new_code_and_new_settings_count_from_the_next_call(functions, create):
    name = create("import os\ndef handle(event, context):\n    return ['old', os.environ.get('MODE')]")
    assert invoke(functions, name)[0] == ["old", None]
    code = packed(
        {"index.py": "import os\ndef handle(event, context):\n    return ['new', os.environ.get('MODE')]"}
    )
    updated = functions.update_function_code(FunctionName=name, ZipFile=code)
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    assert invoke(functions, name)[0] == ["new", None]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"MODE": "fast"}})
    functions.get_waiter("function_updated").wait(FunctionName=name)
    assert invoke(functions, name)[0] == ["new", "fast"]
    with refused("PreconditionFailedException"):
        functions.update_function_configuration(
            FunctionName=name, Timeout=5, RevisionId=updated["RevisionId"]
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
        (
            {"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:numpy:1"]},
            "not implemented by the stand-in: Layers",
        ),
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


def test_an_accepted_event_runs_and_is_tried_again_when_it_fails(functions, create, tmp_path):
    name = create(
        "import os, pathlib\n"
        "def handle(event, context):\n"
        "    runs = pathlib.Path(event)\n"
        "    with runs.open('a') as file:\n"
        "        file.write('run\\n')\n"
        "    if len(runs.read_text().split()) < 2:\n"
        "        raise RuntimeError('the first time')"
    )
    runs = tmp_path / "runs"
    response = functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(str(runs)))
    assert response["StatusCode"] == 202
    wait_until(lambda: runs.exists() and len(runs.read_text().split()) == 2, "a second try")


def test_permissions_are_kept_shown_and_removed(functions, create):
    name = create("handle = None")
    functions.add_permission(
        FunctionName=name,
        StatementId="ground-truth",
        Action="lambda:InvokeFunction",
        Principal="sagemaker.amazonaws.com",
        SourceAccount="000000000000",
    )
    statement = json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"][0]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceAccount": "000000000000"}}
    with refused("ResourceConflictException.*ground-truth"):
        functions.add_permission(
            FunctionName=name, StatementId="ground-truth", Action="lambda:InvokeFunction", Principal="*"
        )
    functions.remove_permission(FunctionName=name, StatementId="ground-truth")
    with refused("ResourceNotFoundException"):
        functions.get_policy(FunctionName=name)


def test_the_functions_of_ground_truth_answer_at_their_arns_and_nowhere_else(functions):
    event = {
        "version": "2018-10-16",
        "labelingJobArn": "arn:aws:sagemaker:us-east-1:000000000000:labeling-job/no-such-job",
        "dataObject": {"source-ref": "s3://images/a.jpg"},
    }
    for name in ("PRE-BoundingBox", "ACS-BoundingBox"):
        error, _ = invoke(functions, f"{GROUND_TRUTH}{name}", event)
        assert "no-such-job" in error["errorMessage"], "the code runs, and asks for its job"
    for reference in (f"{GROUND_TRUTH}PRE-Poetry", "PRE-BoundingBox"):
        with refused("ResourceNotFoundException"):
            functions.invoke(FunctionName=reference)


def test_no_function_outlives_a_killed_server_and_accepted_events_do(own_stand_in, tmp_path):
    functions = own_stand_in.client("lambda")
    source = (
        "import os, pathlib, time\n"
        "def handle(event, context):\n"
        "    runs = pathlib.Path(event)\n"
        "    with runs.open('a') as file:\n"
        "        file.write(f'{os.getpid()}\\n')\n"
        "    if len(runs.read_text().split()) == 1:\n"
        "        time.sleep(600)"
    )
    functions.create_function(
        FunctionName="stuck",
        Runtime="python3.12",
        Role=ROLE,
        Handler="index.handle",
        Timeout=600,
        Code={"ZipFile": packed({"index.py": source})},
    )
    runs = tmp_path / "runs"
    functions.invoke(FunctionName="stuck", InvocationType="Event", Payload=json.dumps(str(runs)))
    process = int(wait_until(lambda: runs.exists() and runs.read_text(), "the function runs"))
    own_stand_in.kill()
    wait_until(lambda: not is_running(process), "the function ended with its server")
    own_stand_in.start()
    wait_until(lambda: len(runs.read_text().split()) == 2, "the event is delivered after all")
