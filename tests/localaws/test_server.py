"""The stand-in as a program: how it starts, what keeps it from starting, how it ends and comes back."""

import configparser
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "localaws", "--home"]


def fail_to_start(home: Path, *arguments: str, prefix: Sequence[str] = ()) -> str:
    """The one line on stderr that says why."""
    command = [*prefix, *COMMAND, str(home), *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr.strip()


def keys_in(file: str) -> dict[str, str]:
    """aws_access_key_id and aws_secret_access_key, in this order."""
    parser = configparser.RawConfigParser()
    parser.read(file)
    return dict(parser["default"])


@contextmanager
def running(home: Path, prefix: Sequence[str] = ()) -> Iterator[tuple[subprocess.Popen, Any]]:
    """A server and a client of its logs."""
    process = subprocess.Popen([*prefix, *COMMAND, str(home)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        endpoint = json.loads(process.stdout.readline())["endpoint"]
        keys = keys_in(f"/proc/{process.pid}/root{home}/credentials")  # it may have mounts of its own
        yield process, boto3.client("logs", "us-east-1", endpoint_url=endpoint, **keys)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def wait_until_refusing(address: tuple[str, int]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(address, timeout=1).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.02)
    pytest.fail(f"{address} still takes connections")


def small_disk(folder: Path, size: str, ballast: str) -> list[str]:
    """What to put before a command so that ``folder`` is a disk of this size, with this much of it in use."""
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*namespace, "true"], capture_output=True).returncode:
        pytest.skip("a small disk needs user namespaces")
    fill = f'mount -t tmpfs -o size={size} tmpfs "$0" && head -c {ballast} /dev/zero >"$0/ballast"; exec "$@"'
    return [*namespace, "sh", "-c", fill, str(folder)]


def group_names(client) -> set[str]:
    pages = client.get_paginator("describe_log_groups").paginate()
    return {group["logGroupName"] for page in pages for group in page["logGroups"]}


def test_the_credentials_are_the_users_alone_and_stay(own_stand_in):
    home = own_stand_in.home
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for name in ("credentials", "config"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    before = (home / "credentials").read_text()
    own_stand_in.stop()
    assert own_stand_in.process.returncode == 0
    own_stand_in.start()
    assert (home / "credentials").read_text() == before


def test_a_home_that_others_could_read_is_closed(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    with running(home):
        assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_profile_of_its_own_is_all_that_a_client_needs(own_stand_in):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    files = {
        "AWS_CONFIG_FILE": own_stand_in.config_file,
        "AWS_SHARED_CREDENTIALS_FILE": own_stand_in.credentials_file,
    }
    program = (
        "import boto3; boto3.client('logs').create_log_group(logGroupName='profile');"
        "print(boto3.client('s3').generate_presigned_url('get_object', {'Bucket': 'b', 'Key': 'k'}))"
    )
    url = subprocess.check_output([sys.executable, "-c", program], env=clean | files, text=True)
    assert url.startswith(f"{own_stand_in.endpoint}/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256")
    assert group_names(own_stand_in.client("logs")) == {"profile"}


def test_the_portal_has_an_origin_of_its_own(own_stand_in):
    assert urlsplit(own_stand_in.endpoint).netloc != urlsplit(own_stand_in.portal).netloc


def test_killed_and_started_again_it_is_where_it_was_with_what_it_knew(own_stand_in):
    endpoint, portal = own_stand_in.endpoint, own_stand_in.portal
    own_stand_in.client("logs").create_log_group(logGroupName="kept")
    own_stand_in.kill()
    own_stand_in.start()
    assert (own_stand_in.endpoint, own_stand_in.portal) == (endpoint, portal)
    assert group_names(own_stand_in.client("logs")) == {"kept"}


def test_a_port_that_somebody_took_meanwhile_is_given_up(own_stand_in):
    own_stand_in.kill()
    port = urlsplit(own_stand_in.endpoint).port
    with socket.create_server(("127.0.0.1", port)):
        own_stand_in.start()
        assert urlsplit(own_stand_in.endpoint).port != port
        assert group_names(own_stand_in.client("logs")) == set()
    assert f"port {port} of the last time is taken" in own_stand_in.home.with_suffix(".log").read_text()


def test_two_servers_never_share_a_home(own_stand_in):
    reason = fail_to_start(own_stand_in.home)
    assert reason == f"localaws cannot start: another server is running on {own_stand_in.home}"
    assert group_names(own_stand_in.client("logs")) == set()  # the first one does not notice


def test_a_port_in_use_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        for option in ("--port", "--portal-port"):
            reason = fail_to_start(tmp_path / "home", option, port)
            assert reason == (
                f"localaws cannot start: cannot listen on 127.0.0.1 port {port}: Address already in use"
            )


def test_a_home_that_cannot_be_written_is_named(tmp_path):
    file = tmp_path / "file"
    file.write_text("not a folder")
    assert fail_to_start(file / "home") == f"localaws cannot start: {file / 'home'}: Not a directory"
    assert fail_to_start(file) == f"localaws cannot start: {file}: File exists"
    assert fail_to_start(Path("/proc/home")).startswith("localaws cannot start: /proc/home: ")


def test_spoiled_credentials_are_named(tmp_path):
    (tmp_path / "credentials").write_text("aws_access_key_id = AKIA\n")
    reason = fail_to_start(tmp_path)
    assert reason.startswith(f"localaws cannot start: {tmp_path / 'credentials'} is no AWS credentials file")


def test_told_to_stop_it_finishes_what_it_has_begun(own_stand_in):
    """The body of this request is still on its way when the signal comes."""
    body = b'{"logGroupName": "last"}'
    headers = {"X-Amz-Target": "Logs_20140328.CreateLogGroup", "Content-Length": str(len(body))}
    request = AWSRequest("POST", own_stand_in.endpoint + "/", data=body, headers=headers)
    keys = Credentials(*keys_in(own_stand_in.credentials_file).values())
    SigV4Auth(keys, "logs", "us-east-1").add_auth(request)
    address = urlsplit(own_stand_in.endpoint)
    lines = ["POST / HTTP/1.1", f"Host: {address.netloc}", "Expect: 100-continue"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        own_stand_in.process.send_signal(signal.SIGTERM)
        wait_until_refusing((address.hostname, address.port))
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    assert own_stand_in.process.wait(timeout=30) == 0
    own_stand_in.start()
    assert group_names(own_stand_in.client("logs")) == {"last"}


def test_a_full_disk_is_said_and_nothing_is_acknowledged_that_is_not_there(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    with running(home, small_disk(home, "6m", ballast="4m")) as (process, client):
        acknowledged = set()
        with pytest.raises(ClientError) as caught:
            for number in range(100_000):
                name = f"{number:05}".ljust(500, "x")
                client.create_log_group(logGroupName=name)
                acknowledged.add(name)
        error = caught.value.response["Error"]
        assert error == {
            "Code": "InsufficientStorage",
            "Message": f"the disk of {home} is full; nothing was changed",
        }
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 507
        assert group_names(client) == acknowledged
        Path(f"/proc/{process.pid}/root{home}/ballast").unlink()
        client.create_log_group(logGroupName="and-on-it-goes")
        assert group_names(client) == acknowledged | {"and-on-it-goes"}


def test_a_disk_without_room_for_a_start_is_said(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    reason = fail_to_start(home, prefix=small_disk(home, "64k", ballast="64k"))
    assert reason == f"localaws cannot start: {home}: No space left on device"
