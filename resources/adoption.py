"""Describe first, then adopt or create: how a request made twice, or after a crash, stays one remote job."""

from collections.abc import Callable, Collection

from botocore.exceptions import ClientError

from resources.aws import error_code, is_missing
from resources.names import attempts

TAKEN = {"ResourceInUse", "ResourceInUseException", "ConflictException"}


def describe_or_none(describe: Callable[[], dict]) -> dict | None:
    """What the call describes, or None where AWS says that there is no such thing."""
    try:
        return describe()
    except ClientError as error:
        if is_missing(error):
            return None
        raise


def adopt_or_create(
    name: str,
    *,
    describe: Callable[[str], dict | None],
    create: Callable[[str], None],
    status: str,
    ended_without_result: Collection[str],
) -> dict:
    """The description of the running or completed job of this name, created if there is none.

    A job that failed or was stopped keeps its name for ever, so asking for it again makes the next attempt:
    ``name-2``. ``status`` is the key of the description that holds the job's state.
    """
    for attempt in attempts(name):
        found = describe(attempt)
        if found is None:
            try:
                create(attempt)
            except ClientError as error:
                if error_code(error) not in TAKEN:  # another run was a moment faster: adopt its job
                    raise
            return describe(attempt)
        if found[status] not in ended_without_result:
            return found
    raise AssertionError("attempts never end")
