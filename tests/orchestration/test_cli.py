"""What the command line says when something is not as it should be: one line that names it."""

import itertools
import os
import re
import socket
import subprocess
import sys

from orchestration.loop import PROJECT
from tests.orchestration.conftest import Said


def assert_refused(said: Said, *words: str) -> None:
    output = " ".join(said.output.split())
    assert said.status == 1 and "Traceback" not in output, output
    for word in words:
        assert word in output


def test_a_folder_that_is_no_data_set_is_named(tmp_path):
    arguments = ["demo", "--voc", str(tmp_path), "--home", str(tmp_path / "home")]
    command = [sys.executable, "-m", "orchestration.cli", *arguments]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert_refused(Said(result.returncode, result.stdout + result.stderr), "no Pascal VOC folder")


def test_a_file_that_is_no_data_set_is_named(labelloop, tmp_path):
    file = tmp_path / "truth.json"
    file.write_text("{}")
    assert_refused(labelloop("demo", "--coco", str(file), "--home", str(tmp_path / "home")), "truth.json")


def test_a_port_in_use_is_named_before_anything_starts(labelloop, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = labelloop("up", "--port", str(port), "--home", str(tmp_path / "home"))
    assert_refused(result, f"port {port} is in use")
    assert not (tmp_path / "home" / "stand-in").exists()


def test_a_mistake_in_a_loop_names_the_field(labelloop, tmp_path):
    file = tmp_path / "loop.yaml"
    file.write_text("name: My Loop\n")
    assert_refused(labelloop("up", "--loop", str(file), "--home", str(tmp_path / "home")), "name", "My Loop")


def test_a_crowd_without_a_stand_in_says_what_is_missing(labelloop, tmp_path):
    arguments = ["--truth", str(tmp_path / "none.json"), "--home", str(tmp_path / "home")]
    assert_refused(labelloop("crowd", *arguments), "there is no stand-in")


def test_every_command_is_listed_with_what_it_does(labelloop):
    said = labelloop("--help")
    assert said.status == 0
    lines = [line.strip("\u2502| ").split() for line in said.output.splitlines()]
    described = {words[0] for words in lines if len(words) > 3}
    assert {
        "demo",
        "up",
        "crowd",
        "requester",
        "predict",
        "preview-task",
        "labeling-service",
        "test",
        "bench",
    } <= described


def test_a_labeling_service_without_credentials_says_what_is_missing(labelloop, tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    home = tmp_path / "home"
    assert_refused(labelloop("labeling-service", "--home", str(home)), "there is no AWS region")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert_refused(labelloop("labeling-service", "--home", str(home)), "no complete AWS credentials")
    assert not home.exists()


def test_a_labeling_service_tells_its_addresses_and_ends_when_told(stand_in, tmp_path):
    command = ["labeling-service", "--home", str(tmp_path / "home"), "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", *command],
        cwd=PROJECT,
        env=stand_in.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    told = "".join(itertools.takewhile(lambda line: line != "Ctrl-C stops it.\n", process.stdout))
    process.terminate()
    assert process.wait(60) == 0
    for words in (
        "Worker portal +http://127",
        "Account +000000000000 in us-east-1",
        "endpoint_url: http://127",
    ):
        assert re.search(words, told), told


def test_a_loop_that_does_not_exist_is_answered_with_those_that_do(labelloop, tmp_path):
    result = labelloop("demo", "--loop", "packaging_mask", "--home", str(tmp_path / "home"))
    assert_refused(result, "there is no loop packaging_mask", "packaging_masks")


def test_labels_that_the_demos_workers_do_not_know_are_named_before_anything_starts(labelloop, tmp_path):
    file = tmp_path / "loop.yaml"
    text = (PROJECT / "loops" / "packaging_masks.yaml").read_text()
    file.write_text(text.replace("barcode]", "wheels]"))
    result = labelloop("demo", "--loop", str(file), "--home", str(tmp_path / "home"))
    assert_refused(result, "labels: the simulated workers know", "not wheels")
    assert not (tmp_path / "home" / "stand-in").exists()
