"""The parameters of SageMaker's Create calls, made of a loop's settings. Pure functions."""

from collections.abc import Iterable
from typing import Any

from resources.loop import Loop

LOOP_TAG = "labelloop"
JSON = "application/json"
# https://docs.aws.amazon.com/sagemaker/latest/dg/incremental-training.html
MODEL = "application/x-sagemaker-model"

AT_ONCE = 4  # images of a transform job that are under way: as many as keep a small instance's cores busy
MOST_AT_ONCE_MB = 100  # SageMaker's limit of MaxConcurrentTransforms * MaxPayloadInMB


def training_job_request(
    loop: Loop,
    *,
    name: str,
    image_uri: str,
    role_arn: str,
    train_uri: str,
    validation_uri: str,
    source_uri: str,
    output_uri: str,
    init_uri: str | None = None,
) -> dict[str, Any]:
    """CreateTrainingJob: the detector in script mode, fed with augmented manifests through pipes.

    ``init_uri`` is the artifact of the model to begin with.
    """
    settings = loop.training
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": image_uri,
            "TrainingInputMode": "Pipe",  # the only mode that reads augmented manifests
            "MetricDefinitions": metric_definitions(loop.trainer.metrics),
        },
        "RoleArn": role_arn,
        "HyperParameters": loop.script_hyperparameters(source_uri),
        "InputDataConfig": [
            _labeled_channel("train", train_uri, loop.kept_attribute),
            _labeled_channel("validation", validation_uri, loop.kept_attribute),
            *([_file_channel("model", init_uri, MODEL)] if init_uri else []),
            *([_file_channel("backbone", weights)] if (weights := settings.backbone_weights) else []),
        ],
        "OutputDataConfig": {"S3OutputPath": output_uri},
        "ResourceConfig": {
            "InstanceType": settings.instance_type,
            "InstanceCount": settings.instance_count,
            "VolumeSizeInGB": settings.volume_gb,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": settings.max_runtime_seconds},
        "Tags": tags(loop),
    } | (_spot(loop, name) if settings.spot else {})


def _spot(loop: Loop, name: str) -> dict[str, Any]:
    """Further attempts at the job find the checkpoints of the first: what it has done is not lost."""
    settings = loop.training
    return {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {
            "MaxRuntimeInSeconds": settings.max_runtime_seconds,
            "MaxWaitTimeInSeconds": settings.longest_wait,
        },
        "CheckpointConfig": {"S3Uri": loop.uri(f"checkpoints/{name}")},
    }


def _file_channel(name: str, uri: str, content_type: str = "application/octet-stream") -> dict[str, Any]:
    return {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": uri,
                "S3DataDistributionType": "FullyReplicated",
            }
        },
        "ContentType": content_type,
        "CompressionType": "None",
        "InputMode": "File",
    }


def metric_definitions(names: Iterable[str]) -> list[dict[str, str]]:
    """As the training program prints them: https://docs.aws.amazon.com/sagemaker/latest/dg/training-metrics.html"""
    return [{"Name": name, "Regex": rf"{name}=([0-9.eE+-]+);"} for name in names]


def _labeled_channel(name: str, manifest_uri: str, attribute: str) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "AugmentedManifestFile",
                "S3Uri": manifest_uri,
                "S3DataDistributionType": "FullyReplicated",
                "AttributeNames": ["source-ref", attribute],
            }
        },
        "ContentType": "application/x-recordio",
        "RecordWrapperType": "RecordIO",
        "CompressionType": "None",
        "InputMode": "Pipe",
    }


def model_request(loop: Loop, *, name: str, image_uri: str, model_uri: str, role_arn: str) -> dict[str, Any]:
    """CreateModel: the training job's model.tar.gz, which holds the program that serves it."""
    answers = loop.trainer.answers
    return {
        "ModelName": name,
        "PrimaryContainer": {
            "Image": image_uri,
            "ModelDataUrl": model_uri,
            "Environment": {
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                # The container takes this for a client that does not say what it accepts.
                **({} if answers == JSON else {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": answers}),
            },
        },
        "ExecutionRoleArn": role_arn,
        "Tags": tags(loop),
    }


def transform_job_request(
    loop: Loop, *, name: str, model: str, manifest_uri: str, output_uri: str
) -> dict[str, Any]:
    """CreateTransformJob over the images that a manifest file lists; each answer becomes ``<key>.out``."""
    settings = loop.transform
    return {
        "TransformJobName": name,
        "ModelName": model,
        "MaxConcurrentTransforms": max(1, min(AT_ONCE, MOST_AT_ONCE_MB // settings.max_payload_mb)),
        "MaxPayloadInMB": settings.max_payload_mb,
        "BatchStrategy": "SingleRecord",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": manifest_uri}},
            "ContentType": "application/x-image",
            "SplitType": "None",
            "CompressionType": "None",
        },
        "TransformOutput": {
            "S3OutputPath": output_uri,
            "Accept": loop.trainer.answers,
            "AssembleWith": "None",
        },
        "TransformResources": {
            "InstanceType": settings.instance_type,
            "InstanceCount": settings.instance_count,
        },
        "Tags": tags(loop),
    }


def endpoint_config_request(loop: Loop, *, name: str, model: str) -> dict[str, Any]:
    """CreateEndpointConfig: one variant that gets all the traffic."""
    settings = loop.endpoint
    return {
        **data_capture_config(loop),
        "EndpointConfigName": name,
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "ModelName": model,
                "InstanceType": settings.instance_type,
                "InitialInstanceCount": settings.instance_count,
                "ContainerStartupHealthCheckTimeoutInSeconds": settings.health_check_timeout_seconds,
            }
        ],
        "Tags": tags(loop),
    }


def data_capture_config(loop: Loop) -> dict[str, Any]:
    settings = loop.endpoint.data_capture
    if settings is None:
        return {}
    return {
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": settings.percentage,
            "DestinationS3Uri": loop.capture_uri,
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"JsonContentTypes": [JSON]},
        }
    }


def deployment_config(loop: Loop) -> dict[str, Any] | None:
    """UpdateEndpoint's DeploymentConfig; None where all traffic moves as soon as the new model is healthy."""
    settings = loop.endpoint
    if settings.deployment == "all_at_once" and not settings.bake_seconds:
        return None
    routing = {"Type": settings.deployment.upper(), "WaitIntervalInSeconds": settings.bake_seconds}
    if settings.deployment != "all_at_once":
        member = {"canary": "CanarySize", "linear": "LinearStepSize"}[settings.deployment]
        routing[member] = {"Type": "CAPACITY_PERCENT", "Value": settings.step_percent}
    policy = {
        "TrafficRoutingConfiguration": routing,
        "MaximumExecutionTimeoutInSeconds": settings.deployment_seconds,
    }
    alarms = [{"AlarmName": name} for name in settings.alarms]
    rollback = {"AutoRollbackConfiguration": {"Alarms": alarms}} if alarms else {}
    return {"BlueGreenUpdatePolicy": policy} | rollback


def tags(loop: Loop) -> list[dict[str, str]]:
    """So that everything a loop made can be found, and paid for, by its name."""
    return [{"Key": LOOP_TAG, "Value": loop.name}]
