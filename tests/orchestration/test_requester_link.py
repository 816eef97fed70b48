"""`labelloop requester`: a link that opens the requester's page, or one line that says why there is none."""

import uuid

import httpx
import yaml

from resources.aws import Aws
from resources.workforce import Workforce
from tests.orchestration.test_cli import assert_refused, labelloop
from tests.settings import LEAST


def test_without_a_stand_in_it_is_said_what_is_missing(tmp_path):
    assert_refused(labelloop("requester", "--home", str(tmp_path / "home")), "there is no stand-in")


def test_the_link_of_a_team_opens_the_page(tmp_path, stand_in_environment):
    team = f"team-{uuid.uuid4().hex[:8]}"
    file = tmp_path / "loop.yaml"
    file.write_text(yaml.safe_dump(LEAST | {"team": {"name": team}}))
    assert_refused(labelloop("requester", "--loop", str(file)), f"no work team {team} yet")
    Workforce(aws=Aws()).ensure_team(team, "labels")
    result = labelloop("requester", "--loop", str(file))
    assert result.returncode == 0, result.stderr
    reply = httpx.get(result.stdout.strip())
    assert (reply.status_code, reply.headers["location"]) == (303, "/requester")
