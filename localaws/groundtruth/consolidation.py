"""Consolidation: the answers of several workers become one label per object, by the job's own function."""

import json

from localaws.groundtruth import layout
from localaws.groundtruth.batches import Answer, Batch, Batches
from localaws.groundtruth.files import Files
from localaws.groundtruth.functions import FunctionFailure, Functions
from localaws.groundtruth.jobs import Jobs
from localaws.groundtruth.labels import account_of, failure_outcome, label_outcome
from localaws.groundtruth.preparation import THREADS, VERSION
from localaws.groundtruth.problems import ObjectFailure
from localaws.groundtruth.task_types import task_type_of
from localaws.groundtruth.threads import in_threads

ATTEMPTS = 3


class Consolidation:
    def __init__(self, jobs: Jobs, files: Files, functions: Functions, batches: Batches):
        self.jobs = jobs
        self.files = files
        self.functions = functions
        self.batches = batches

    def run(self, job: dict, key: str) -> bool:
        """Consolidate what is answered; True if anything was."""
        self.batches.assign(key, layout.concurrent(job))
        unfinished = self.batches.unfinished(key)
        if not unfinished:
            return False
        task = self.jobs.task(job["LabelingJobName"])
        for batch in unfinished:
            self._consolidate(job, task, batch)
        return True

    def write_answers(self, job: dict, key: str, numbers: list[int]) -> None:
        """Write the worker-response file of each object."""
        self._write_responses(job, {number: self.batches.answers(key, number) for number in numbers})

    def _write_responses(self, job: dict, answers: dict[int, list[Answer]]) -> None:
        def write(number: int) -> None:
            uri = layout.worker_response(job, number, answers[number])
            self.files.write(uri, layout.worker_response_body(answers[number]))

        in_threads(write, list(answers), THREADS)

    def _consolidate(self, job: dict, task: dict, batch: Batch) -> None:
        objects = self.batches.objects(batch)
        answers = {number: self.batches.answers(batch.job, number) for number, _ in objects}
        self._write_responses(job, answers)
        payload = [layout.payload_entry(number, line, answers[number]) for number, line in objects]
        request = layout.consolidation_request(job, batch)
        self.files.write(request, json.dumps(payload).encode())
        try:
            results = read_results(self.functions.call(function_arn(job), self._event(job, task, request)))
        except FunctionFailure as failure:
            if self.batches.note_attempt(batch) < ATTEMPTS:
                return  # the batch stays, and is sent again
            results, missing = {}, f"ClientError: The consolidation function failed: {failure}"
        else:
            self.files.write(
                layout.consolidation_response(job, batch), json.dumps(list(results.values())).encode()
            )
            missing = "ClientError: The consolidation function returned no annotation for this object"
        task_type = task_type_of(job["HumanTaskConfig"], account_of(job))
        outcomes = {}
        for number, _ in objects:
            content = content_of(results.get(str(number)))
            try:
                if content is None:
                    raise ObjectFailure(missing)
                outcome = label_outcome(job, task_type, content, task["labels"], batch.moment)
                outcomes[number] = "labeled", outcome
            except ObjectFailure as failure:
                outcomes[number] = "failed", failure_outcome(job, str(failure), batch.moment)
        self.batches.finish(batch, outcomes)

    def _event(self, job: dict, task: dict, payload: str) -> dict:
        """Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step3-lambda-requirements.html"""
        return {
            "version": VERSION,
            "labelingJobArn": job["LabelingJobArn"],
            "labelCategories": task["labels"] or None,
            "labelAttributeName": job["LabelAttributeName"],
            "roleArn": job["RoleArn"],
            "outputConfig": layout.consolidated_output(job),
            "payload": {"s3Uri": payload},
        }


def content_of(result: dict | None) -> dict | None:
    """The consolidated content for one object; None where the function gave none."""
    annotation = (result or {}).get("consolidatedAnnotation")
    content = annotation.get("content") if isinstance(annotation, dict) else None
    return content if isinstance(content, dict) else None


def function_arn(job: dict) -> str:
    return job["HumanTaskConfig"]["AnnotationConsolidationConfig"]["AnnotationConsolidationLambdaArn"]


def read_results(reply: object) -> dict[str, dict]:
    """The function's results by datasetObjectId. Raises FunctionFailure for a reply of another form."""
    if not isinstance(reply, list) or any(not isinstance(result, dict) for result in reply):
        raise FunctionFailure("it did not return a list of consolidated annotations")
    return {str(result.get("datasetObjectId")): result for result in reply}
