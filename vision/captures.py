"""Files of SageMaker's data capture: one JSON line for each request that an endpoint answered."""

import base64
import json
from collections.abc import Iterator


class CaptureProblem(ValueError):
    """The file is not one of data capture."""


def captured_inputs(file: bytes) -> Iterator[bytes]:
    """What the endpoint was asked about; requests whose input was not captured are left out.

    Raises CaptureProblem, with the number of the line.
    """
    for number, line in enumerate(file.splitlines(), 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)["captureData"].get("endpointInput")
            if given is not None:
                yield decoded(given)
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise CaptureProblem(f"line {number} is not a captured request: {problem!r}") from problem


def decoded(given: dict) -> bytes:
    data = given["data"]
    return base64.b64decode(data, validate=True) if given["encoding"] == "BASE64" else data.encode()
