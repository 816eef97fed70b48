"""What the tests of jobs and endpoints share: tiny programs as sources, and the requests around them."""

import io
import json
import tarfile
import textwrap
import time
import uuid
from collections.abc import Callable
from pathlib import Path

TRAINING_IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0-cpu-py312"
INFERENCE_IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"
ENDED = ("Completed", "Failed", "Stopped")
DEADLINE = 60  # seconds; what is waited for takes one or two


def wait_for(condition: Callable[[], object], what: str) -> object:
    """The first value of ``condition`` that is true."""
    deadline = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {DEADLINE} s for {what}"
        time.sleep(0.05)
    return value


def runs(process: int) -> bool:
    """Whether it does more than wait for its parent to look at its exit code."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def archive(**files: str) -> bytes:
    """A .tar.gz of text files; a double underscore in a name stands for a slash, and .py is added."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, text in files.items():
            body = textwrap.dedent(text).encode()
            member = tarfile.TarInfo(f"{name.replace('__', '/')}.py")
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return stream.getvalue()


def channel(uri: str, name: str = "train", **changes) -> dict:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri} | changes.pop("source", {})
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}} | changes


def augmented(uri: str, *attributes: str, **changes) -> dict:
    source = {"S3DataType": "AugmentedManifestFile", "AttributeNames": list(attributes)}
    return channel(uri, source=source, RecordWrapperType="RecordIO", InputMode="Pipe") | changes


class Workshop:
    """One bucket and one role in a stand-in; every name is new."""

    def __init__(self, stand_in):
        self.stand_in = stand_in
        self.connect()
        self.bucket = f"workshop-{uuid.uuid4().hex[:8]}"
        self.s3.create_bucket(Bucket=self.bucket)
        role = f"jobs-{uuid.uuid4().hex[:8]}"
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sagemaker.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        self.role = self.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))[
            "Role"
        ]["Arn"]

    def connect(self) -> None:
        """To be repeated when the stand-in was started again."""
        self.client = self.stand_in.client
        self.s3 = self.client("s3")
        self.sagemaker = self.client("sagemaker")
        self.runtime = self.client("sagemaker-runtime")

    def name(self, kind: str) -> str:
        return f"{kind}-{uuid.uuid4().hex[:8]}"

    def put(self, key: str, body: bytes | str) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def get(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def keys(self, prefix: str) -> list[str]:
        page = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for entry in page.get("Contents", [])]

    # Training

    def training_request(self, script: str, **changes) -> dict:
        """CreateTrainingJob's request that runs ``script`` as train.py."""
        name = self.name("training")
        source = self.put(f"sources/{name}.tar.gz", archive(train=script))
        hyperparameters = {"sagemaker_program": "train.py", "sagemaker_submit_directory": source}
        hyperparameters |= changes.pop("HyperParameters", {})
        algorithm = {"TrainingImage": TRAINING_IMAGE, "TrainingInputMode": "File"}
        algorithm |= changes.pop("AlgorithmSpecification", {})
        return {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": algorithm,
            "HyperParameters": hyperparameters,
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/trained"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 300},
        } | changes

    def train(self, script: str, **changes) -> str:
        request = self.training_request(script, **changes)
        self.sagemaker.create_training_job(**request)
        return request["TrainingJobName"]

    def training(self, name: str) -> dict:
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def trained(self, name: str) -> dict:
        """The description of the job when it has ended."""

        def ended():
            job = self.training(name)
            return job if job["TrainingJobStatus"] in ENDED else None

        return wait_for(ended, f"the end of {name}")

    def model_files(self, job: dict) -> dict[str, str]:
        """Text of the files in a job's model.tar.gz."""
        body = self.get(job["ModelArtifacts"]["S3ModelArtifacts"])
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            return {member.name: tar.extractfile(member).read().decode() for member in tar if member.isfile()}

    def lines(self, group: str, stream_prefix: str) -> list[str]:
        """All that was logged in the streams that start so."""
        logs = self.client("logs")
        try:
            streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream_prefix)
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [
            event["message"]
            for stream in streams["logStreams"]
            for event in logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        ]

    def printed(self, name: str) -> list[str]:
        return self.lines("/aws/sagemaker/TrainingJobs", f"{name}/")

    # Serving

    def model(self, inference: str, **changes) -> str:
        """A model whose code/inference.py is this."""
        name = self.name("model")
        data = self.put(f"models/{name}.tar.gz", archive(code__inference=inference))
        container = {"Image": INFERENCE_IMAGE, "ModelDataUrl": data} | changes
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self.role)
        return name

    def config(self, *models: str, **changes) -> str:
        """An endpoint configuration with one variant for each model: first, second, ..."""
        name = self.name("config")
        variants = [
            {
                "VariantName": ("first", "second", "third")[number],
                "ModelName": model,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
            | changes
            for number, model in enumerate(models)
        ]
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
        return name

    def endpoint(self, config: str) -> str:
        name = self.name("endpoint")
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        return name

    def settled(self, name: str) -> dict:
        """The endpoint's description when nothing changes any more."""

        def quiet():
            endpoint = self.sagemaker.describe_endpoint(EndpointName=name)
            return (
                endpoint
                if endpoint["EndpointStatus"] not in ("Creating", "Updating", "RollingBack", "Deleting")
                else None
            )

        return wait_for(quiet, f"{name} to settle")

    def ask(self, name: str, body: bytes = b"[1]", **options) -> bytes:
        options = {"ContentType": "application/json"} | options
        return self.runtime.invoke_endpoint(EndpointName=name, Body=body, **options)["Body"].read()


def alarm(client, name: str, **changes) -> None:
    """An alarm on errors of a model; nothing but SetAlarmState sets it off here."""
    request = {
        "AlarmName": name,
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocation5XXErrors",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0.5,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    client.put_metric_alarm(**(request | changes))
