"""The endpoint serves what it was asked to serve, or the run fails: also when SageMaker calls it success."""

import dagster as dg
import pytest

from resources.aws import Aws
from resources.endpoints import Endpoints
from tests.localaws.test_endpoints import saying
from tests.localaws.workshop import Workshop, alarm

BROKEN = "raise SystemExit('this model cannot be loaded')"


@pytest.fixture(scope="module")
def workshop(stand_in) -> Workshop:
    return Workshop(stand_in)


@pytest.fixture
def endpoints(stand_in_environment) -> Endpoints:
    return Endpoints(aws=Aws())


def config(workshop: Workshop, model: str) -> dict:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    return {"EndpointConfigName": workshop.name("config"), "ProductionVariants": [variant]}


def test_an_endpoint_is_created_then_left_alone_then_updated_in_place(workshop, endpoints):
    name = workshop.name("endpoint")
    old = config(workshop, workshop.model(saying("old")))
    created = endpoints.ensure(name, old)
    assert (created["EndpointStatus"], created["EndpointConfigName"]) == (
        "InService",
        old["EndpointConfigName"],
    )
    assert endpoints.invoke(name, b"image").body == b"old"

    assert endpoints.ensure(name, old)["LastModifiedTime"] == created["LastModifiedTime"]

    new = config(workshop, workshop.model(saying("new")))
    routing = {"Type": "CANARY", "WaitIntervalInSeconds": 0}
    routing["CanarySize"] = {"Type": "CAPACITY_PERCENT", "Value": 10}
    canary = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
    updated = endpoints.ensure(name, new, canary)
    assert updated["LastDeploymentConfig"] == canary
    assert updated["EndpointConfigName"] == new["EndpointConfigName"]
    assert updated["CreationTime"] == created["CreationTime"]
    assert endpoints.invoke(name, b"image").body == b"new"
    workshop.sagemaker.delete_endpoint(EndpointName=name)


@pytest.mark.slow
def test_a_silent_rollback_is_a_failure_and_the_old_model_goes_on(workshop, endpoints):
    name = workshop.name("endpoint")
    old = config(workshop, workshop.model(saying("old")))
    endpoints.ensure(name, old)
    broken = config(workshop, workshop.model(BROKEN))
    message = f"serves {old['EndpointConfigName']} and not {broken['EndpointConfigName']}: SageMaker rolled"
    with pytest.raises(dg.Failure, match=message):
        endpoints.ensure(name, broken)
    assert endpoints.describe(name)["EndpointStatus"] == "InService"
    assert endpoints.invoke(name, b"image").body == b"old"

    client, ringing = workshop.client("cloudwatch"), workshop.name("alarm")
    alarm(client, ringing)
    client.set_alarm_state(AlarmName=ringing, StateValue="ALARM", StateReason="the test says so")
    new = config(workshop, workshop.model(saying("new")))
    watched = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ringing}]}}
    with pytest.raises(dg.Failure, match=f"rolled the update back.* in ALARM: {ringing}"):
        endpoints.ensure(name, new, watched)
    assert endpoints.invoke(name, b"image").body == b"old"
    workshop.sagemaker.delete_endpoint(EndpointName=name)


@pytest.mark.slow
def test_a_failed_endpoint_is_replaced_by_one_that_works(workshop, endpoints):
    name = workshop.name("endpoint")
    with pytest.raises(dg.Failure, match=f"endpoint {name} is Failed: .*health check"):
        endpoints.ensure(name, config(workshop, workshop.model(BROKEN)))
    works = config(workshop, workshop.model(saying("works")))
    assert endpoints.ensure(name, works)["EndpointConfigName"] == works["EndpointConfigName"]
    assert endpoints.invoke(name, b"image").body == b"works"
    workshop.sagemaker.delete_endpoint(EndpointName=name)


def test_a_model_is_made_once(workshop, endpoints):
    data = workshop.put("model.tar.gz", b"")
    request = {
        "ModelName": workshop.name("model"),
        "PrimaryContainer": {"Image": "image:1", "ModelDataUrl": data},
        "ExecutionRoleArn": workshop.role,
    }
    assert endpoints.ensure_model(request) == endpoints.ensure_model(request) == request["ModelName"]
