import json
import re
import socket
from pathlib import Path

import pytest
import serve
from hosts import Hosts, read_hosts

from .conftest import make_base, start_program, write_manifest_folder

NAMES = ("algo-1", "algo-2")


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def train_on_two_hosts(folder: Path, channels: list[Path], processes: list[str], *arguments: str):
    """Two programs as two hosts on loopback; returns their bases, exit codes and what they printed."""
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "SM_NETWORK_INTERFACE_NAME": "lo"}
    bases, jobs = [], []
    for name, channel, count in zip(NAMES, channels, processes, strict=True):
        bases.append(make_base(folder / name))
        told = {"SM_HOSTS": json.dumps(NAMES), "SM_CURRENT_HOST": name, "SM_CHANNEL_TRAIN": str(channel)}
        tiny = ["--epochs", "2", "--image_size", "64", "--batch_size", "4", "--base_width", "4"]
        options = [*tiny, "--processes", count, *arguments]
        jobs.append(start_program("train.py", *options, base=bases[-1], **place, **told))
    printed = [job.communicate(timeout=200)[0] for job in jobs]
    return bases, [job.returncode for job in jobs], printed


@pytest.mark.slow
def test_two_hosts_train_one_model_that_the_first_of_them_writes(tmp_path):
    shapes = write_manifest_folder(tmp_path / "shapes", 4)
    (first, second), codes, printed = train_on_two_hosts(
        tmp_path, [shapes, shapes], ["2", "1"], "--validation", str(shapes)
    )
    assert codes == [0, 0], printed
    assert serve.model_fn(str(first / "model")).image_size == 64
    assert not list((second / "model").iterdir()) and not list((second / "checkpoints").iterdir())
    assert re.findall(r"epoch=(\d);.*train:loss", printed[0]) == ["1", "2"]
    assert "epoch=" not in printed[1] and "of algo-2, one of 2 hosts" in printed[1]


@pytest.mark.slow
def test_hosts_that_were_given_parts_of_the_images_say_so(tmp_path):
    channels = [write_manifest_folder(tmp_path / f"shapes{count}", count) for count in (4, 3)]
    bases, codes, printed = train_on_two_hosts(tmp_path, channels, ["1", "1"])
    assert codes == [1, 1], printed
    for base in bases:
        reason = (base / "output" / "failure").read_text()
        assert reason.startswith("the hosts hold different images, [(3, 0), (4, 0)]") and "Fully" in reason


def test_hosts_are_read_from_the_environment_or_the_resource_config(base, monkeypatch):
    for name in ("SM_HOSTS", "SM_CURRENT_HOST", "SM_NETWORK_INTERFACE_NAME", "SM_INPUT_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert read_hosts(base) == Hosts() and Hosts().leads
    told = {"current_host": "b", "hosts": ["a", "b"], "network_interface_name": "eth0"}
    (base / "input" / "config" / "resourceconfig.json").write_text(json.dumps(told))
    assert read_hosts(base) == Hosts(("a", "b"), "b", "eth0") and not read_hosts(base).leads
    monkeypatch.setenv("SM_HOSTS", '["c","d","e"]')
    monkeypatch.setenv("SM_CURRENT_HOST", "e")
    assert read_hosts(base) == Hosts(("c", "d", "e"), "e", "") and read_hosts(base).index == 2


def test_a_host_that_is_not_among_the_hosts_and_a_port_that_is_none_are_named(monkeypatch):
    with pytest.raises(ValueError, match="current host 'c' is not one of the hosts a, b"):
        Hosts(("a", "b"), "c")
    monkeypatch.setenv("MASTER_PORT", "http")
    with pytest.raises(ValueError, match="MASTER_PORT 'http' is not a port"):
        _ = Hosts().meeting
