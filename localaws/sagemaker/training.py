"""Training jobs."""

import time
from pathlib import Path

from localaws.sagemaker.catalogue import UnknownImage, metric_definitions, training_program
from localaws.sagemaker.documents import Documents, Kind
from localaws.sagemaker.folders import FIRST_HOST, JobFolder, host_names
from localaws.sagemaker.jobs import Jobs, Surroundings, shorten
from localaws.sagemaker.preconditions import Preconditions
from localaws.sagemaker.training_request import check_training_request

TRAINING_JOB = Kind(
    "TrainingJob",
    "training-job",
    missing="Requested resource not found.",
    taken="Training job names must be unique within an AWS account and Region, and a training job with this "
    "name already exists ({arn})",
    taken_code="ResourceInUse",
)
FINAL_MESSAGES = {
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds value specified",
}


class TrainingJobs(Jobs):
    module = "localaws.sagemaker.containers.training"
    folder_name = "training-jobs"
    log_group = "/aws/sagemaker/TrainingJobs"

    def __init__(self, documents: Documents, surroundings: Surroundings, preconditions: Preconditions):
        super().__init__(documents, surroundings)
        self.preconditions = preconditions

    def CreateTrainingJob(self, params: dict) -> dict:
        name = params["TrainingJobName"]
        self.documents.refuse_taken(name)
        check_training_request(params, self.preconditions)
        now = time.time()
        document = {
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
            "SecondaryStatusTransitions": transitions(
                [("Starting", now, "Preparing the instances for training")]
            ),
            "stream": f"{name}/{FIRST_HOST}-{int(now)}",
        }
        algorithm = params["AlgorithmSpecification"]
        try:
            program = training_program(algorithm["TrainingImage"])
            if known := metric_definitions(algorithm["TrainingImage"]):
                algorithm.setdefault("MetricDefinitions", known)
        except UnknownImage as problem:
            # AWS accepts such a job, and fails it when it cannot pull the image.
            verdict = {"status": "Failed", "reason": f"ClientError: {problem}"}
            return self.documents.add(params, **document | self.ended(document, [], verdict))
        work = {key: value for key, value in params.items() if key != "Tags"}
        work |= {"TrainingJobArn": self.documents.arn(name), "program": program}
        answer = self.documents.add(params, **document, work=work)
        self.launch(name)
        return answer

    def DescribeTrainingJob(self, params: dict) -> dict:
        return self.documents.get(params["TrainingJobName"])

    def ListTrainingJobs(self, params: dict) -> dict:
        return self.documents.list(params, "TrainingJobSummaries")

    def StopTrainingJob(self, params: dict) -> None:
        self.stop_job(params["TrainingJobName"])

    def logs(self, document: dict, folder: JobFolder) -> list[tuple[Path, str]]:
        """A stream for each host."""
        return [
            (folder.log_of(host), document["stream"].replace(f"/{FIRST_HOST}-", f"/{host}-"))
            for host in host_names(document)
        ]

    def stopping(self) -> dict:
        return {"TrainingJobStatus": "Stopping", "stop_asked": time.time()}

    def follow(self, document: dict, moments: list[dict]) -> dict:
        told = history(document, moments)
        if len(told) == len(document["SecondaryStatusTransitions"]):
            return {}
        return {
            "SecondaryStatus": told[-1][0],
            "SecondaryStatusTransitions": transitions(told),
            "TrainingStartTime": moments[0]["time"] if moments else None,
        }

    def ended(self, document: dict, moments: list[dict], verdict: dict) -> dict:
        now, status = time.time(), verdict["status"]
        began = moments[0]["time"] if moments else now
        told = [*history(document, moments), (status, now, FINAL_MESSAGES[status])]
        changes = {
            "TrainingJobStatus": "Stopped" if status == "MaxRuntimeExceeded" else status,
            "SecondaryStatus": status,
            "SecondaryStatusTransitions": transitions(told, ended=now),
            "TrainingStartTime": began,
            "TrainingEndTime": now,
            "TrainingTimeInSeconds": round(now - began),
            "BillableTimeInSeconds": round(now - began),
            "FinalMetricDataList": verdict.get("metrics", []),
            "FailureReason": shorten(verdict.get("reason")),
        }
        if artifacts := verdict.get("artifacts"):
            changes["ModelArtifacts"] = {"S3ModelArtifacts": artifacts}
        return changes


def history(document: dict, moments: list[dict]) -> list[tuple[str, float, str]]:
    """(status, time, message) in order: the start, what the runner has told, when somebody asked to stop."""
    start = document["SecondaryStatusTransitions"][0]
    told = [(start["Status"], start["StartTime"], start["StatusMessage"])]
    told += [(moment["status"], moment["time"], moment["message"]) for moment in moments]
    if asked := document.get("stop_asked"):
        told.append(("Stopping", asked, "Stopping the training job"))
    return sorted(told, key=lambda entry: entry[1])


def transitions(told: list[tuple[str, float, str]], ended: float | None = None) -> list[dict]:
    """SecondaryStatusTransitions: each ends where the next begins."""
    ends = [entry[1] for entry in told[1:]] + [ended]
    return [
        {"Status": status, "StartTime": began, "StatusMessage": message} | ({"EndTime": end} if end else {})
        for (status, began, message), end in zip(told, ends, strict=True)
    ]
