"""The crowd's side of AWS: which labeling jobs are open, and users in the groups of their work teams."""

import secrets
from contextlib import suppress

import boto3
from botocore.config import Config


class Staff:
    """Finds work and hires for it, with AWS's own calls; a server that restarts is waited for."""

    def __init__(self, session: boto3.Session, portal: str | None):
        patient = Config(retries={"mode": "standard", "max_attempts": 20})
        self.sagemaker = session.client("sagemaker", config=patient)
        self.cognito = session.client("cognito-idp", config=patient)
        self.s3 = session.client("s3", config=patient)
        # botocore makes these classes when they are first asked for; two threads at once would get two.
        self.exists = self.cognito.exceptions.UsernameExistsException
        self.portal = portal
        self.joined: dict[tuple[str, str], tuple[str, str]] = {}

    def open_jobs(self, prefix: str) -> list[dict]:
        """Summaries of the labeling jobs that are Initializing or InProgress."""
        pages = self.sagemaker.get_paginator("list_labeling_jobs")
        return [
            job
            for status in ("Initializing", "InProgress")
            for page in pages.paginate(StatusEquals=status)
            for job in page["LabelingJobSummaryList"]
            if job["LabelingJobName"].startswith(prefix)
        ]

    def join(self, username: str, team_arn: str) -> tuple[str, str]:
        """Make the user a member of the work team; returns its user pool and the address of its portal.

        Raises ValueError for a team without a Cognito group, which nobody can join by these calls.
        """
        key = username, team_arn
        if key not in self.joined:
            name = team_arn.rpartition("/")[2]
            team = self.sagemaker.describe_workteam(WorkteamName=name)["Workteam"]
            groups = [
                member["CognitoMemberDefinition"]
                for member in team["MemberDefinitions"]
                if "CognitoMemberDefinition" in member
            ]
            if not groups:
                raise ValueError(f"the work team {name} has no Cognito group that the crowd could join")
            pool = groups[0]["UserPool"]
            self._ensure_user(username, pool)
            self.cognito.admin_add_user_to_group(
                UserPoolId=pool, Username=username, GroupName=groups[0]["UserGroup"]
            )
            portal = self.portal or team["SubDomain"]
            self.joined[key] = pool, portal if "://" in portal else f"https://{portal}"
        return self.joined[key]

    def read(self, uri: str) -> bytes:
        """The object at an S3 URI: what a worker's browser is shown, without the portal's copy of it."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def new_password(self, username: str, pool: str) -> str:
        """A random password that is kept nowhere: every start of a crowd sets another."""
        password = secrets.token_urlsafe(24) + "aA1!"
        self.cognito.admin_set_user_password(
            UserPoolId=pool, Username=username, Password=password, Permanent=True
        )
        return password

    def _ensure_user(self, username: str, pool: str) -> None:
        with suppress(self.exists):  # of an earlier crowd
            self.cognito.admin_create_user(
                UserPoolId=pool,
                Username=username,
                UserAttributes=[{"Name": "email", "Value": f"{username}@crowd.invalid"}],
                MessageAction="SUPPRESS",
            )
