"""Old versions are deleted by the policy, and never what somebody serves."""

import uuid

import pytest

from resources.aws import Aws
from resources.endpoint_versions import superfluous
from resources.endpoints import Endpoints
from tests.localaws.workshop import Workshop


@pytest.mark.parametrize(
    ("keep", "in_use", "gone"),
    [(1, {"d"}, ["b", "c"]), (2, set(), ["c", "d"]), (9, set(), []), (3, {"a", "d"}, [])],
)
def test_the_newest_and_those_in_use_are_kept(keep, in_use, gone):
    assert superfluous(["a", "b", "c", "d"], keep, in_use) == gone


def test_what_any_endpoint_serves_outlives_the_policy(stand_in, stand_in_environment):
    workshop, slug = Workshop(stand_in), f"old-{uuid.uuid4().hex[:6]}"
    client, data = workshop.sagemaker, workshop.put("model.tar.gz", b"")

    def version(number: int, owner: str = slug) -> tuple[str, str]:
        config, model = (f"{owner}-{kind}-{number:012x}" for kind in ("config", "model"))
        container = {"Image": "image:1", "ModelDataUrl": data}
        client.create_model(ModelName=model, PrimaryContainer=container, ExecutionRoleArn=workshop.role)
        variant = {"VariantName": "v", "ModelName": model, "InstanceType": "ml.m5.large"}
        variants = [variant | {"InitialInstanceCount": 1}]
        client.create_endpoint_config(EndpointConfigName=config, ProductionVariants=variants)
        return config, model

    # The first serves; the second is of a loop with a longer name; the model of the third is to be spared.
    versions = [version(0), version(1, f"{slug}-config-2"), *(version(number) for number in range(2, 7))]
    client.create_endpoint(EndpointName=f"{slug}-of-somebody", EndpointConfigName=versions[0][0])
    client.delete_endpoint_config(EndpointConfigName=versions[2][0])
    endpoints = Endpoints(aws=Aws())
    gone = endpoints.clean_up(slug, keep=2, spare=versions[2][1])
    (config_3, model_3), (config_4, model_4) = versions[3:5]
    assert gone == [config_4, config_3, model_4, model_3]
    left = client.list_endpoint_configs(NameContains=slug, MaxResults=100)["EndpointConfigs"]
    assert {found["EndpointConfigName"] for found in left} == {versions[number][0] for number in (0, 1, 5, 6)}
    left = client.list_models(NameContains=slug, MaxResults=100)["Models"]
    assert {found["ModelName"] for found in left} == {versions[number][1] for number in (0, 1, 2, 5, 6)}
    assert endpoints.clean_up(slug, keep=2, spare=versions[2][1]) == []
