"""Whose AWS account and which region this is, as the credentials that boto3 finds tell."""

import json

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from localaws.api import ConfiguredClients, Identity
from localaws.home import CannotStart, Home


def find_identity(clients: ConfiguredClients) -> Identity:
    """The account is asked of STS. Raises CannotStart."""
    try:
        region = clients.session.region_name
        if not region:
            raise CannotStart("there is no AWS region: set AWS_DEFAULT_REGION, or `region` in your profile")
        caller = clients.client("sts").get_caller_identity()
    except (NoCredentialsError, PartialCredentialsError):
        raise CannotStart(
            "there are no complete AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY"
        ) from None
    except ClientError as error:
        answer = error.response["Error"]
        raise CannotStart(
            "STS does not accept the AWS credentials (GetCallerIdentity): "
            f"{answer.get('Code')}: {answer.get('Message')}"
        ) from None
    except (BotoCoreError, ValueError) as problem:
        raise CannotStart(f"the account cannot be asked of STS (GetCallerIdentity): {problem}") from None
    return Identity(caller["Account"], region, caller["Arn"].split(":")[1])


def check_owner(home: Home, identity: Identity) -> None:
    """A folder belongs to one account and region for ever: the names of its jobs and teams contain them.

    Raises CannotStart.
    """
    mine = {"account": identity.account, "region": identity.region}
    owner = home.remember("account.json", json.dumps(mine))
    if json.loads(owner) != mine:
        theirs = json.loads(owner)
        raise CannotStart(
            f"{home.path} holds the labeling of account {theirs['account']} in {theirs['region']}, but the "
            f"credentials are of account {identity.account} in {identity.region}: "
            "use that account's, or another --home"
        )
