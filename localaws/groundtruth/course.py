"""The course of one labeling job, as steps that look at what is there and do what is next.

Nothing is remembered between two steps but rows and documents, and every step may be repeated: a server that
is killed at any instruction goes on from what was committed.
"""

import time
from collections.abc import Iterator

from localaws.groundtruth import layout
from localaws.groundtruth.batches import Batches
from localaws.groundtruth.consolidation import Consolidation
from localaws.groundtruth.files import Files
from localaws.groundtruth.jobs import Jobs, key_of
from localaws.groundtruth.labels import account_of, failure_outcome, output_line
from localaws.groundtruth.manifest import read_manifest
from localaws.groundtruth.objects import Objects
from localaws.groundtruth.preparation import Preparation
from localaws.groundtruth.problems import JobFailure, TemplateProblem
from localaws.groundtruth.task_types import task_type_of
from localaws.groundtruth.tasks import Tasks
from localaws.groundtruth.templates import access_for, answer_element, check_choices, render

DEFAULT_LIFETIME = 30 * 24 * 3600  # seconds
LONGEST_JOB = 30 * 24 * 3600
AT_ONCE = 64  # objects prepared between two looks at the rest of the job
UNFINISHED = ("waiting", "open", "answered")
EXPIRED = "ClientError: No worker completed the task before it expired"


class Course:
    def __init__(
        self,
        jobs: Jobs,
        objects: Objects,
        tasks: Tasks,
        batches: Batches,
        files: Files,
        preparation: Preparation,
        consolidation: Consolidation,
    ):
        self.jobs = jobs
        self.objects = objects
        self.tasks = tasks
        self.batches = batches
        self.files = files
        self.preparation = preparation
        self.consolidation = consolidation

    def advance(self, name: str) -> bool:
        """Do what is next; True if there is more to do at once. Raises JobFailure."""
        job = self.jobs.find(name)
        if job["LabelingJobStatus"] == "Initializing":
            return self._expand(job)
        if job["LabelingJobStatus"] == "InProgress":
            return self._label(job)
        if job["LabelingJobStatus"] == "Stopping":
            self._stop(job)
        return False

    def fail(self, name: str, reason: str) -> None:
        """End the job as Failed; what was labeled so far stays in its rows and files."""
        self.objects.close(key_of(name))
        for status in ("Initializing", "InProgress", "Stopping"):
            if self.jobs.move(name, status, "Failed", FailureReason=reason[:1024]):
                return

    def _expand(self, job: dict) -> bool:
        """Read the manifest into rows, and open the first objects, so that a job InProgress has tasks."""
        name, key = job["LabelingJobName"], key_of(job["LabelingJobName"])
        self._read_objects(job, key)
        while not self.objects.count(key, "open") and self._open_more(job, key):
            pass
        self._name_element(job, key)
        return self.jobs.move(name, "Initializing", "InProgress")

    def _read_objects(self, job: dict, key: str) -> None:
        uri = job["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
        self.objects.replace_all(key, read_manifest(self.files.read(uri), uri, job["LabelAttributeName"]))

    def _name_element(self, job: dict, key: str) -> None:
        """The template must make a task of the first object, or no worker could do any."""
        number = self.objects.first(key, "open")
        if number is None:
            return
        name, first = job["LabelingJobName"], self.objects.task(key, number)
        task, task_type = self.jobs.task(name), task_type_of(job["HumanTaskConfig"], account_of(job))
        try:
            access = access_for(task["template"], first.line, lambda uri: uri)
            html = render(task["template"], first.task_input, access)
            attributes = answer_element(html, task["tag"])
            check_choices(task["tag"], attributes, task["labels"])
            if task_type and task_type.adjusts and "initial-value" not in attributes:
                raise TemplateProblem(
                    "MissingAttribute",
                    f"<{task['tag']}> needs the attribute initial-value for the task type {task_type.name}",
                )
        except TemplateProblem as problem:
            raise JobFailure(
                f"ClientError: The worker template does not make a task of line {number + 1}: "
                f"{problem.code}: {problem}"
            ) from None
        self.jobs.name_element(name, attributes.get("name", ""))

    def _label(self, job: dict) -> bool:
        name, key, now = job["LabelingJobName"], key_of(job["LabelingJobName"]), time.time()
        if now - job["CreationTime"] > LONGEST_JOB:
            raise JobFailure("ClientError: The labeling job was not done within 30 days")
        self.tasks.free_expired(key)
        self.objects.expire(key, now, failure_outcome(job, EXPIRED, now))
        consolidated = self.consolidation.run(job, key)
        opened = self._open_more(job, key)
        if consolidated or opened:
            self.jobs.touch(name)
        self._write_intermediate(job, key)
        if not self.objects.count(key, *UNFINISHED):
            self._write_output(job, key)
            self.jobs.move(name, "InProgress", "Completed", LabelingJobOutput=output_of(job))
        elif not self.objects.count(key, "open", "answered") and not self._wanted(job, key):
            return self.jobs.move(name, "InProgress", "Stopping")
        return consolidated or opened

    def _stop(self, job: dict) -> None:
        name, key = job["LabelingJobName"], key_of(job["LabelingJobName"])
        if not self.objects.count(key):  # stopped before it began
            self._read_objects(job, key)
        self.objects.close(key)
        while self.consolidation.run(job, key):
            pass
        # Answers about objects that not all workers have seen make no label, but they are not lost either.
        self.consolidation.write_answers(job, key, self.batches.partly_answered(key))
        self._write_intermediate(job, key)
        self._write_output(job, key)
        self.jobs.move(name, "Stopping", "Stopped", LabelingJobOutput=output_of(job))

    def _wanted(self, job: dict, key: str) -> int:
        """How many labels the stopping conditions still allow; no condition allows all."""
        conditions = job.get("StoppingConditions", {})
        counters = self.objects.counters(key)
        total = counters["TotalLabeled"] + counters["Unlabeled"] + counters["FailedNonRetryableError"]
        wanted = total
        if most := conditions.get("MaxHumanLabeledObjectCount"):
            wanted = min(wanted, most - self.objects.count(key, "labeled"))
        if percentage := conditions.get("MaxPercentageOfInputDatasetLabeled"):
            wanted = min(wanted, max(total * percentage // 100, 1) - counters["TotalLabeled"])
        return max(wanted, 0)

    def _room(self, job: dict, key: str) -> int:
        """How many more objects may be with workers."""
        out = self.objects.count(key, "open", "answered")
        return min(layout.concurrent(job), self._wanted(job, key)) - out

    def _open_more(self, job: dict, key: str) -> bool:
        task = job["HumanTaskConfig"]
        waiting = self.objects.waiting(key, max(0, min(self._room(job, key), AT_ONCE)))
        if not waiting:
            return False
        self.objects.offer(
            key,
            self.preparation.prepare(job, self.jobs.task(job["LabelingJobName"]), waiting),
            task["NumberOfHumanWorkersPerDataObject"],
            task.get("TaskAvailabilityLifetimeInSeconds", DEFAULT_LIFETIME),
        )
        return True

    def _write_intermediate(self, job: dict, key: str) -> None:
        """Write the manifests of the iterations that are over. ``Iterations`` counts those written before."""
        size, written = layout.concurrent(job), job.get("Iterations", 0)
        first = self.objects.first(key, *UNFINISHED)
        done = (self.objects.count(key) + size - 1) // size if first is None else first // size
        for iteration in range(written + 1, done + 1):
            self.files.write_lines(layout.intermediate_manifest(job, iteration), self._output_lines(key))
            labeled = self.objects.labeled_lines(key, (iteration - 1) * size, iteration * size)
            self.files.write_lines(
                layout.intermediate_annotations(job, iteration),
                (output_line(line, outcome) for _, line, outcome in labeled),
            )
        if done > written:
            self.jobs.touch(job["LabelingJobName"], Iterations=done)

    def _write_output(self, job: dict, key: str) -> None:
        self.files.write_lines(layout.output_manifest(job), self._output_lines(key))

    def _output_lines(self, key: str) -> Iterator[str]:
        return (output_line(line, outcome) for line, outcome in self.objects.lines(key))


def output_of(job: dict) -> dict:
    return {"OutputDatasetS3Uri": layout.output_manifest(job)}
