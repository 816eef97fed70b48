"""Processes that outlive the server: by themselves, and as jobs and endpoints of one that is killed."""

import configparser
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from localaws.api import Identity, OwnClients
from localaws.sagemaker import SageMaker
from localaws.sagemaker.folders import JobFolder
from localaws.services.logs import Logs
from localaws.store import Store
from localaws.supervisor import Runner, Supervisor
from tests.localaws.workshop import Workshop, runs, wait_for

# Writes its process id, then waits for the test to open the gate.
GATED = """
    import os, sys, time
    folder = os.environ["GATE"]
    with open(folder + "/processes", "a") as file:
        file.write(f"{os.getpid()}\\n")
    while not os.path.exists(folder + "/gate"):
        time.sleep(0.02)
    open("/opt/ml/model/note", "w").write("through")
    open(folder + "/ended", "w").close()
"""
GATED_MODEL = """
    import os, time

    def model_fn(folder):
        pass

    def transform_fn(model, data, content_type, accept):
        folder = os.environ["GATE"]
        open(folder + "/asked", "w").close()
        while not os.path.exists(folder + "/gate"):
            time.sleep(0.02)
        return "through", "text/plain"
"""
PROCESS = """
    import os

    def model_fn(folder):
        pass

    def transform_fn(model, data, content_type, accept):
        # whichever worker answers, they have one parent
        return str(os.getppid()), "text/plain"
"""


@pytest.fixture
def workshop(own_stand_in) -> Workshop:
    return Workshop(own_stand_in)


@pytest.fixture
def gate(tmp_path) -> Path:
    """A folder that programs write into, and whose file "gate" lets them go on."""
    folder = tmp_path / "gate"
    folder.mkdir()
    return folder


def processes(gate: Path) -> list[int]:
    path = gate / "processes"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def start_transform(workshop: Workshop, gate: Path) -> str:
    name = workshop.name("transform")
    workshop.sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=workshop.model(GATED_MODEL, Environment={"GATE": str(gate)}),
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": workshop.put("in/a", "a")}}
        },
        TransformOutput={"S3OutputPath": f"s3://{workshop.bucket}/out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    return name


def transformed(workshop: Workshop, name: str) -> dict:
    def ended():
        job = workshop.sagemaker.describe_transform_job(TransformJobName=name)
        return job if job["TransformJobStatus"] not in ("InProgress", "Stopping") else None

    return wait_for(ended, f"the end of {name}")


def test_a_runner_is_alive_while_its_lock_is_held_and_is_swept_with_its_children(tmp_path):
    # The child is in a session of its own, where no signal to the runner's process group reaches it.
    (tmp_path / "program.py").write_text(
        "import pathlib, subprocess, sys, time\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "child = subprocess.Popen(sleep, start_new_session=True)\n"
        "pathlib.Path(sys.argv[1], 'child').write_text(f'{child.pid}\\n')\n"
        "time.sleep(600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    runner = Runner(tmp_path / "folder")
    assert not runner.alive and not runner.started
    runner.start("program", environment)
    note = tmp_path / "folder" / "child"
    child = int(wait_for(lambda: note.exists() and note.read_text(), "the child"))
    with pytest.raises(BlockingIOError):
        Runner(tmp_path / "folder").start("program", environment)
    found = Runner(tmp_path / "folder")  # as another server would find it
    assert found.alive and found.started
    found.send(signal.SIGKILL)
    wait_for(lambda: not found.alive, "the lock to be free")
    assert runs(child)
    found.sweep()
    wait_for(lambda: not runs(child), "the child to be gone")


def test_a_room_that_stumbles_is_asked_again_and_holds_nobody_up():
    class Stumbling:
        rounds = 0

        def reconcile(self):
            self.rounds += 1
            raise OSError("no space left on device")

    class Steady(Stumbling):
        def reconcile(self):
            self.rounds += 1

    stumbling, steady = Stumbling(), Steady()
    supervisor = Supervisor(stumbling, steady, interval=0.01)
    supervisor.start()
    wait_for(lambda: stumbling.rounds > 2 and steady.rounds > 2, "both rooms to be asked again")
    supervisor.stop()


def test_jobs_and_endpoints_go_on_while_the_server_is_killed(workshop, gate):
    endpoint = workshop.endpoint(workshop.config(workshop.model(PROCESS)))
    training = workshop.train(GATED, Environment={"GATE": str(gate)})
    transform = start_transform(workshop, gate)
    assert workshop.settled(endpoint)["EndpointStatus"] == "InService"
    server = workshop.ask(endpoint)
    wait_for(lambda: processes(gate) and (gate / "asked").exists(), "both jobs to be at work")

    workshop.stand_in.kill()
    (gate / "gate").touch()
    wait_for((gate / "ended").exists, "the training to end without the server")
    workshop.stand_in.start()
    workshop.connect()

    job = workshop.trained(training)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert workshop.model_files(job) == {"note": "through"}
    assert len(processes(gate)) == 1, "the job was run twice"
    job = transformed(workshop, transform)
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    assert workshop.get(f"s3://{workshop.bucket}/out/a.out") == b"through"
    assert workshop.ask(endpoint) == server, "the endpoint was started anew"


def test_a_lost_runner_fails_its_job_and_leaves_no_process(workshop, gate):
    training = workshop.train(GATED, Environment={"GATE": str(gate)})
    transform = start_transform(workshop, gate)
    (process,) = wait_for(lambda: processes(gate), "the script to start")
    wait_for((gate / "asked").exists, "the model to be asked")
    for lock in (workshop.stand_in.home / "sagemaker").glob("*-jobs/*/lock"):
        os.kill(int(lock.read_text()), signal.SIGKILL)
    job = workshop.trained(training)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"].startswith("InternalServerError")
    assert transformed(workshop, transform)["TransformJobStatus"] == "Failed"
    assert not runs(process)


@pytest.mark.slow
def test_a_server_that_is_stopped_takes_its_children_along_and_resumes_later(workshop, gate):
    endpoint = workshop.endpoint(workshop.config(workshop.model(PROCESS)))
    training = workshop.train(GATED, Environment={"GATE": str(gate)})
    assert workshop.settled(endpoint)["EndpointStatus"] == "InService"
    server = workshop.ask(endpoint)
    (first,) = wait_for(lambda: processes(gate), "the script to start")
    workshop.stand_in.stop()
    assert not runs(first) and not runs(int(server))
    (gate / "gate").touch()
    workshop.stand_in.start()
    workshop.connect()
    job = workshop.trained(training)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert workshop.model_files(job) == {"note": "through"}
    assert len(processes(gate)) == 2
    assert workshop.ask(endpoint) != server


def test_nothing_outlives_the_home_it_belongs_to(workshop, gate):
    endpoint = workshop.endpoint(workshop.config(workshop.model(PROCESS)))
    workshop.train(GATED, Environment={"GATE": str(gate)})
    assert workshop.settled(endpoint)["EndpointStatus"] == "InService"
    server = int(workshop.ask(endpoint))
    (script,) = wait_for(lambda: processes(gate), "the script to start")
    workshop.stand_in.kill()
    shutil.rmtree(workshop.stand_in.home)
    wait_for(lambda: not runs(script) and not runs(server), "script and server to be gone")


def clients_of(stand_in) -> OwnClients:
    credentials = configparser.ConfigParser()
    credentials.read(stand_in.credentials_file)
    keys = credentials["default"]
    return OwnClients(
        stand_in.endpoint, keys["aws_access_key_id"], keys["aws_secret_access_key"], Identity().region
    )


@pytest.fixture
def room(stand_in, tmp_path):
    """A room of jobs in this process beside a real server; half a second between SIGTERM and SIGKILL."""
    clients, identity = clients_of(stand_in), Identity()
    logs = Logs(Store(tmp_path / "logs.sqlite3"), identity)
    room = SageMaker(tmp_path / "room", identity, clients, logs, stop_grace=0.5)
    room.logs = logs
    room.start()
    yield room
    room.stop()


def ended_in(room: SageMaker, name: str) -> dict:
    def ended():
        job = room.training.DescribeTrainingJob({"TrainingJobName": name})
        return job if job["TrainingJobStatus"] not in ("InProgress", "Stopping") else None

    return wait_for(ended, f"the end of {name}")


def run_training(stand_in, folder: JobFolder) -> None:
    subprocess.run(
        [sys.executable, "-m", "localaws.sagemaker.containers.training", str(folder.path)],
        env={**os.environ, **clients_of(stand_in).environment()},
        check=True,
    )


def test_a_script_that_ignores_the_signal_is_killed_after_the_grace(stand_in, room, gate):
    script = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + textwrap.dedent(GATED)
    request = Workshop(stand_in).training_request(script, Environment={"GATE": str(gate)})
    room.training.CreateTrainingJob(request)
    (process,) = wait_for(lambda: processes(gate), "the script to start")
    room.training.StopTrainingJob({"TrainingJobName": request["TrainingJobName"]})
    assert ended_in(room, request["TrainingJobName"])["TrainingJobStatus"] == "Stopped"
    assert not runs(process)


def test_a_stop_before_the_runner_can_hear_it_is_no_failure(stand_in, room, gate, monkeypatch):
    waiting = f"""
        import os, time
        open({str(gate / "begun")!r}, "w").close()
        while not os.path.exists({str(gate / "gate")!r}):
            time.sleep(0.02)
    """
    (gate / "sitecustomize.py").write_text(textwrap.dedent(waiting))  # before the runner's first line
    monkeypatch.setenv("PYTHONPATH", str(gate))
    request = Workshop(stand_in).training_request("raise SystemExit('it ran')")
    room.training.CreateTrainingJob(request)
    wait_for((gate / "begun").exists, "the runner's interpreter")
    room.training.StopTrainingJob({"TrainingJobName": request["TrainingJobName"]})
    wait_for(lambda: list(room.training.home.glob("*/order.json")), "the order to stop")
    (gate / "gate").touch()
    job = ended_in(room, request["TrainingJobName"])
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped"), job["FailureReason"]


def test_a_runner_follows_an_order_that_came_without_a_signal(stand_in, tmp_path):
    request = Workshop(stand_in).training_request("raise SystemExit('it ran')")
    folder = JobFolder(tmp_path / "job")
    folder.assign(request | {"TrainingJobArn": "arn", "program": None})
    folder.give_order("stop", grace=1)
    run_training(stand_in, folder)
    assert folder.verdict["status"] == "Stopped", folder.verdict


def test_programs_find_their_folders_where_namespaces_are_refused(stand_in, room, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")  # no unshare
    script = """
        import os
        assert os.environ["SAGEMAKER_BASE_DIR"] != "/opt/ml"
        assert os.path.isfile(os.environ["SM_INPUT_CONFIG_DIR"] + "/hyperparameters.json")
        open(os.environ["SM_MODEL_DIR"] + "/note", "w").write(os.getcwd())
    """
    workshop = Workshop(stand_in)
    request = workshop.training_request(script)
    room.training.CreateTrainingJob(request)
    job = ended_in(room, request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert workshop.model_files(job)["note"].endswith("/ml/code")
    (line,) = room.logs.GetLogEvents(
        {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamName": job["stream"]}
    )["events"]
    assert "there can be no /opt/ml here" in line["message"]


def test_an_upload_that_was_interrupted_goes_on_without_training_again(stand_in, tmp_path):
    workshop = Workshop(stand_in)
    request = workshop.training_request("raise SystemExit('trained a second time')")
    folder = JobFolder(tmp_path / "job")
    folder.assign(request | {"TrainingJobArn": "arn", "program": None})
    (folder.container / "model").mkdir(parents=True)
    (folder.container / "model/note").write_text("from before")
    (folder.path / "outcome.json").write_text(json.dumps({"status": "Completed", "code": 0, "metrics": []}))
    run_training(stand_in, folder)
    verdict = folder.verdict
    assert verdict["status"] == "Completed", verdict
    assert workshop.model_files({"ModelArtifacts": {"S3ModelArtifacts": verdict["artifacts"]}}) == {
        "note": "from before"
    }
