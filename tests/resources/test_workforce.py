"""A work team is set up from nothing, adopted the next time, and shares the account's one workforce."""

import uuid

import pytest

from resources.aws import Aws
from resources.workforce import Workforce, address


@pytest.fixture
def workforce(stand_in_environment) -> Workforce:
    return Workforce(aws=Aws())


def name() -> str:
    return f"team-{uuid.uuid4().hex[:8]}"


def test_a_team_is_made_once_and_adopted_afterwards(workforce):
    team = name()
    first = workforce.ensure_team(team, "labels", ["one@example.com"])
    again = workforce.ensure_team(team, "labels", ["one@example.com", "two@example.com"])
    assert (first.members, again.members) == (1, 2)
    assert (first.arn, first.user_pool, first.portal) == (again.arn, again.user_pool, again.portal)
    assert f"/{team}" in first.arn


def test_teams_share_the_workforce_and_not_their_people(workforce):
    first = workforce.ensure_team(name(), "labels", ["three@example.com"])
    second = workforce.ensure_team(name(), "labels")
    assert (first.workforce, first.user_pool, first.client) == (
        second.workforce,
        second.user_pool,
        second.client,
    )
    assert second.members == 0


def test_the_portal_has_the_address_that_workers_can_open():
    assert address("abc.labeling.us-east-1.sagemaker.aws") == "https://abc.labeling.us-east-1.sagemaker.aws"
    assert address("http://127.0.0.1:4000") == "http://127.0.0.1:4000"
