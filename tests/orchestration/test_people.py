"""`labelloop invite` and `labelloop requester`: a way into the portal, or one line that says why not."""

import uuid

import httpx
import yaml

from resources.aws import Aws
from resources.workforce import Workforce
from tests.orchestration.test_cli import assert_refused
from tests.settings import LEAST


def test_without_a_stand_in_it_is_said_what_is_missing(labelloop, tmp_path):
    assert_refused(labelloop("requester", "--home", str(tmp_path / "home")), "there is no stand-in")


def test_the_link_of_a_team_opens_the_page(labelloop, tmp_path, stand_in_environment):
    team = f"team-{uuid.uuid4().hex[:8]}"
    file = tmp_path / "loop.yaml"
    file.write_text(yaml.safe_dump(LEAST | {"team": {"name": team}}))
    assert_refused(labelloop("requester", "--loop", str(file)), f"no work team {team} yet")
    Workforce(aws=Aws()).ensure_team(team, "labels")
    said = labelloop("requester", "--loop", str(file))
    assert said.status == 0, said.output
    reply = httpx.get(said.output.strip())
    assert (reply.status_code, reply.headers["location"]) == (303, "/requester")


def test_an_invited_worker_signs_in_and_chooses_a_password(labelloop, tmp_path, stand_in_environment):
    team = f"team-{uuid.uuid4().hex[:8]}"
    file = tmp_path / "loop.yaml"
    file.write_text(yaml.safe_dump(LEAST | {"team": {"name": team}}))
    assert_refused(labelloop("invite", "ana", "--loop", str(file)), f"no work team {team} yet")
    Workforce(aws=Aws()).ensure_team(team, "labels")
    username = f"ana-{team}"
    invite = ["invite", username, "--loop", str(file)]
    labelloop(*invite)
    said = labelloop(*invite)  # the second time it is a new password, and the first one is no longer good
    assert said.status == 0, said.output
    portal, name, password = (line.split()[-1] for line in said.output.splitlines())
    assert name == username
    door = httpx.Client(base_url=portal)
    reply = door.post("/api/sign-in", json={"username": name, "password": password})
    assert reply.json()["challenge"] == "NEW_PASSWORD_REQUIRED"
    own = {"username": name, "session": reply.json()["session"], "new_password": "Mine-alone-2026!"}
    assert door.post("/api/new-password", json=own).json()["teams"] == [team]
