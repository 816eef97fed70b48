"""Lists as SageMaker answers them: filtered by time, sorted, in pages."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from datetime import datetime

from localaws.api import AwsError

Key = Callable[[dict], object]


def page(documents: Iterable[dict], params: dict, key: Key, name: str) -> tuple[list[dict], str | None]:
    """The page that ``params`` (SortOrder, MaxResults, NextToken) ask for, and the token of the next one.

    A token holds the sort key and the ``name`` of the last document shown, so documents that come or go
    between two calls neither repeat nor hide others.
    """
    descending = params.get("SortOrder") == "Descending"

    def place(document: dict) -> list:
        return [key(document), document[name]]

    ordered = sorted(documents, key=place, reverse=descending)
    if params.get("NextToken"):
        last = _read_token(params["NextToken"])
        try:
            ordered = [doc for doc in ordered if (place(doc) < last if descending else place(doc) > last)]
        except TypeError:  # a token of another list, whose keys cannot be compared with these
            raise _bad_token(params["NextToken"]) from None
    size = params.get("MaxResults") or 100
    shown = ordered[:size]
    return shown, _write_token(place(shown[-1])) if len(ordered) > size else None


def within(document: dict, params: dict, field: str) -> bool:
    """Whether the document's time ``field`` lies between ``<field>After`` and ``<field>Before``."""
    after, before = params.get(f"{field}After"), params.get(f"{field}Before")
    moment = document[field]
    return (after is None or moment > _seconds(after)) and (before is None or moment < _seconds(before))


def _seconds(moment: datetime | float) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else moment


def _write_token(place: list) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read_token(token: str) -> list:
    try:
        place = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise _bad_token(token) from None
    if not isinstance(place, list) or len(place) != 2 or not isinstance(place[1], str):
        raise _bad_token(token)
    return place


def _bad_token(token: str) -> AwsError:
    return AwsError("ValidationException", f"Invalid NextToken: {token!r} is not one that this list gave out")
