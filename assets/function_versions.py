"""Which code the loop's functions had, and when: a labeling job names a function, and the code behind it may
change while people work.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from resources.functions import FunctionVersion
from resources.ground_truth import LabelingJob
from resources.loop import Loop
from resources.object_store import ObjectStore

UNKNOWN = "unknown"

# {"arn", "sha256" of the zip, "since" as Lambda tells it}, the oldest first
Deployment = dict[str, str]


def deployments_uri(loop: Loop) -> str:
    return loop.uri("labeling/deployments.json")


def read_deployments(store: ObjectStore, loop: Loop) -> list[Deployment]:
    try:
        return store.read_json(deployments_uri(loop))
    except FileNotFoundError:
        return []


def note_deployments(store: ObjectStore, loop: Loop, functions: Iterable[FunctionVersion]) -> None:
    """Keep when each function got the code that it has. What a run that was killed did not note is noted by
    the next one: Lambda knows the time.
    """
    noted = read_deployments(store, loop)
    last = {each["arn"]: each["sha256"] for each in noted}
    new = [
        {"arn": function.arn, "sha256": function.sha256, "since": function.modified}
        for function in functions
        if last.get(function.arn) != function.sha256
    ]
    if new:
        store.write_json(deployments_uri(loop), noted + new)


def versions_between(
    deployments: Iterable[Mapping[str, str]], arn: str, start: datetime, end: datetime
) -> list[str]:
    """SHA-256 of each code that the function had from ``start`` to ``end``, in this order.

    "unknown" stands for code from before the first deployment that was noted, and for a function of others.
    """
    found = [UNKNOWN]
    for each in deployments:
        since = datetime.fromisoformat(each["since"])
        if each["arn"] != arn or since > end:
            continue
        found = [each["sha256"]] if since <= start else [*found, each["sha256"]]
    return found


def functions_of(store: ObjectStore, loop: Loop, job: LabelingJob, end: datetime) -> dict[str, Any]:
    """By kind, ``{"arn", "sha256": [...]}`` of what the job has called from its creation to ``end``.

    Several hashes mean that the code was changed meanwhile, so that any of them may have made a label.
    """
    deployments = read_deployments(store, loop)
    return {
        kind: {"arn": arn, "sha256": versions_between(deployments, arn, job.created or end, end)}
        for kind, arn in job.functions.items()
    }
