"""Lambda functions that really run: what they see, how they fail, and that none outlives its server."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.localaws.functions.conftest import (
    GROUND_TRUTH,
    ROLE,
    invoke,
    is_running,
    packed,
    refused,
    tail_of,
    wait_until,
)


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
    for name in ("PRE-BoundingBox", "ACS-ImageMultiClass", "ACS-AdjustmentSemanticSegmentation"):
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
