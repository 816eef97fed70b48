"""Who labels."""

from dataclasses import asdict

import dagster as dg

from assets.records import OWNERS, publish
from resources.loop import Loop
from resources.object_store import ObjectStore
from resources.workforce import Workforce


@dg.asset(group_name="labeling", kinds={"sagemaker", "cognito"}, owners=OWNERS, code_version="1")
def labeling_team(
    loop: dg.ResourceParam[Loop], store: ObjectStore, workforce: Workforce
) -> dg.MaterializeResult:
    """The work team that gets the loop's labeling jobs: a group of Cognito users in the private workforce.

    Whatever exists already is adopted. The e-mail addresses of the loop's file are invited; more people can
    be added to the group at any time. Workers sign in at the portal.
    """
    team = workforce.ensure_team(loop.team.name, f"Labels for {loop.name}", loop.team.emails)
    record = asdict(team)
    members = record.pop("members")  # who works there does not change what a label means
    return publish(
        store,
        loop,
        "labeling_team",
        record,
        metadata={
            "members": members,
            "portal": dg.MetadataValue.url(team.portal),
            "work_team": team.arn,
            "user_pool": team.user_pool,
            "group": team.group,
        },
    )
