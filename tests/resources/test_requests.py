"""The requests are those that AWS takes: checked against botocore's models of the operations."""

import boto3
import pytest
from botocore.validate import ParamValidator

from resources.ground_truth import labeling_job_request
from resources.loop_training import Training
from resources.sagemaker_requests import (
    endpoint_config_request,
    metric_definitions,
    model_request,
    training_job_request,
    transform_job_request,
)
from resources.trainers import TRAINERS

ROLE = "arn:aws:iam::000000000000:role/foods-loop"
BUCKET = "s3://labelloop-foods"


def training(loop, **options) -> dict:
    return training_job_request(
        loop,
        name="foods-train-0123456789ab",
        image_uri="763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0-cpu-py312",
        role_arn=ROLE,
        train_uri=f"{BUCKET}/train.manifest",
        validation_uri=f"{BUCKET}/validation.manifest",
        source_uri=f"{BUCKET}/sourcedir.tar.gz",
        output_uri=f"{BUCKET}/models",
        **options,
    )


def labeling(loop) -> dict:
    return labeling_job_request(
        loop,
        name="foods-labels-0123456789ab",
        manifest=f"{BUCKET}/input.manifest",
        categories=f"{BUCKET}/labels.json",
        template=f"{BUCKET}/template.liquid",
        output=f"{BUCKET}/labeling",
        team_arn="arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd/labelers",
        role_arn=ROLE,
        pre_annotation_arn="arn:aws:lambda:us-east-1:000000000000:function:SageMaker-pre",
        consolidation_arn="arn:aws:lambda:us-east-1:000000000000:function:SageMaker-post",
    )


def spot_training(loop) -> dict:
    """With everything that a training can have."""
    settings = Training(
        spot=True,
        max_runtime_seconds=600,
        instance_count=2,
        hyperparameters={"backbone": "torchvision/resnet18"},
        backbone_weights=f"{BUCKET}/weights/resnet18.pth",
    )
    return training(loop.model_copy(update={"training": settings}), init_uri=f"{BUCKET}/model.tar.gz")


REQUESTS = {
    "CreateTrainingJob": training,
    "CreateTrainingJob on spare machines": spot_training,
    "CreateLabelingJob": labeling,
    "CreateModel": lambda loop: model_request(
        loop, name="m", image_uri="i", model_uri=f"{BUCKET}/m.tar.gz", role_arn=ROLE
    ),
    "CreateTransformJob": lambda loop: transform_job_request(
        loop, name="t", model="m", manifest_uri=f"{BUCKET}/images.json", output_uri=f"{BUCKET}/out"
    ),
    "CreateEndpointConfig": lambda loop: endpoint_config_request(loop, name="c", model="m"),
}


@pytest.mark.parametrize("operation", REQUESTS)
def test_aws_takes_the_request(operation, loop):
    client = boto3.client("sagemaker", region_name="us-east-1")
    shape = client.meta.service_model.operation_model(operation.partition(" ")[0]).input_shape
    report = ParamValidator().validate(REQUESTS[operation](loop), shape)
    assert not report.has_errors(), report.generate_report()


def test_augmented_manifests_are_read_as_recordio_pipes_with_the_image_first(loop):
    for channel in training(loop)["InputDataConfig"]:
        source = channel["DataSource"]["S3DataSource"]
        assert source["S3DataType"] == "AugmentedManifestFile"
        assert source["AttributeNames"] == ["source-ref", "boxes"]
        assert (channel["InputMode"], channel["RecordWrapperType"]) == ("Pipe", "RecordIO")


def test_a_training_can_begin_with_a_model_on_several_machines_that_may_be_taken_away(loop):
    request = spot_training(loop)
    assert request["ResourceConfig"]["InstanceCount"] == 2
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200}
    assert request["CheckpointConfig"]["S3Uri"].endswith(f"/checkpoints/{request['TrainingJobName']}")
    [channel] = [each for each in request["InputDataConfig"] if each["ChannelName"] == "model"]
    assert (channel["InputMode"], channel["ContentType"]) == ("File", "application/x-sagemaker-model")
    assert "MaxWaitTimeInSeconds" not in training(loop)["StoppingCondition"], "AWS refuses it without spot"


def test_hyperparameters_are_json_strings_as_the_sdk_writes_them(loop):
    parameters = training(loop)["HyperParameters"]
    assert parameters["sagemaker_program"] == '"train.py"'
    # Decoded once by the training toolkit, the labels must still be JSON: an argument is a string.
    assert parameters["classes"] == '"[\\"ingredients\\", \\"nutrition\\"]"'


def test_metric_definitions_find_each_metric_in_the_line_that_training_prints():
    import re

    line = "epoch=3; validation:mAP=0.4100; validation:mAP_50_95=0.2000; validation:F1=0.6100; "
    line += "validation:threshold=0.3400; validation:calibration_error=0.1200; "
    line += "validation:calibrated_error=0.0500; train:loss=1.9300;"
    metrics = metric_definitions(TRAINERS["bounding_box"].metrics)
    found = {metric["Name"]: re.findall(metric["Regex"], line) for metric in metrics}
    assert found == {
        "validation:mAP": ["0.4100"],
        "validation:mAP_50_95": ["0.2000"],
        "validation:F1": ["0.6100"],
        "validation:threshold": ["0.3400"],
        "validation:calibration_error": ["0.1200"],
        "validation:calibrated_error": ["0.0500"],
        "train:loss": ["1.9300"],
    }


def test_a_labeling_job_of_boxes_has_no_attribute_that_means_masks(loop):
    assert labeling(loop)["LabelAttributeName"] == "boxes"


@pytest.mark.parametrize("operation", REQUESTS)
def test_aws_takes_the_requests_of_a_loop_about_masks(operation, loop):
    masks = loop.model_copy(update={"task": "semantic_segmentation", "label_attribute": "masks"})
    client = boto3.client("sagemaker", region_name="us-east-1")
    shape = client.meta.service_model.operation_model(operation.partition(" ")[0]).input_shape
    report = ParamValidator().validate(REQUESTS[operation](masks), shape)
    assert not report.has_errors(), report.generate_report()


def test_masks_are_streamed_as_files_and_asked_for_as_png(loop):
    masks = loop.model_copy(update={"task": "semantic_segmentation", "label_attribute": "masks"})
    asked = training(masks)
    for channel in asked["InputDataConfig"]:
        # SageMaker streams the object that an attribute names if the attribute's name ends with -ref.
        assert channel["DataSource"]["S3DataSource"]["AttributeNames"] == ["source-ref", "masks-ref"]
    assert asked["HyperParameters"]["sagemaker_program"] == '"train_masks.py"'
    assert REQUESTS["CreateTransformJob"](masks)["TransformOutput"]["Accept"] == "image/png"
    environment = REQUESTS["CreateModel"](masks)["PrimaryContainer"]["Environment"]
    assert environment["SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"] == "image/png"
    assert set(REQUESTS["CreateModel"](loop)["PrimaryContainer"]["Environment"]) < set(environment)


@pytest.mark.parametrize(("megabytes", "at_once"), [(6, 4), (40, 2), (100, 1)])
def test_images_of_a_transform_job_under_way_stay_within_sagemakers_100_mb(loop, megabytes, at_once):
    transform = loop.transform.model_copy(update={"max_payload_mb": megabytes})
    request = transform_job_request(
        loop.model_copy(update={"transform": transform}),
        name="foods-predict-0123456789ab",
        model="foods-model",
        manifest_uri=f"{BUCKET}/images.manifest",
        output_uri=f"{BUCKET}/predictions",
    )
    assert request["MaxConcurrentTransforms"] == at_once
