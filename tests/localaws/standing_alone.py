"""The labeling service as a program of its own, beside servers that play AWS."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]


class LabelingService:
    """A running ``python -m localaws.labeling_service``; its attributes are the members of what it prints."""

    def __init__(self, home: Path, environment: dict[str, str], *options: str):
        self.home = home
        self.environment = environment
        self.options = options
        self.process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        self.process = launch(self.home, self.environment, *self.options)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the labeling service did not start:\n{log_of(self.home).read_text()}")
        self.__dict__.update(json.loads(line))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)

    def client(
        self,
        access_key: str,
        secret_key: str,
        token: str | None = None,
        *,
        service="sagemaker",
        region="us-east-1",
    ):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            aws_session_token=token,
            config=Config(retries={"max_attempts": 2}),
        )


def launch(home: Path, environment: dict[str, str], *options: str) -> subprocess.Popen:
    with open(log_of(home), "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "localaws.labeling_service", "--home", str(home), *options],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
        )


def log_of(home: Path) -> Path:
    return home.with_suffix(".log")


def clean_environment(**settings: str) -> dict[str, str]:
    """Nothing of the caller's own AWS settings, and these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return clean | nowhere | {"AWS_EC2_METADATA_DISABLED": "true"} | settings


def keys_of(credentials_file: str | Path) -> tuple[str, str]:
    lines = Path(credentials_file).read_text().splitlines()
    keys = dict(line.split(" = ") for line in lines if " = " in line)
    return keys["aws_access_key_id"], keys["aws_secret_access_key"]
