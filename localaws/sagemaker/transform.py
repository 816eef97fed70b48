"""Transform jobs."""

import time

from localaws.sagemaker.catalogue import UnknownImage, serving_program
from localaws.sagemaker.documents import Documents, Kind
from localaws.sagemaker.jobs import Jobs, Surroundings, shorten
from localaws.sagemaker.models import Models
from localaws.sagemaker.preconditions import Preconditions, invalid, split_uri

TRANSFORM_JOB = Kind(
    "TransformJob",
    "transform-job",
    missing="Could not find requested job with name: {name}",
    taken="Job name must be unique within an AWS account and region, and a job with this name already exists "
    "({arn})",
    taken_code="ResourceInUse",
)
MOST_PAYLOAD = 100  # MB, of all concurrent requests together


class TransformJobs(Jobs):
    module = "localaws.sagemaker.containers.transform"
    folder_name = "transform-jobs"
    log_group = "/aws/sagemaker/TransformJobs"

    def __init__(
        self, documents: Documents, surroundings: Surroundings, preconditions: Preconditions, models: Models
    ):
        super().__init__(documents, surroundings)
        self.preconditions = preconditions
        self.models = models

    def CreateTransformJob(self, params: dict) -> dict:
        name = params["TransformJobName"]
        self.documents.refuse_taken(name)
        check_transform_request(params)
        model = self.models.documents.get(params["ModelName"])
        container = self.models.container(params["ModelName"])
        self.preconditions.input(
            params["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"], model["ExecutionRoleArn"]
        )
        self.preconditions.bucket(params["TransformOutput"]["S3OutputPath"], "TransformOutput.S3OutputPath")
        document = {
            "TransformJobStatus": "InProgress",
            "stream": f"{name}/i-{int(time.time())}",
        }
        try:
            program = serving_program(container["Image"])
        except UnknownImage as problem:
            verdict = {"status": "Failed", "reason": f"ClientError: {problem}"}
            return self.documents.add(params, **document | self.ended(document, [], verdict))
        work = {key: value for key, value in params.items() if key != "Tags"}
        work |= {"model": container | {"program": program}}
        answer = self.documents.add(params, **document, work=work)
        self.launch(name)
        return answer

    def DescribeTransformJob(self, params: dict) -> dict:
        return self.documents.get(params["TransformJobName"])

    def ListTransformJobs(self, params: dict) -> dict:
        return self.documents.list(params, "TransformJobSummaries")

    def StopTransformJob(self, params: dict) -> None:
        self.stop_job(params["TransformJobName"])

    def follow(self, document: dict, moments: list[dict]) -> dict:
        if not moments or "TransformStartTime" in document:
            return {}
        return {"TransformStartTime": moments[0]["time"]}

    def ended(self, document: dict, moments: list[dict], verdict: dict) -> dict:
        now = time.time()
        return {
            "TransformJobStatus": verdict["status"],
            "TransformStartTime": moments[0]["time"] if moments else now,
            "TransformEndTime": now,
            "FailureReason": shorten(verdict.get("reason")),
        }


def check_transform_request(params: dict) -> None:
    """Raises AwsError (ValidationException) for the first thing that is wrong."""
    source = params["TransformInput"]["DataSource"]["S3DataSource"]
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise invalid(f"TransformInput: S3DataType {source['S3DataType']} is supported by training jobs only")
    split_uri(source["S3Uri"], "TransformInput")
    split = params["TransformInput"].get("SplitType", "None")
    if split not in ("None", "Line"):
        raise invalid(f"TransformInput.SplitType {split} is not implemented by the stand-in")
    if params["TransformResources"].get("InstanceCount", 1) != 1:
        count = params["TransformResources"]["InstanceCount"]
        raise invalid(f"TransformResources.InstanceCount is {count}: the stand-in transforms on one instance")
    processing = params.get("DataProcessing", {})
    if processing.get("JoinSource", "None") != "None" or {"$"} != {
        processing.get("InputFilter", "$"),
        processing.get("OutputFilter", "$"),
    }:
        raise invalid("DataProcessing is not implemented by the stand-in")
    if params.get("DataCaptureConfig"):
        raise invalid("DataCaptureConfig is not implemented by the stand-in")
    payload, threads = params.get("MaxPayloadInMB", 6), params.get("MaxConcurrentTransforms") or 1
    if payload * threads > MOST_PAYLOAD:
        raise invalid(
            f"MaxConcurrentTransforms * MaxPayloadInMB must be at most {MOST_PAYLOAD} MB: "
            f"{threads} * {payload} is {threads * payload}"
        )
