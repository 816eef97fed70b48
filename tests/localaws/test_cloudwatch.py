"""Alarms over HTTP: kept, set, and refused where there are none."""

import uuid

import pytest
from botocore.exceptions import ClientError

from tests.localaws.workshop import alarm


def test_an_alarm_keeps_its_state_until_it_is_set(stand_in):
    client, name = stand_in.client("cloudwatch"), f"alarm-{uuid.uuid4().hex[:8]}"
    alarm(client, name)

    def described() -> dict:
        (found,) = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return found

    assert (described()["StateValue"], described()["Threshold"]) == ("INSUFFICIENT_DATA", 0.5)
    client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="the test says so")
    alarm(client, name, Threshold=1e3)
    assert (described()["StateValue"], described()["StateReason"]) == ("ALARM", "the test says so")
    assert described()["Threshold"] == 1000
    assert described()["StateUpdatedTimestamp"] <= described()["AlarmConfigurationUpdatedTimestamp"]
    assert not client.describe_alarms(AlarmNames=[name], StateValue="OK")["MetricAlarms"]
    client.delete_alarms(AlarmNames=[name])
    with pytest.raises(ClientError, match=f"There is no alarm {name}"):
        client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="gone")


def test_many_alarms_come_page_by_page(stand_in):
    client, prefix = stand_in.client("cloudwatch"), f"page-{uuid.uuid4().hex[:8]}"
    names = [f"{prefix}-{number}" for number in range(5)]
    for name in names:
        alarm(client, name)
    pages = client.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, PaginationConfig={"PageSize": 2}
    )
    assert [found["AlarmName"] for page in pages for found in page["MetricAlarms"]] == names


def test_alarms_that_are_not_on_one_metric_are_refused(stand_in):
    with pytest.raises(ClientError, match="MetricName: the stand-in keeps alarms on one metric") as refused:
        stand_in.client("cloudwatch").put_metric_alarm(
            AlarmName="a", Namespace="n", EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold"
        )
    assert refused.value.response["Error"]["Code"] == "InvalidParameterCombination"
