"""Lambda functions made for one test each."""

import base64
import io
import json
import os
import time
import uuid
import zipfile

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
