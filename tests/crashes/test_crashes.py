"""kill -9 in the middle of everything: the loop completes, nothing is lost, no job is started twice."""

import os
import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.crashes.conftest import PHOTOGRAPHS
from tests.crashes.phases import Phases

PHASES = ["labeling", "training", "transform", "serving"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
def start_loop(own_stand_in, loop_file, photographs, tmp_path):
    """Starts the process that runs the whole loop; a second call continues what the first one left."""
    processes = []

    def start() -> subprocess.Popen:
        command = [sys.executable, "-m", "tests.crashes.headless_run"]
        process = subprocess.Popen(
            [*command, str(loop_file), str(photographs), str(tmp_path / "run")],
            cwd=ROOT,
            env=own_stand_in.environment | {"PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_a_loop_completes_although_the_stand_in_is_killed_in_every_phase(own_stand_in, start_loop):
    phases = Phases(own_stand_in.client)
    loop = start_loop()
    for phase in PHASES:
        phases.wait_for(phase, lambda: loop.poll() is None)
        own_stand_in.kill()
        own_stand_in.start()
    assert loop.wait(300) == 0
    phases.assert_done_once(PHOTOGRAPHS)


def test_a_loop_completes_although_its_run_is_killed_in_every_phase(own_stand_in, start_loop):
    phases = Phases(own_stand_in.client)
    for phase in PHASES:
        loop = start_loop()
        phases.wait_for(phase, lambda loop=loop: loop.poll() is None)
        os.killpg(loop.pid, signal.SIGKILL)
        loop.wait()
    assert start_loop().wait(300) == 0
    phases.assert_done_once(PHOTOGRAPHS)
