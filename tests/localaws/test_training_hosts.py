"""Training jobs on several hosts: each sees itself among the others, and they begin and end as one job."""

import json
import random
from pathlib import Path

import pytest

from assets.packaging import pack_source
from tests.assets.conftest import picture
from tests.localaws.workshop import Workshop, augmented, wait_for

DETECTOR = Path(__file__).parents[2] / "detector"
TWO = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}


@pytest.fixture(scope="session")
def workshop(stand_in) -> Workshop:
    return Workshop(stand_in)


def streams(workshop: Workshop, job: str) -> dict[str, str]:
    """What each host printed, by its name."""
    logs = workshop.client("logs")
    found = logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{job}/"
    )["logStreams"]
    names = [stream["logStreamName"] for stream in found]
    return {
        name.partition("/")[2].rpartition("-")[0]: "\n".join(
            workshop.lines("/aws/sagemaker/TrainingJobs", name)
        )
        for name in names
    }


def test_each_host_knows_itself_and_the_others_and_meets_them(workshop):
    script = """
        import json, os, socket
        told = json.load(open("/opt/ml/input/config/resourceconfig.json"))
        me = told["current_host"]
        assert me == os.environ["SM_CURRENT_HOST"] and told["hosts"] == json.loads(os.environ["SM_HOSTS"])
        place = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        if me == told["hosts"][0]:
            with socket.create_server(place) as server:
                met = server.accept()[0].makefile().read()
        else:
            while True:
                try:
                    with socket.create_connection(place) as other:
                        other.sendall(me.encode())
                    break
                except ConnectionRefusedError:
                    pass
            met = told["hosts"][0]
        print(me, "met", met)
        open("/opt/ml/model/" + me, "w").write(met)
        open("/opt/ml/model/both", "w").write(me)
    """
    job = workshop.trained(workshop.train(script, ResourceConfig=TWO))
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    met = {"algo-1": "algo-2", "algo-2": "algo-1"}
    assert workshop.model_files(job) == met | {"both": "algo-1"}
    assert streams(workshop, job["TrainingJobName"]) == {me: f"{me} met {it}" for me, it in met.items()}


def test_the_failure_of_one_host_ends_all_and_is_the_reason(workshop):
    script = """
        import os, time
        if os.environ["SM_CURRENT_HOST"] == "algo-2":
            open("/opt/ml/output/failure", "w").write("algo-2 has no boxes")
            raise SystemExit(3)
        time.sleep(600)
    """
    job = workshop.trained(workshop.train(script, ResourceConfig=TWO))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: algo-2 has no boxes, exit code: 3"


def test_a_stop_reaches_every_host_and_what_each_has_is_kept(workshop):
    script = """
        import os, signal, sys, time
        me = os.environ["SM_CURRENT_HOST"]
        def end(*_):
            open("/opt/ml/model/" + me, "w").write("in time")
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        print("ready", flush=True)
        time.sleep(600)
    """
    name = workshop.train(script, ResourceConfig=TWO)
    wait_for(lambda: workshop.printed(name) == ["ready", "ready"], "both hosts to be ready")
    workshop.sagemaker.stop_training_job(TrainingJobName=name)
    job = workshop.trained(name)
    assert job["TrainingJobStatus"] == "Stopped"
    assert workshop.model_files(job) == {"algo-1": "in time", "algo-2": "in time"}


@pytest.mark.slow
def test_two_hosts_train_one_detector(workshop):
    chance, lines = random.Random(0), []
    for number in range(6):
        box = {"class_id": chance.randrange(2), "left": 8, "top": 8, "width": 20, "height": 16}
        label = {"image_size": [{"width": 64, "height": 48, "depth": 3}], "annotations": [box]}
        lines.append({"source-ref": workshop.put(f"hosts/{number}.jpg", picture(64, 48)), "boxes": label})
    manifest = workshop.put("hosts.manifest", "\n".join(map(json.dumps, lines)))
    source = workshop.put("hosts/sourcedir.tar.gz", pack_source(DETECTOR))
    tiny = {"epochs": "1", "image_size": "64", "base_width": "4", "batch_size": "4", "processes": "1"}
    request = workshop.training_request("", ResourceConfig=TWO)
    request["HyperParameters"] |= tiny | {
        "classes": json.dumps(json.dumps(["square", "bar"])),
        "sagemaker_submit_directory": source,
    }
    request["InputDataConfig"] = [augmented(manifest, "source-ref", "boxes")]
    workshop.sagemaker.create_training_job(**request)
    job = workshop.trained(request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    printed = streams(workshop, job["TrainingJobName"])
    assert "one of 2 hosts" in printed["algo-1"] and "one of 2 hosts" in printed["algo-2"]
    assert "written: the model" in printed["algo-1"] and "written: the model" not in printed["algo-2"]
