"""What a training container finds when it starts: folders, configs, input, source, command, environment."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from localaws.sagemaker.containers import script_mode
from localaws.sagemaker.containers.bucket import Bucket
from localaws.sagemaker.containers.channels import Channel, Content
from localaws.sagemaker.containers.checkpoints import Checkpoints
from localaws.sagemaker.containers.pipes import Feeder

FOLDERS = ("model", "output/data", "input/config", "input/data", "code")


@dataclass
class Setup:
    command: list[str]
    environment: dict[str, str]
    directory: Path  # where the command runs, as the container sees it
    feeders: list[Feeder]
    checkpoints: Checkpoints | None

    def begin(self) -> None:
        """What goes on beside the program; to be called when it has started."""
        for feeder in self.feeders:
            feeder.start()
        if self.checkpoints:
            self.checkpoints.start()


def set_up(
    work: dict,
    container: Path,
    base: Path,
    bucket: Bucket,
    fail: Callable[[str], None],
    host: str,
    hosts: list[str],
    meeting: dict[str, str],
) -> Setup:
    """Fill the ``container`` of one host, which the program sees as ``base``. Channels that break off later
    call ``fail``. ``meeting`` are variables that say where the hosts meet.

    Raises JobError for whatever is missing or unusable.
    """
    shutil.rmtree(container, ignore_errors=True)  # of an attempt that was interrupted
    for name in FOLDERS:
        (container / name).mkdir(parents=True)
    mode = work["AlgorithmSpecification"]["TrainingInputMode"]
    channels = [Channel.from_request(channel, mode) for channel in work.get("InputDataConfig", [])]
    configs = {
        "hyperparameters": work.get("HyperParameters", {}),
        "inputdataconfig": {channel.name: channel.config for channel in channels},
        "resourceconfig": resource_config(work["ResourceConfig"]["InstanceType"], host, hosts),
    }
    for name, config in configs.items():
        (container / "input/config" / f"{name}.json").write_text(json.dumps(config))
    feeders = provide(channels, container / "input/data", bucket, fail)
    command, environment, directory = program_of(work, container, base, bucket, configs)
    environment |= {
        "TRAINING_JOB_NAME": work["TrainingJobName"],
        "TRAINING_JOB_ARN": work["TrainingJobArn"],
    }
    checkpoints = checkpoints_of(work, container, bucket)
    if checkpoints:
        checkpoints.restore()
    environment |= meeting | work.get("Environment", {})
    return Setup(command, environment, directory, feeders, checkpoints)


def resource_config(instance_type: str, host: str, hosts: list[str]) -> dict:
    group = "homogeneousCluster"
    return {
        "current_host": host,
        "current_instance_type": instance_type,
        "current_group_name": group,
        "hosts": hosts,
        "instance_groups": [{"instance_group_name": group, "instance_type": instance_type, "hosts": hosts}],
        "network_interface_name": "lo",
    }


def provide(channels: list[Channel], data: Path, bucket: Bucket, fail: Callable[[str], None]) -> list[Feeder]:
    feeders = []
    for channel in channels:
        content = Content(channel, bucket)
        if channel.mode == "Pipe":
            feeders.append(Feeder(content, data, fail))
        else:
            content.download(data / channel.name)
    return feeders


def program_of(
    work: dict, container: Path, base: Path, bucket: Bucket, configs: dict[str, dict]
) -> tuple[list[str], dict[str, str], Path]:
    """Command, environment, working directory: of the job's own entry point, our program, or its source."""
    algorithm = work["AlgorithmSpecification"]
    entrypoint = algorithm.get("ContainerEntrypoint", []) + algorithm.get("ContainerArguments", [])
    own, toolkits = script_mode.split_hyperparameters(configs["hyperparameters"])
    environment = script_mode.environment_of(work["TrainingJobName"], base, own, toolkits, configs)
    if entrypoint:
        return entrypoint, environment, base
    if path := work["program"]:
        return [sys.executable, path], environment, base
    code = script_mode.fetch_source(toolkits, container, bucket)
    directory = base / code.relative_to(container)
    command = script_mode.command_of(toolkits["sagemaker_program"], own)
    return command, environment | {"PYTHONPATH": str(directory)}, directory


def checkpoints_of(work: dict, container: Path, bucket: Bucket) -> Checkpoints | None:
    config = work.get("CheckpointConfig")
    if config is None:
        return None
    name = Path(config.get("LocalPath", "/opt/ml/checkpoints")).relative_to("/opt/ml")
    return Checkpoints(container / name, config["S3Uri"], bucket)
