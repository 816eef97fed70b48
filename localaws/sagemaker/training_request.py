"""What CreateTrainingJob refuses beyond the service model's limits: as AWS does, or because we cannot."""

import re

from localaws.sagemaker.preconditions import Preconditions, invalid, split_uri

MOST_HOSTS = 20
NEEDED = ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")

# Parameter -> why it is refused. What would change a job's result must not be passed over in silence.
NOT_IN_THE_STAND_IN = {
    "EnableNetworkIsolation": "containers are processes of this machine and keep its network",
    "ServerlessJobConfig": "there are no serverless jobs",
    "ModelPackageConfig": "a training job registers no model, CreateModelPackage does",
}


def check_training_request(params: dict, preconditions: Preconditions) -> None:
    """Raises AwsError (ValidationException) for the first thing that is wrong."""
    for name in NEEDED:
        if name not in params:
            raise invalid(f"{name} is required to create a training job")
    for name, why in NOT_IN_THE_STAND_IN.items():
        if params.get(name):
            raise invalid(f"{name} is not implemented by the stand-in: {why}")
    check_algorithm(params["AlgorithmSpecification"])
    check_resources(params["ResourceConfig"])
    check_stopping(params)
    check_checkpoints(params.get("CheckpointConfig", {}))
    channels = params.get("InputDataConfig", [])
    names = [channel["ChannelName"] for channel in channels]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise invalid(f"InputDataConfig: channel names must be unique; {', '.join(repeated)} is repeated")
    hosts = params["ResourceConfig"].get("InstanceCount", 1)
    for channel in channels:
        check_channel(channel, params["AlgorithmSpecification"]["TrainingInputMode"], hosts)
    preconditions.role(params["RoleArn"])
    preconditions.bucket(params["OutputDataConfig"]["S3OutputPath"], "OutputDataConfig.S3OutputPath")
    for channel in channels:
        preconditions.input(channel["DataSource"]["S3DataSource"]["S3Uri"], params["RoleArn"])


def check_algorithm(algorithm: dict) -> None:
    if algorithm.get("AlgorithmName"):
        raise invalid(
            "AlgorithmSpecification.AlgorithmName is not implemented by the stand-in: give a TrainingImage"
        )
    if not algorithm.get("TrainingImage"):
        raise invalid("AlgorithmSpecification.TrainingImage is required")
    for definition in algorithm.get("MetricDefinitions", []):
        try:
            re.compile(definition["Regex"])
        except re.error as problem:
            raise invalid(
                f"MetricDefinitions: the Regex of {definition['Name']}, {definition['Regex']!r}: {problem}"
            ) from None


def check_resources(resources: dict) -> None:
    if resources.get("InstanceGroups"):
        raise invalid(
            "ResourceConfig.InstanceGroups is not implemented by the stand-in: give an InstanceType"
        )
    if not resources.get("InstanceType"):
        raise invalid("ResourceConfig.InstanceType is required")
    if not 1 <= (count := resources.get("InstanceCount", 1)) <= MOST_HOSTS:
        raise invalid(
            f"ResourceConfig.InstanceCount is {count}: the stand-in, one machine, plays 1 to {MOST_HOSTS}"
        )


def check_stopping(params: dict) -> None:
    stopping = params["StoppingCondition"]
    longest, wait = stopping.get("MaxRuntimeInSeconds", 86400), stopping.get("MaxWaitTimeInSeconds")
    if params.get("EnableManagedSpotTraining"):
        if wait is None or wait < longest:
            raise invalid(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
                "MaxRuntimeInSeconds"
            )
    elif wait is not None:
        raise invalid("MaxWaitTimeInSeconds must not be set unless EnableManagedSpotTraining is true")


def check_checkpoints(config: dict) -> None:
    path = config.get("LocalPath", "/opt/ml/checkpoints")
    if not path.startswith("/opt/ml/") or ".." in path:
        raise invalid(
            f"CheckpointConfig.LocalPath is {path!r}: the stand-in keeps what lies under /opt/ml only"
        )


def check_channel(channel: dict, job_mode: str, hosts: int) -> None:
    where = f"InputDataConfig, channel {channel['ChannelName']}"
    source = channel["DataSource"].get("S3DataSource")
    if source is None:
        raise invalid(f"{where}: the stand-in reads S3DataSource only")
    mode, kind = channel.get("InputMode") or job_mode, source["S3DataType"]
    if kind not in ("S3Prefix", "ManifestFile", "AugmentedManifestFile"):
        raise invalid(f"{where}: S3DataType {kind} is not implemented by the stand-in")
    split_uri(source["S3Uri"], where)
    if hosts > 1 and source.get("S3DataDistributionType") == "ShardedByS3Key":
        raise invalid(
            f"{where}: ShardedByS3Key is not implemented by the stand-in for more than one instance"
        )
    wrapped = channel.get("RecordWrapperType", "None") != "None"
    compressed = channel.get("CompressionType", "None") != "None"
    if kind == "AugmentedManifestFile":
        if mode != "Pipe":
            raise invalid(
                f"{where}: AugmentedManifestFile is supported in Pipe mode only, not in {mode} mode"
            )
        if not source.get("AttributeNames"):
            raise invalid(f"{where}: AttributeNames is required with AugmentedManifestFile")
        if compressed:
            raise invalid(f"{where}: CompressionType must be None with AugmentedManifestFile")
    elif source.get("AttributeNames"):
        raise invalid(
            f"{where}: AttributeNames can be given with AugmentedManifestFile only, not with {kind}"
        )
    if mode != "Pipe":
        if wrapped:
            raise invalid(f"{where}: RecordWrapperType must be None in {mode} mode")
        if compressed:
            raise invalid(f"{where}: CompressionType must be None in {mode} mode")
    if mode == "FastFile" and kind != "S3Prefix":
        raise invalid(f"{where}: FastFile mode supports S3Prefix only, not {kind}")
