"""Asking twice, crashing in between and trying again after a failure each leave exactly one job at work."""

import pytest
from botocore.exceptions import ClientError

from resources.adoption import adopt_or_create, describe_or_none

DEAD = {"Failed", "Stopped"}


class Account(dict):
    """Jobs by name; ``becomes`` is the status of one that is created."""

    becomes = "InProgress"

    def create(self, name):
        if name in self:
            raise ClientError({"Error": {"Code": "ResourceInUse", "Message": name}}, "CreateTrainingJob")
        self[name] = self.becomes

    def describe(self, name):
        return {"name": name, "status": self[name]} if name in self else None

    def ask(self, name="job"):
        found = adopt_or_create(
            name,
            describe=self.describe,
            create=self.create,
            status="status",
            ended_without_result=DEAD,
        )
        return found["name"]


@pytest.mark.parametrize("status", ["InProgress", "Completed"])
def test_a_job_that_runs_or_is_done_is_adopted(status):
    account = Account(job=status)
    assert account.ask() == "job"
    assert account == {"job": status}


@pytest.mark.parametrize("status", sorted(DEAD))
def test_a_job_that_came_to_nothing_is_tried_again_under_the_next_name(status):
    account = Account({"job": status, "job-2": status})
    assert account.ask() == "job-3"
    assert account.ask() == "job-3"


def test_a_job_that_fails_as_soon_as_it_is_made_is_not_made_again_and_again():
    account = Account()
    account.becomes = "Failed"
    assert account.ask() == "job"
    assert account == {"job": "Failed"}


def test_the_job_of_a_run_that_was_a_moment_faster_is_adopted():
    account = Account()
    seen = []

    def describe(name):
        seen.append(name)
        if len(seen) == 1:
            account[name] = "InProgress"  # created by another run after our first look
            return None
        return account.describe(name)

    found = adopt_or_create(
        "job", describe=describe, create=account.create, status="status", ended_without_result=DEAD
    )
    assert found == {"name": "job", "status": "InProgress"}


def test_an_error_that_does_not_say_missing_is_not_taken_for_missing():
    def describe():
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "Describe")

    with pytest.raises(ClientError, match="slow down"):
        describe_or_none(describe)
