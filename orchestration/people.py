"""The people around a loop, from the command line: workers are invited, requesters look on."""

import os
from pathlib import Path

import dagster as dg

from orchestration.home import Home
from orchestration.loop import load_loop
from orchestration.stand_in import use_stand_in_of
from resources.aws import Aws
from resources.loop import Loop
from resources.portal_link import progress_page
from resources.workforce import Invitation, Workforce


def invite(home_folder: Path, loop_file: Path | None, username: str) -> Invitation:
    """Make a person a member of the loop's team; whoever is one already gets a new first password.

    Raises dg.Failure where there is no team yet, StandInError where there is no stand-in.
    """
    loop, aws = _find(home_folder, loop_file)
    return Workforce(aws=aws).invite(loop.team.name, username)


def requester_link(home_folder: Path, loop_file: Path | None) -> str:
    """A link to the page of all jobs at the portal of the loop's team.

    Raises dg.Failure where there is no team or no such page, StandInError where there is no stand-in.
    """
    loop, aws = _find(home_folder, loop_file)
    portal = Workforce(aws=aws).portal(loop.team.name)
    if portal is None:
        raise dg.Failure(f"There is no work team {loop.team.name} yet: materialize labeling_team first.")
    link = progress_page(aws, portal)
    if link is None:
        raise dg.Failure(
            f"The portal {portal} is run by AWS and has no page for requesters: "
            "the SageMaker console shows its labeling jobs."
        )
    return link


def _find(home_folder: Path, loop_file: Path | None) -> tuple[Loop, Aws]:
    """The loop, and the AWS that the environment or the loop names, or else the stand-in of the folder."""
    home = Home(home_folder.absolute())
    loop = load_loop(loop_file or home.last_loop())
    if "AWS_ENDPOINT_URL" not in os.environ and loop.ground_truth_endpoint_url is None:
        use_stand_in_of(home.stand_in)
    aws = Aws(
        region=loop.region,
        ground_truth_endpoint_url=loop.ground_truth_endpoint_url,
        ground_truth_profile=loop.ground_truth_profile,
    )
    return loop, aws
