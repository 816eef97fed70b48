"""What an endpoint's model learned from is told by SageMaker's descriptions, or the missing link is named."""

import json

import dagster as dg
import pytest

from resources.aws import Aws
from resources.served_model import served_model
from tests.localaws.workshop import INFERENCE_IMAGE, Workshop, augmented

ECHO = """
    def model_fn(folder):
        pass

    def transform_fn(model, data, content_type, accept):
        return data, "application/json"
"""
TRAIN = """
    open("/opt/ml/model/weights", "w").write("none")
"""


@pytest.fixture
def workshop(stand_in_environment) -> Workshop:
    return Workshop(stand_in_environment)


def walk(workshop: Workshop, *models: str):
    endpoint = workshop.endpoint(workshop.config(*models))
    try:
        return served_model(Aws(), endpoint)
    finally:
        workshop.settled(endpoint)
        workshop.sagemaker.delete_endpoint(EndpointName=endpoint)


def test_an_endpoint_that_is_not_there_is_named(stand_in_environment):
    with pytest.raises(dg.Failure, match="There is no endpoint nothing-live: materialize live_endpoint"):
        served_model(Aws(), "nothing-live")


def test_a_model_that_no_training_job_made_is_named_with_its_artifact(workshop):
    model = workshop.model(ECHO)
    with pytest.raises(dg.Failure, match=f"The model {model} was made of s3://.*, and no training job"):
        walk(workshop, model)


def test_of_several_models_none_is_picked(workshop):
    with pytest.raises(dg.Failure, match="serves several models"):
        walk(workshop, workshop.model(ECHO), workshop.model(ECHO))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hyperparameters", "problem"),
    [({"classes": json.dumps('["a", "b"]')}, None), ({}, "has no hyperparameter `classes`")],
)
def test_the_labels_and_manifests_are_those_that_the_training_job_was_given(
    workshop, hyperparameters, problem
):
    line = {"source-ref": workshop.put("1.jpg", b"1"), "drawn": {}}
    manifest = workshop.put("train.manifest", json.dumps(line))
    channels = [augmented(manifest, "source-ref", "drawn")]
    job = workshop.trained(workshop.train(TRAIN, HyperParameters=hyperparameters, InputDataConfig=channels))
    assert job["TrainingJobStatus"] == "Completed", job
    model, artifact = workshop.name("model"), job["ModelArtifacts"]["S3ModelArtifacts"]
    container = {"Image": INFERENCE_IMAGE, "ModelDataUrl": artifact}
    workshop.sagemaker.create_model(
        ModelName=model, PrimaryContainer=container, ExecutionRoleArn=workshop.role
    )
    if problem:
        with pytest.raises(dg.Failure, match=problem):
            walk(workshop, model)
        return
    found = walk(workshop, model)
    assert (found.model, found.artifact) == (model, artifact)
    assert (found.training_job, found.ended) == (job["TrainingJobName"], job["TrainingEndTime"])
    assert (found.labels, found.attribute) == (["a", "b"], "drawn")
    assert found.channels == {"train": manifest}
