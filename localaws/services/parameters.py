"""What the operations of every service share: pages of a list, and parameters that are not offered."""

import base64
import binascii
from collections.abc import Callable, Collection, Iterable
from typing import Any

from localaws.api import AwsError


def page(
    items: Iterable,
    key: Callable[[Any], str],
    *,
    size: int,
    token: str | None,
    refusal: str,
    descending: bool = False,
) -> tuple[list, str | None]:
    """One page in the order of ``key``, and the token of the next page: None behind the last one.

    The token is the last key shown, so a caller that deletes what it lists never skips an item.
    ``refusal`` is the error code for a token that was never given out.
    """
    beyond = sorted(items, key=key, reverse=descending)
    if token is not None:
        last = _decode(token, refusal)
        beyond = [item for item in beyond if (key(item) < last if descending else key(item) > last)]
    shown = beyond[:size]
    return shown, _encode(key(shown[-1])) if len(beyond) > size else None


def refuse_others(params: dict, offered: Collection[str], operation: str) -> None:
    """A parameter that would change what is done, and that nothing here honours, is refused by its name."""
    for name, value in params.items():
        if name not in offered and value not in (None, "", False, [], {}):
            raise AwsError(
                "NotImplementedException", f"not implemented by the stand-in: {name} of {operation}", 501
            )


def _encode(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _decode(token: str, refusal: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise AwsError(refusal, f"The token {token!r} is not one that this list gave out.") from None
