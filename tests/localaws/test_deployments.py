"""Endpoints updated in steps: the arithmetic of the steps, and real traffic that never fails meanwhile."""

import threading
import time
from collections import Counter

import pytest
from botocore.exceptions import ClientError

from localaws.api import AwsError
from localaws.sagemaker.deployments import advance, is_watched, plan, share, steps_of
from tests.localaws.test_endpoints import saying
from tests.localaws.workshop import Workshop, alarm, wait_for


def percent(value: int, kind: str = "CAPACITY_PERCENT") -> dict:
    return {"Type": kind, "Value": value}


def blue_green(kind: str = "ALL_AT_ONCE", wait: int = 0, *, alarms=(), termination: int = 0, **sizes) -> dict:
    routing = {"Type": kind, "WaitIntervalInSeconds": wait} | sizes
    policy = {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": termination}
    rollback = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}}
    return {"BlueGreenUpdatePolicy": policy} | (rollback if alarms else {})


@pytest.mark.parametrize(
    ("routing", "instances", "steps"),
    [
        ({"Type": "ALL_AT_ONCE"}, 1, [1.0]),
        ({"Type": "CANARY", "CanarySize": percent(10)}, 1, [0.1, 1.0]),
        ({"Type": "CANARY", "CanarySize": percent(1, "INSTANCE_COUNT")}, 4, [0.25, 1.0]),
        ({"Type": "LINEAR", "LinearStepSize": percent(50)}, 2, [0.5, 1.0]),
        ({"Type": "LINEAR", "LinearStepSize": percent(30)}, 2, [0.3, 0.6, 0.9, 1.0]),
        ({"Type": "LINEAR", "LinearStepSize": percent(1, "INSTANCE_COUNT")}, 3, [1 / 3, 2 / 3, 1.0]),
    ],
)
def test_traffic_moves_in_the_steps_that_were_asked_for(routing, instances, steps):
    assert steps_of(routing, instances) == pytest.approx(steps)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (blue_green("CANARY"), "type CANARY needs CanarySize"),
        (blue_green("CANARY", CanarySize=percent(51)), "is 51 percent .* it must be 1 to 50"),
        (blue_green("CANARY", CanarySize=percent(1, "INSTANCE_COUNT")), "is 100 percent"),
        (blue_green("LINEAR", LinearStepSize=percent(9)), "must be 10 to 50"),
        (blue_green(CanarySize=percent(10)), "CanarySize belongs to type CANARY, not ALL_AT_ONCE"),
        (blue_green(wait=3600, termination=3600) | {"RollingUpdatePolicy": {}}, "RollingUpdatePolicy"),
        (blue_green("LINEAR", 3600, LinearStepSize=percent(10)), "add up to 36000.*28800, must be larger"),
    ],
)
def test_deployments_that_cannot_be_are_refused(config, message):
    with pytest.raises(AwsError, match=message):
        plan(config, instances=1, now=0)


def test_alarms_are_watched_after_every_step_and_not_while_the_old_fleet_waits_for_its_end():
    config = blue_green("CANARY", 10, termination=5, alarms=["a"], CanarySize=percent(20))
    deployment, seen = plan(config, instances=1, now=0), []
    for now in range(3, 40):
        following = advance(deployment, now)
        if following is None:
            break
        if following != deployment:
            seen.append((now, share({"deployment": following})))
        deployment = following
        if now in (8, 22, 24):
            seen.append((now, is_watched(deployment, now)))
    assert seen == [(3, 0.2), (8, True), (13, 1.0), (22, True), (24, False)]
    assert now == 13 + 10 + 5


class Traffic:
    """Asks an endpoint all the time, from two threads, and keeps what it says and what goes wrong."""

    def __init__(self, workshop: Workshop, name: str):
        self.workshop, self.name = workshop, name
        self.answers: list[tuple[float, bytes]] = []
        self.failures: list[Exception] = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._ask) for _ in range(2)]

    def _ask(self) -> None:
        while not self.over.is_set():
            try:
                self.answers.append((time.monotonic(), self.workshop.ask(self.name)))
            except ClientError as failure:
                self.failures.append(failure)

    def __enter__(self) -> "Traffic":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *problem) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()

    def since(self, moment: float) -> Counter:
        return Counter(answer for asked, answer in list(self.answers) if asked > moment)


@pytest.fixture(scope="module")
def workshop(stand_in) -> Workshop:
    return Workshop(stand_in)


@pytest.fixture(scope="module")
def served(workshop) -> tuple[str, str]:
    """An endpoint that says old, and the configuration that it serves."""
    config = workshop.config(workshop.model(saying("old")))
    name = workshop.endpoint(config)
    assert workshop.settled(name)["EndpointStatus"] == "InService"
    return name, config


@pytest.fixture(scope="module")
def new(workshop) -> str:
    return workshop.config(workshop.model(saying("new")))


def update(workshop: Workshop, name: str, config: str, **options) -> None:
    workshop.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config, **options)


def pending(workshop: Workshop, name: str, message: str) -> dict | None:
    """What is being deployed, when its first variant says so."""
    endpoint = workshop.sagemaker.describe_endpoint(EndpointName=name)
    summary = endpoint.get("PendingDeploymentSummary")
    said = summary["ProductionVariants"][0]["VariantStatus"][0]["StatusMessage"] if summary else ""
    return endpoint if message in said else None


def test_an_alarm_during_the_canary_brings_all_traffic_back_without_a_failed_request(workshop, served, new):
    name, old = served
    client, ringing = workshop.client("cloudwatch"), workshop.name("alarm")
    alarm(client, ringing)
    canary = blue_green("CANARY", 60, alarms=[ringing], CanarySize=percent(50))
    with Traffic(workshop, name) as traffic:
        update(workshop, name, new, DeploymentConfig=canary)
        endpoint = wait_for(lambda: pending(workshop, name, "50 percent"), "the canary")
        assert endpoint["EndpointStatus"] == "Updating" and endpoint["EndpointConfigName"] == old
        assert endpoint["PendingDeploymentSummary"]["EndpointConfigName"] == new
        wait_for(lambda: {b"old", b"new"} <= set(traffic.since(0)), "answers of both fleets")
        client.set_alarm_state(AlarmName=ringing, StateValue="ALARM", StateReason="the test says so")
        endpoint = workshop.settled(name)
        back = time.monotonic()
        wait_for(lambda: traffic.since(back).total() > 10, "ten answers more")
    assert not traffic.failures
    assert set(traffic.since(back + 0.1)) <= {b"old"}
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", old)
    assert "FailureReason" not in endpoint and "PendingDeploymentSummary" not in endpoint
    update(workshop, name, new, DeploymentConfig=canary)  # the alarm still rings
    assert workshop.settled(name)["EndpointConfigName"] == old


def test_a_new_fleet_that_dies_while_it_is_watched_is_called_back(workshop, served):
    name, old = served
    dying = """
        import os, threading

        def model_fn(folder):
            threading.Timer(3, os._exit, [1]).start()

        def transform_fn(model, data, content_type, accept):
            return "dying", "text/plain"
    """
    config = workshop.config(workshop.model(dying))
    update(workshop, name, config, DeploymentConfig=blue_green(wait=60))
    endpoint = workshop.settled(name)
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", old)
    assert "FailureReason" not in endpoint
    assert workshop.ask(name) == b"old"


def test_alarms_must_exist_before_an_update_starts(workshop, served, new):
    with pytest.raises(ClientError, match="Alarms: there is no no-such-alarm"):
        update(workshop, served[0], new, DeploymentConfig=blue_green(alarms=["no-such-alarm"]))
    assert workshop.sagemaker.describe_endpoint(EndpointName=served[0])["EndpointStatus"] == "InService"


def test_traffic_moves_linearly_and_no_request_fails(workshop, served, new):
    name, old = served
    linear = blue_green("LINEAR", 1, termination=1, LinearStepSize=percent(50))
    with Traffic(workshop, name) as traffic:
        update(workshop, name, new, DeploymentConfig=linear)
        endpoint = workshop.settled(name)
        there = time.monotonic()
        wait_for(lambda: traffic.since(there).total() > 10, "ten answers more")
    assert not traffic.failures
    assert (endpoint["EndpointConfigName"], endpoint["LastDeploymentConfig"]) == (new, linear)
    assert set(traffic.since(there)) == {b"new"}
    first_new = min(asked for asked, answer in traffic.answers if answer == b"new")
    assert traffic.since(first_new)[b"old"], "the old fleet had no share of the traffic beside the new one"
    update(workshop, name, old, RetainDeploymentConfig=True)
    assert workshop.sagemaker.describe_endpoint(EndpointName=name)["LastDeploymentConfig"] == linear
