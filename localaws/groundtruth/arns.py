"""Amazon resource names of functions, and which of them are AWS's own."""

import re

BUILT_IN = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:(?P<account>\d{12}):function:(?:PRE|ACS)-(?P<task>\w+)"
)


def built_in_task(arn: str, account: str) -> str | None:
    """``BoundingBox`` for arn:aws:lambda:us-east-1:432418664414:function:PRE-BoundingBox; None for others.

    AWS keeps its functions in an account per region; what matters is that it is not one's own ``account``.
    """
    match = BUILT_IN.fullmatch(arn)
    return match["task"] if match and match["account"] != account else None


def is_built_in(arn: str, account: str) -> bool:
    return built_in_task(arn, account) is not None
