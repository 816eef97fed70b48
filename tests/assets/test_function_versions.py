"""A label is not said to be made by code that had not been there, nor by one of two where both may have."""

from datetime import UTC, datetime, timedelta

import pytest

from assets.function_versions import note_deployments, read_deployments, versions_between
from resources.functions import Functions
from resources.roles import Roles

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def hour(number: int) -> datetime:
    return NOON + timedelta(hours=number)


DEPLOYED = [
    {"arn": "f", "sha256": "one", "since": "2026-11-22T12:00:00.000+0000"},
    {"arn": "other", "sha256": "strange", "since": "2026-11-22T13:00:00.000+0000"},
    {"arn": "f", "sha256": "two", "since": "2026-11-22T14:00:00.000+0000"},
    {"arn": "f", "sha256": "three", "since": "2026-11-22T16:00:00.000+0000"},
]


@pytest.mark.parametrize(
    ("start", "end", "versions"),
    [
        (0, 1, ["one"]),
        (1, 3, ["one", "two"]),  # changed while the job was at work
        (1, 9, ["one", "two", "three"]),
        (3, 3, ["two"]),
        (9, 9, ["three"]),  # what came before has gone
        (-1, 1, ["unknown", "one"]),  # the job is older than what was noted
        (-2, -1, ["unknown"]),
    ],
)
def test_the_versions_of_a_job_are_those_between_its_begin_and_its_end(start, end, versions):
    assert versions_between(DEPLOYED, "f", hour(start), hour(end)) == versions
    assert versions_between(DEPLOYED, "built-in", hour(start), hour(end)) == ["unknown"]


def test_each_new_code_is_noted_once_with_lambdas_own_time(loop, store, tmp_path):
    functions, role = Functions(aws=store.aws), Roles(aws=store.aws).ensure("versions-test", loop.bucket)
    name, handler = f"SageMaker-{loop.bucket}", tmp_path / "handler.py"

    def deploy(code: str, megabytes: int = 512):
        handler.write_text(code)
        return functions.deploy(name, tmp_path, role, megabytes=megabytes)

    first = deploy("def handle(event, context): return 1")
    note_deployments(store, loop, [first])
    settings_only = deploy("def handle(event, context): return 1", megabytes=1024)
    note_deployments(store, loop, [settings_only])
    second = deploy("def handle(event, context): return 2", megabytes=1024)  # not noted: the run is killed
    again = deploy("def handle(event, context): return 2", megabytes=1024)
    assert not again.deployed and again.modified == second.modified > settings_only.modified
    note_deployments(store, loop, [again])
    noted = [(each["sha256"], each["since"]) for each in read_deployments(store, loop)]
    assert noted == [(first.sha256, first.modified), (second.sha256, second.modified)]
