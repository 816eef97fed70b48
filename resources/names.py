"""Names made of content: the same inputs have the same name, so a request made twice is one job."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def content_hash(value: Any) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode())


def job_name(loop: str, kind: str, inputs: Mapping[str, Any]) -> str:
    """``<loop>-<kind>-<hash12>``, a valid name of any SageMaker resource.

    Names of jobs are letters, digits and inner hyphens, at most 63, and AWS never gives one out twice.
    """
    name = f"{loop.replace('_', '-')}-{kind}-{content_hash(inputs)[:12]}"
    if len(name) > 60:  # room for the number of a later attempt
        raise ValueError(f"{name!r} is longer than 60 characters: shorten the name of the loop")
    return name


def attempts(name: str) -> Iterator[str]:
    """``name``, ``name-2``, ``name-3``...: a failed job keeps its name, so the next attempt needs another."""
    yield name
    for number in count(2):
        yield f"{name}-{number}"
