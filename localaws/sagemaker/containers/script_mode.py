"""Script mode, as the PyTorch images run it: the job's own source, with its hyperparameters as arguments.

Arguments and SM_* variables are those of sagemaker-training-toolkit.
"""

import json
import os
import sys
from glob import glob
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from localaws.sagemaker.containers.archives import unpack
from localaws.sagemaker.containers.bucket import Bucket
from localaws.sagemaker.containers.patience import JobError

# Hyperparameters that the SDK writes for the toolkit, not for the script.
TOOLKITS = "sagemaker_"


def read_value(text: str) -> object:
    """The SDK writes hyperparameters as JSON, people write them plainly: both are read."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def split_hyperparameters(raw: dict[str, str]) -> tuple[dict, dict]:
    """(the script's, the toolkit's)."""
    values = {name: read_value(text) for name, text in raw.items()}
    scripts = {name: value for name, value in values.items() if not name.startswith(TOOLKITS)}
    return scripts, {name: value for name, value in values.items() if name.startswith(TOOLKITS)}


def fetch_source(hyperparameters: dict, container: Path, bucket: Bucket) -> Path:
    """The folder of the job's source, seen from outside of the container."""
    program = hyperparameters.get("sagemaker_program")
    location = hyperparameters.get("sagemaker_submit_directory")
    if not program or not location:
        missing = "sagemaker_program" if not program else "sagemaker_submit_directory"
        raise JobError(
            f"ClientError: the hyperparameter {missing} is missing: a PyTorch image runs the program "
            "sagemaker_program of the archive sagemaker_submit_directory (s3://bucket/sourcedir.tar.gz)"
        )
    code = container / "code"
    if str(location).startswith("s3://"):
        archive = container.parent / "source.tar.gz"
        bucket.download(location, archive)
        unpack(archive, code, location)
        archive.unlink()
    else:
        code = container / Path(location).relative_to("/opt/ml")
    if not (code / program).is_file():
        raise JobError(f"ClientError: {location} holds no {program}, which sagemaker_program names")
    refuse_unmet(code / "requirements.txt")
    return code


def refuse_unmet(requirements: Path) -> None:
    """The stand-in installs nothing into the project's interpreter: what the source needs must be there."""
    lines = requirements.read_text().splitlines() if requirements.is_file() else []
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if not text or text.startswith("-"):
            continue
        where = f"ClientError: line {number} of requirements.txt"
        try:
            needed = Requirement(text)
            if needed.marker and not needed.marker.evaluate():
                continue
            version = metadata.version(needed.name)
        except InvalidRequirement as problem:
            raise JobError(f"{where}: {text!r}: {problem}") from None
        except metadata.PackageNotFoundError:
            raise JobError(f"{where}: {needed.name} is not installed for {sys.executable}") from None
        if not needed.specifier.contains(version, prereleases=True):
            raise JobError(f"{where}: {text} is asked for, installed is {needed.name} {version}")


def command_of(program: str, hyperparameters: dict) -> list[str]:
    arguments = user_arguments(hyperparameters)
    if program.endswith(".py"):
        return [sys.executable, program, *arguments]
    return ["/bin/sh", "-c", './"$0" "$@"', program, *arguments]


def user_arguments(hyperparameters: dict) -> list[str]:
    """Names sorted, one dash before a single letter, values as Python prints them."""
    arguments = []
    for name, value in sorted(hyperparameters.items()):
        arguments += [f"--{name}" if len(name) > 1 else f"-{name}", "" if value is None else str(value)]
    return arguments


def environment_of(
    job: str, base: Path, hyperparameters: dict, toolkits: dict, configs: dict[str, dict]
) -> dict[str, str]:
    """The SM_* variables. ``configs`` are the documents of /opt/ml/input/config."""
    program = str(toolkits.get("sagemaker_program", ""))
    channels = {name: str(base / "input/data" / name) for name in configs["inputdataconfig"]}
    resources = configs["resourceconfig"]
    values = {
        "hosts": resources["hosts"],
        "network_interface_name": resources["network_interface_name"],
        "hps": hyperparameters,
        "user_entry_point": program,
        "framework_params": {},
        "resource_config": resources,
        "input_data_config": configs["inputdataconfig"],
        "output_data_dir": str(base / "output/data"),
        "channels": sorted(channels),
        "current_host": resources["current_host"],
        "current_instance_type": resources["current_instance_type"],
        "current_instance_group": resources["current_group_name"],
        "module_name": program.removesuffix(".py"),
        "log_level": toolkits.get("sagemaker_container_log_level", 20),
        "framework_module": "sagemaker_pytorch_container.training:main",
        "input_dir": str(base / "input"),
        "input_config_dir": str(base / "input/config"),
        "output_dir": str(base / "output"),
        "output_intermediate_dir": str(base / "output/intermediate"),
        "num_cpus": os.cpu_count(),
        "num_gpus": len(glob("/dev/nvidia[0-9]*")),
        "model_dir": str(base / "model"),
        "module_dir": str(toolkits.get("sagemaker_submit_directory", base / "code")),
        "user_args": user_arguments(hyperparameters),
    }
    training = {
        name: value for name, value in values.items() if name not in ("hps", "framework_params", "user_args")
    }
    values["training_env"] = training | {
        "hyperparameters": hyperparameters,
        "channel_input_dirs": channels,
        "job_name": job,
        "is_master": resources["current_host"] == resources["hosts"][0],
        "master_hostname": resources["hosts"][0],
    }
    values |= {f"channel_{name}": path for name, path in channels.items()}
    values |= {f"hp_{name}": value for name, value in hyperparameters.items()}
    return {f"SM_{name.upper()}": _text(value) for name, value in values.items()}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
