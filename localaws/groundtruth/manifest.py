"""The input manifest: JSON Lines, one data object each.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-input-data-input-manifest.html
"""

import json

from localaws.groundtruth.labels import SOURCES
from localaws.groundtruth.objects import NewObject
from localaws.groundtruth.problems import JobFailure
from localaws.groundtruth.strict_json import loads

LARGEST_FILE = 40 * 2**20  # bytes
MOST_OBJECTS = 100_000
LONGEST_LINE = 100_000  # characters
LONGEST_ATTRIBUTE = 20_000
LONGEST_REASON = 1024


def read_manifest(body: bytes, uri: str, attribute: str) -> list[NewObject]:
    """The objects of a manifest; those that carry a label under ``attribute`` already are kept as they are.

    Raises JobFailure, which names the lines, when any line is not what AWS accepts: as on AWS, one bad line
    fails the job before anybody is asked to work for it.
    """
    if len(body) > LARGEST_FILE:
        raise JobFailure(f"ClientError: {uri} has {len(body)} bytes; {LARGEST_FILE} are accepted")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = body[: problem.start].count(b"\n") + 1
        raise JobFailure(f"ClientError: {uri}: line {line}: not UTF-8") from None
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n") if text.strip() else []
    if not lines:
        raise JobFailure(f"ClientError: {uri} holds no data objects")
    if len(lines) > MOST_OBJECTS:
        raise JobFailure(f"ClientError: {uri} has {len(lines)} lines; {MOST_OBJECTS} are accepted")
    objects, problems = [], []
    for number, line in enumerate(lines):
        try:
            objects.append(_new_object(number, line, attribute))
        except ValueError as problem:
            problems.append(f"line {number + 1}: {problem}")
    if problems:
        raise JobFailure(_summary(uri, problems))
    return objects


def _new_object(number: int, line: str, attribute: str) -> NewObject:
    entry = parse_line(line)
    if attribute not in entry:
        return NewObject(number, line)
    metadata = entry.get(f"{attribute}-metadata")
    by_machine = isinstance(metadata, dict) and metadata.get("human-annotated") == "no"
    return NewObject(number, line, "kept", by_machine)


def parse_line(line: str) -> dict:
    """Raises ValueError with a sentence about the line."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"{len(line)} characters; {LONGEST_LINE} are accepted")
    try:
        entry = loads(line)
    except ValueError as problem:
        raise ValueError(f"not valid JSON: {problem}") from None
    if not isinstance(entry, dict):
        raise ValueError("not a JSON object")
    sources = [name for name in SOURCES if name in entry]
    if len(sources) != 1:
        raise ValueError(f"exactly one of source-ref and source is needed, found {sources or 'neither'}")
    if not isinstance(entry[sources[0]], str) or not entry[sources[0]]:
        raise ValueError(f"{sources[0]} must be a text that is not empty")
    for name, value in entry.items():
        if name.startswith("$"):
            raise ValueError(f"the attribute name {name!r} begins with $")
        size = len(value) if isinstance(value, str) else len(json.dumps(value))
        if size > LONGEST_ATTRIBUTE:
            raise ValueError(f"{name!r} has {size} characters; {LONGEST_ATTRIBUTE} are accepted")
    return entry


def _summary(uri: str, problems: list[str]) -> str:
    """As many of the problems as fit into a FailureReason."""
    count = f"{len(problems)} line{'s are' if len(problems) > 1 else ' is'} not valid"
    reason = f"ClientError: {uri}: {count}: "
    for shown, problem in enumerate(problems):
        rest = f" ... and {len(problems) - shown} more"
        if len(reason) + len(problem) + len(rest) > LONGEST_REASON:
            return reason.rstrip("; ") + rest
        reason += f"{problem}; "
    return reason.rstrip("; ")
