"""What the command line says when something is not as it should be: one line that names it."""

import socket
import subprocess
import sys

from orchestration.loop import PROJECT


def labelloop(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def assert_refused(result: subprocess.CompletedProcess, *words: str) -> None:
    said = " ".join((result.stdout + result.stderr).split())
    assert result.returncode == 1 and "Traceback" not in said, said
    for word in words:
        assert word in said


def test_a_folder_that_is_no_data_set_is_named(tmp_path):
    assert_refused(
        labelloop("demo", "--voc", str(tmp_path), "--home", str(tmp_path / "home")), "no Pascal VOC folder"
    )


def test_a_file_that_is_no_data_set_is_named(tmp_path):
    file = tmp_path / "truth.json"
    file.write_text("{}")
    assert_refused(labelloop("demo", "--coco", str(file), "--home", str(tmp_path / "home")), "truth.json")


def test_a_port_in_use_is_named_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = labelloop("up", "--port", str(port), "--home", str(tmp_path / "home"))
    assert_refused(result, f"port {port} is in use")
    assert not (tmp_path / "home" / "stand-in").exists()


def test_a_mistake_in_a_loop_names_the_field(tmp_path):
    file = tmp_path / "loop.yaml"
    file.write_text("name: My Loop\n")
    assert_refused(labelloop("up", "--loop", str(file), "--home", str(tmp_path / "home")), "name", "My Loop")


def test_a_crowd_without_a_stand_in_says_what_is_missing(tmp_path):
    arguments = ["--truth", str(tmp_path / "none.json"), "--home", str(tmp_path / "home")]
    assert_refused(labelloop("crowd", *arguments), "there is no stand-in")


def test_every_command_is_listed_with_what_it_does():
    result = labelloop("--help")
    assert result.returncode == 0
    lines = [line.strip("\u2502| ").split() for line in result.stdout.splitlines()]
    described = {words[0] for words in lines if len(words) > 3}
    assert {"demo", "up", "crowd", "predict", "test"} <= described
