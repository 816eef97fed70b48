"""Where a job's files are, under ``<S3OutputPath>/<job>/``, and what they hold.

Every name follows from the job's rows, so writing a file again replaces it.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from localaws.groundtruth.batches import Answer, Batch

DEFAULT_CONCURRENT = 1000
CONSOLIDATED = "annotations/consolidated-annotation"


def root(job: dict) -> str:
    """Ends with a slash."""
    return f"{job['OutputConfig']['S3OutputPath'].rstrip('/')}/{job['LabelingJobName']}/"


def output_manifest(job: dict) -> str:
    return root(job) + "manifests/output/output.manifest"


def intermediate_manifest(job: dict, iteration: int) -> str:
    return root(job) + f"manifests/intermediate/{iteration}/output.manifest"


def intermediate_annotations(job: dict, iteration: int) -> str:
    return root(job) + f"annotations/intermediate/{iteration}/annotations.manifest"


def worker_response(job: dict, number: int, answers: Sequence[Answer]) -> str:
    iteration = number // concurrent(job) + 1
    moment = file_time(max(answer.submitted_at for answer in answers))
    return root(job) + f"annotations/worker-response/iteration-{iteration}/{number}/{moment}.json"


def consolidation_request(job: dict, batch: Batch) -> str:
    return (
        root(job)
        + f"{CONSOLIDATED}/consolidation-request/iteration-{batch.iteration}/{file_time(batch.moment)}.json"
    )


def consolidation_response(job: dict, batch: Batch) -> str:
    return (
        root(job)
        + f"{CONSOLIDATED}/consolidation-response/iteration-{batch.iteration}/{file_time(batch.moment)}.json"
    )


def consolidated_output(job: dict) -> str:
    return root(job) + f"{CONSOLIDATED}/output/"


def concurrent(job: dict) -> int:
    """MaxConcurrentTaskCount: so many objects are with workers at once; so many lines are an iteration."""
    return job["HumanTaskConfig"].get("MaxConcurrentTaskCount", DEFAULT_CONCURRENT)


def file_time(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d_%H:%M:%S")


def worker_response_body(answers: Sequence[Answer]) -> bytes:
    """The answers about one object, as workers gave them."""
    return json.dumps(
        {
            "answers": [
                {
                    "acceptanceTime": _milliseconds(answer.accepted_at),
                    "answerContent": json.loads(answer.content),
                    "submissionTime": _milliseconds(answer.submitted_at),
                    "timeSpentInSeconds": round(_time_spent(answer), 3),
                    "workerId": answer.worker,
                    "workerMetadata": {
                        "identityData": {
                            "identityProviderType": "Cognito",
                            "issuer": answer.issuer,
                            "sub": answer.sub,
                        }
                    },
                }
                for answer in answers
            ]
        }
    ).encode()


def _time_spent(answer: Answer) -> float:
    """Seconds of work; a page that does not tell of pauses is taken to have had none."""
    if answer.active_seconds is not None:
        return answer.active_seconds
    return answer.submitted_at - answer.accepted_at


def payload_entry(number: int, line: str, answers: Sequence[Answer]) -> dict:
    """One object of a consolidation request."""
    entry = json.loads(line)
    source = {"s3Uri": entry["source-ref"]} if "source-ref" in entry else {"content": entry["source"]}
    return {
        "datasetObjectId": str(number),
        "dataObject": source,
        "annotations": [
            {"workerId": answer.worker, "annotationData": {"content": answer.content}} for answer in answers
        ],
    }


def _milliseconds(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
