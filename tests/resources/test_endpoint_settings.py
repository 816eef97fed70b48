"""How a new model takes over, from the loop's file to SageMaker's request."""

import boto3
import pytest
from botocore.validate import ParamValidator
from pydantic import ValidationError

from assets.live_endpoint import config_request
from resources.loop import Loop
from resources.sagemaker_requests import deployment_config
from tests.settings import LEAST


def loop(**endpoint) -> Loop:
    return Loop(**LEAST, endpoint=endpoint)


@pytest.mark.parametrize(
    ("settings", "routing", "longest"),
    [
        ({"bake_seconds": 60}, {"Type": "ALL_AT_ONCE"}, 60 + 1800),
        (
            {"deployment": "canary", "bake_seconds": 60, "step_percent": 5},
            {"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 5}},
            2 * 60 + 1800,
        ),
        (
            {"deployment": "linear", "bake_seconds": 60, "step_percent": 30},
            {"Type": "LINEAR", "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 30}},
            4 * 60 + 1800,
        ),
    ],
)
def test_a_deployment_is_asked_for_in_terms_that_sagemaker_takes(settings, routing, longest):
    config = deployment_config(loop(**settings, alarms=["errors"]))
    assert config == {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing | {"WaitIntervalInSeconds": 60},
            "MaximumExecutionTimeoutInSeconds": longest,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    }
    request = {"EndpointName": "e", "EndpointConfigName": "c", "DeploymentConfig": config}
    model = boto3.client("sagemaker", region_name="us-east-1").meta.service_model
    report = ParamValidator().validate(request, model.operation_model("UpdateEndpoint").input_shape)
    assert not report.has_errors(), report.generate_report()


def test_a_loop_that_asks_for_nothing_gets_no_deployment_config():
    assert deployment_config(loop()) is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"deployment": "rolling"}, "endpoint.deployment\n.*'all_at_once', 'canary' or 'linear'"),
        ({"deployment": "linear", "step_percent": 5}, "a linear deployment takes 10 to 50, found 5"),
        ({"alarms": ["errors"]}, "bake_seconds: alarms are watched for that long"),
        ({"deployment": "linear", "bake_seconds": 3600}, "10 steps of 3600 .* SageMaker allows 28800"),
        ({"data_capture": {"percentage": 0}}, "data_capture.percentage\n.*greater than or equal to 1"),
        ({"keep_versions": 0}, "endpoint.keep_versions\n.*greater than or equal to 1"),
    ],
)
def test_a_deployment_that_cannot_be_is_refused_before_anything_runs(settings, message):
    with pytest.raises(ValidationError, match=message):
        loop(**settings)


def test_how_a_model_takes_over_makes_no_other_version_of_the_endpoint():
    plain = config_request(loop(), "model")
    careful = loop(deployment="canary", bake_seconds=60, alarms=["errors"], keep_versions=3)
    assert config_request(careful, "model") == plain
    assert (
        config_request(loop(instance_count=2), "model")["EndpointConfigName"] != plain["EndpointConfigName"]
    )
