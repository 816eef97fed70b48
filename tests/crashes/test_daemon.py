"""Dagster's daemon dies, and server, UI and runs with it; `labelloop up` goes on where they were."""

import os
import threading
from contextlib import contextmanager
from unittest import mock

import boto3
import pytest

from demo.crowd import run_crowd
from orchestration.headless import BEFORE_LABELING, FROM_THE_LABELS, FROM_THE_MODEL, HeadlessLoop
from orchestration.home import Home
from orchestration.loop import load_loop
from orchestration.photographs import upload
from orchestration.stand_in import running_stand_in
from resources.aws import Aws
from resources.object_store import ObjectStore
from tests.crashes.conftest import PHOTOGRAPHS
from tests.crashes.phases import Phases, wait_until
from tests.laptop import Laptop
from vision.exchange import read_coco

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def prepared(tmp_path, loop_file, photographs):
    """A home with the photographs uploaded, and the means to run its loop without the UI."""
    home, loop = Home(tmp_path / "laptop"), load_loop(loop_file)

    @contextmanager
    def headless():
        with (
            mock.patch.dict(os.environ),
            running_stand_in(home.stand_in),
            home.dagster_instance() as instance,
        ):
            yield HeadlessLoop(loop, instance, ObjectStore(aws=Aws()))

    with headless() as run:
        list(upload(read_coco(photographs).images, loop, run.store))
        run.materialize(*BEFORE_LABELING)
    return home, headless


@pytest.fixture
def laptop(prepared, loop_file, monkeypatch):
    """`labelloop up` on the home, to be started by the test, and our own AWS settings for its stand-in."""
    home, _ = prepared
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home.stand_in / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home.stand_in / "credentials"))
    laptop = Laptop(home, loop_file)
    yield laptop
    laptop.stop()


def test_a_loop_completes_although_the_daemon_and_all_around_it_are_killed_in_every_phase(
    laptop, photographs
):
    laptop.start()
    session = boto3.Session()
    phases = Phases(session.client)
    phases.wait_for("labeling", laptop.is_running)
    settings = {"truth": photographs, "workers": 3, "job_prefix": "tiny", "session": session}
    crowd = threading.Thread(target=run_crowd, kwargs=settings, daemon=True)
    crowd.start()
    laptop.crash()
    laptop.start()
    crowd.join(180)
    wait_until(lambda: "SUCCESS" in laptop.statuses("collect_labels"), "the labels to be collected")
    laptop.materialize(*FROM_THE_LABELS, *FROM_THE_MODEL)
    for phase in ("training", "transform", "serving"):
        phases.wait_for(phase, laptop.is_running)
        laptop.crash()
        laptop.start()
    wait_until(lambda: laptop.statuses("__ASSET_JOB")[0] == "SUCCESS", "the last run to succeed")
    phases.assert_done_once(PHOTOGRAPHS)


def test_cancelling_a_run_in_the_ui_stops_its_training_job(prepared, laptop, photographs):
    _, headless = prepared
    with headless() as run:
        run.label_batches(lambda: run_crowd(truth=photographs, workers=3, session=boto3.Session()))
        run.materialize("labels", "train_split", "validation_split", "test_split")
    laptop.start()
    phases = Phases(boto3.Session().client)
    laptop.materialize("trained_model")
    phases.wait_for("training", laptop.is_running)
    laptop.cancel_runs()
    wait_until(lambda: phases.trainings() == ["Stopped: None"], "the training job to be stopped")
    wait_until(lambda: laptop.statuses("__ASSET_JOB")[0] == "CANCELED", "the run to be cancelled")
    # Nothing starts it anew by itself, and asking again is a second attempt: the first one keeps its name.
    laptop.materialize("trained_model")
    wait_until(lambda: laptop.statuses("__ASSET_JOB")[0] == "SUCCESS", "the second attempt")
    assert phases.trainings() == ["Completed: None", "Stopped: None"]
