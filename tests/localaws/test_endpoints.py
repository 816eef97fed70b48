"""Models behind endpoints over HTTP: served, updated, respawned, rolled back, deleted."""

import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.localaws.workshop import Workshop, runs, wait_for

ECHO = """
    import json, os

    def model_fn(model_dir):
        return sorted(os.listdir(model_dir))

    def predict_fn(data, model):
        return {"files": model, "data": data, "process": os.getpid()}

    def input_fn(body, content_type):
        return [content_type, len(body)]

    def output_fn(prediction, accept):
        return json.dumps(prediction | {"accept": accept}), "application/json"
"""


def saying(text: str) -> str:
    return f"""
        def model_fn(folder):
            pass

        def transform_fn(model, data, content_type, accept):
            return "{text}", "text/plain"
    """


@pytest.fixture(scope="session")
def workshop(stand_in) -> Workshop:
    return Workshop(stand_in)


def test_a_model_is_served_by_its_own_code_with_the_toolkits_contract(workshop):
    name = workshop.endpoint(workshop.config(workshop.model(ECHO)))
    waiter = workshop.sagemaker.get_waiter("endpoint_in_service")
    waiter.config.delay = 0.1
    waiter.config.max_attempts = 600
    waiter.wait(EndpointName=name)
    body = os.urandom(6 * 1024 * 1024)
    answer = workshop.runtime.invoke_endpoint(
        EndpointName=name, Body=body, ContentType="image/jpeg", Accept="application/json;verbose"
    )
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "first"
    facts = json.loads(answer["Body"].read())
    assert facts["files"] == ["code"]
    assert facts["data"] == ["image/jpeg", len(body)]
    assert facts["accept"] == "application/json;verbose"
    endpoint = workshop.sagemaker.describe_endpoint(EndpointName=name)
    (variant,) = endpoint["ProductionVariants"]
    assert (variant["VariantName"], variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (
        "first",
        1,
        1,
    )
    listed = workshop.sagemaker.list_endpoints(NameContains=name, StatusEquals="InService")["Endpoints"]
    assert [entry["EndpointName"] for entry in listed] == [name]
    workshop.sagemaker.delete_endpoint(EndpointName=name)
    waiter = workshop.sagemaker.get_waiter("endpoint_deleted")
    waiter.config.delay = 0.1
    waiter.config.max_attempts = 600
    waiter.wait(EndpointName=name)
    assert not runs(facts["process"]), "the server of a deleted endpoint is still there"
    with pytest.raises(ClientError, match=f"Endpoint {name} of account 000000000000 not found") as refused:
        workshop.ask(name)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_what_the_model_leaves_out_is_done_as_the_toolkit_does_it(workshop):
    inference = """
        import torch

        def model_fn(model_dir, context):
            return torch.nn.Identity()

        def predict_fn(data, model):
            if data.sum() > 10:
                raise ValueError("too much")
            return model(data) * 2
    """
    name = workshop.endpoint(workshop.config(workshop.model(inference)))
    assert workshop.settled(name)["EndpointStatus"] == "InService"
    assert json.loads(workshop.ask(name, b"[[1, 2]]")) == [[2, 4]]
    assert (
        workshop.ask(name, b"1,2\n3,4\n", ContentType="text/csv", Accept="text/csv") == b"2.0,4.0\n6.0,8.0\n"
    )
    with pytest.raises(
        ClientError, match=r"server error \(500\) from primary .*ValueError: too much"
    ) as failed:
        workshop.ask(name, b"[11]")
    assert failed.value.response["Error"]["Code"] == "ModelError"
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert failed.value.response["OriginalStatusCode"] == 500
    assert "too much" in failed.value.response["OriginalMessage"]
    with pytest.raises(ClientError, match=r"client error \(415\).*image/jpeg is not supported"):
        workshop.ask(name, b"?", ContentType="image/jpeg")
    group = f"/aws/sagemaker/Endpoints/{name}"
    wait_for(lambda: "ValueError: too much" in workshop.lines(group, "first/"), "the traceback in the logs")


def test_several_workers_answer_and_the_callers_errors_are_the_callers(workshop):
    inference = """
        import os, time
        from sagemaker_inference.errors import GenericInferenceToolkitError

        def model_fn(folder):
            pass

        def transform_fn(model, data, content_type, accept):
            if data == "bad":
                raise GenericInferenceToolkitError(422, "no picture in it")
            time.sleep(0.1)
            return str(os.getpid()), "text/plain"
    """
    workers = {"SAGEMAKER_MODEL_SERVER_WORKERS": "2"}
    name = workshop.endpoint(workshop.config(workshop.model(inference, Environment=workers)))
    assert workshop.settled(name)["EndpointStatus"] == "InService"

    def ask_many(_) -> set[bytes]:
        return {workshop.ask(name) for _ in range(10)}

    with ThreadPoolExecutor(4) as clients:
        processes = set().union(*clients.map(ask_many, range(4)))
    assert len(processes) == 2
    with pytest.raises(ClientError, match=r"client error \(422\).*no picture in it") as refused:
        workshop.ask(name, b"bad")
    assert refused.value.response["OriginalStatusCode"] == 422
    assert workshop.ask(name) in processes, "a refused request ended a worker"


def test_no_request_waits_for_a_busy_worker_while_another_is_free(workshop, tmp_path):
    inference = f"""
        import time
        from pathlib import Path

        def model_fn(folder):
            pass

        def transform_fn(model, data, content_type, accept):
            folder = Path({str(tmp_path)!r})
            if data == b"long":
                (folder / "begun").touch()
                while not (folder / "gate").exists():
                    time.sleep(0.01)
            return "done", "text/plain"
    """
    workers = {"SAGEMAKER_MODEL_SERVER_WORKERS": "2"}
    name = workshop.endpoint(workshop.config(workshop.model(inference, Environment=workers)))
    assert workshop.settled(name)["EndpointStatus"] == "InService"
    octets = {"ContentType": "application/octet-stream"}
    with ThreadPoolExecutor(21) as clients:
        try:
            long = clients.submit(workshop.ask, name, b"long", **octets)
            wait_for((tmp_path / "begun").exists, "a worker to be busy")
            others = [clients.submit(workshop.ask, name, b"short", **octets) for _ in range(20)]
            # Not all: where the machine stalls, the busy one may have taken some.
            wait_for(lambda: sum(other.done() for other in others) >= 16, "the free worker's answers")
            assert not long.done()
        finally:
            (tmp_path / "gate").touch()


def test_an_endpoint_that_cannot_come_up_fails_with_a_reason(workshop):
    unknown = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"
    reasons = {
        workshop.endpoint(workshop.config(model)): reason
        for model, reason in {
            workshop.model("raise SystemExit('broken')"): "did not pass the ping health check",
            workshop.model("", Image=unknown): f"no program for the image {unknown}",
        }.items()
    }
    for name, reason in reasons.items():
        endpoint = workshop.settled(name)
        assert endpoint["EndpointStatus"] == "Failed"
        assert reason in endpoint["FailureReason"]
        with pytest.raises(WaiterError, match="terminal failure"):
            workshop.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name)
        workshop.sagemaker.delete_endpoint(EndpointName=name)


def test_an_update_answers_every_request_and_a_failed_one_leaves_the_old_model(workshop):
    old = workshop.config(workshop.model(saying("old")))
    name = workshop.endpoint(old)
    assert workshop.settled(name)["EndpointStatus"] == "InService"
    answers, asking = [], threading.Event()

    def ask_all_the_time():
        while not asking.is_set():
            answers.append(workshop.ask(name))

    thread = threading.Thread(target=ask_all_the_time)
    thread.start()
    new = workshop.config(workshop.model(saying("new")))
    workshop.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new)
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        workshop.sagemaker.delete_endpoint(EndpointName=name)
    endpoint = workshop.settled(name)
    instances = workshop.stand_in.home / "sagemaker/endpoints" / name
    wait_for(lambda: len(list(instances.glob("*"))) == 1, "the old instances to be gone")
    asking.set()
    thread.join()
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", new)
    assert answers == sorted(answers, reverse=True) and set(answers) == {b"old", b"new"}

    broken = workshop.config(workshop.model("raise SystemExit('broken')"))
    workshop.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=broken)
    endpoint = workshop.settled(name)
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", new)
    assert "FailureReason" not in endpoint, "AWS says nothing about an update that was rolled back"
    assert workshop.ask(name) == b"new"

    workshop.sagemaker.delete_endpoint_config(EndpointConfigName=new)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        workshop.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=old)
    assert workshop.ask(name) == b"new"


def test_variants_share_the_requests_by_weight(workshop):
    models = [workshop.model(saying("one")), workshop.model(saying("two"))]
    name = workshop.endpoint(workshop.config(*models))
    assert workshop.settled(name)["EndpointStatus"] == "InService"
    assert {workshop.ask(name) for _ in range(40)} == {b"one", b"two"}
    assert {workshop.ask(name, TargetVariant="second") for _ in range(10)} == {b"two"}
    with pytest.raises(ClientError, match="Variant third not found"):
        workshop.ask(name, TargetVariant="third")


def test_an_instance_that_dies_is_started_anew(workshop):
    one_worker = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}
    name = workshop.endpoint(workshop.config(workshop.model(ECHO, Environment=one_worker)))
    assert workshop.settled(name)["EndpointStatus"] == "InService"

    def process() -> int:
        return json.loads(workshop.ask(name))["process"]

    first = process()
    os.kill(first, signal.SIGKILL)

    def another() -> int | None:
        try:
            return process()
        except ClientError:
            return None

    second = wait_for(another, "an answer of the new process")
    assert second != first
    (lock,) = (workshop.stand_in.home / "sagemaker/endpoints" / name).glob("*/*/lock")
    os.kill(int(lock.read_text()), signal.SIGKILL)  # its runner, this time
    wait_for(lambda: another() not in (second, None), "an answer of the third process")
    assert not runs(second), "the server of a lost runner went on"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}},
            "ServerlessConfig is not implemented",
        ),
        ({"ModelName": "no-such-model"}, 'Could not find model ".*:model/no-such-model"'),
        ({"InstanceType": "toaster"}, "instanceType' failed to satisfy constraint"),
    ],
)
def test_configurations_that_cannot_be_served_are_refused(workshop, changes, message):
    with pytest.raises(ClientError, match=message):
        workshop.config("no-such-model", **changes)


def test_models_without_data_or_role_are_refused(workshop):
    with pytest.raises(ClientError, match="Could not access model data at s3://.*/nothing.tar.gz"):
        workshop.model("", ModelDataUrl=f"s3://{workshop.bucket}/nothing.tar.gz")
    name = workshop.model("")
    with pytest.raises(ClientError, match="Cannot create already existing model"):
        workshop.sagemaker.create_model(
            ModelName=name, PrimaryContainer={"Image": "x"}, ExecutionRoleArn=workshop.role
        )
    workshop.sagemaker.delete_model(ModelName=name)
    with pytest.raises(ClientError, match="Could not find model"):
        workshop.sagemaker.describe_model(ModelName=name)


def test_an_archive_that_leads_out_of_its_folder_is_refused(workshop, tmp_path):
    import tarfile

    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo("../../evil")
        tar.addfile(member)
    data = workshop.put("models/evil.tar.gz", (tmp_path / "evil.tar.gz").read_bytes())
    name = workshop.endpoint(workshop.config(workshop.model("", ModelDataUrl=data)))
    assert "refused to unpack" in workshop.settled(name)["FailureReason"]
