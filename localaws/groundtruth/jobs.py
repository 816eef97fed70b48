"""Labeling jobs as documents: what DescribeLabelingJob answers, and beside it what the workers' task is."""

import time

from localaws.store import Store, Taken

ACTIVE = ("Initializing", "InProgress", "Stopping")
JOB, TASK = "labeling-job", "labeling-task"


def key_of(name: str) -> str:
    """Job names are unique whatever their case."""
    return name.lower()


class Jobs:
    """A job's document has the members of DescribeLabelingJob; times are epoch seconds. None is ever deleted.

    Its task is kept apart, because a template may be large: ``labels`` (names in the order of their class
    ids), ``template`` (Liquid), ``tag`` (the element that workers answer with), ``reviewed`` (the attribute
    of an earlier label that they see, or None) and, once it was rendered, ``element`` (the name that its
    answer goes by).
    """

    def __init__(self, store: Store):
        self.store = store

    def add(self, job: dict, task: dict) -> None:
        """Raises Taken where a job of this name exists, or ever existed."""
        key = key_of(job["LabelingJobName"])
        with self.store.transaction():
            self.store.add(JOB, key, job)
            self.store.replace(TASK, key, task)

    def find(self, name: str) -> dict | None:
        """By the name in any case: ARNs, which functions learn it from, have it in lower case."""
        return self.store.find(JOB, key_of(name))

    def all(self) -> list[dict]:
        return self.store.all(JOB)

    def active(self) -> list[dict]:
        return [job for job in self.all() if job["LabelingJobStatus"] in ACTIVE]

    def task(self, name: str) -> dict:
        """What an older server wrote had one way to answer, ``kind``, and nothing to review."""
        task = self.store.find(TASK, key_of(name))
        return {"tag": task.get("kind"), "reviewed": None} | task

    def name_element(self, name: str, element: str) -> None:
        self.store.update(TASK, key_of(name), element=element)

    def move(self, name: str, before: str, after: str, **changes) -> bool:
        """Change the status if it still is ``before``; False where somebody else was faster."""
        expected = {"LabelingJobStatus": before}
        changes |= {"LabelingJobStatus": after, "LastModifiedTime": time.time()}
        return self.store.update_if(JOB, key_of(name), expected, **changes)

    def touch(self, name: str, **changes) -> None:
        """Note that something about the job (its counters) has changed now."""
        self.store.update(JOB, key_of(name), LastModifiedTime=time.time(), **changes)


__all__ = ["ACTIVE", "Jobs", "Taken", "key_of"]
