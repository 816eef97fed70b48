"""The lines of a Ground Truth manifest: one JSON object each, with one image or text.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-input-data-input-manifest.html
"""

import json
from dataclasses import dataclass

MAX_LINE = 100_000  # characters; these four are Ground Truth's limits of input manifests
MAX_ATTRIBUTE = 20_000  # characters
MAX_OBJECTS = 100_000
MAX_BYTES = 40_000_000


@dataclass(frozen=True)
class Problem:
    """Something that cannot be used; ``line`` counts from 1, 0 is what has none: the file, another file."""

    line: int
    source: str | None
    message: str

    def __str__(self) -> str:
        if not self.line:
            return f"{self.source or 'the file'}: {self.message}"
        place = f"line {self.line}" + (f" ({self.source})" if self.source else "")
        return f"{place}: {self.message}"


def parse_lines(body: bytes, *, limits: bool = True) -> tuple[list[tuple[int, dict]], list[Problem]]:
    """Read the lines of a manifest: the usable ones with their numbers, and what is wrong with the others.

    ``limits=False`` leaves out the length limits, which hold for input manifests and not for what comes back.
    """
    lines, problems = [], []
    if limits and len(body) > MAX_BYTES:
        problems.append(Problem(0, None, f"{len(body):,} bytes; Ground Truth takes at most {MAX_BYTES:,}"))
    for number, raw in enumerate(body.splitlines(), start=1):
        if not raw.strip():
            continue
        try:
            line = json.loads(raw.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as problem:
            problems.append(Problem(number, None, f"not JSON: {problem}"))
            continue
        message = _line_problem(line) or (limits and _length_problem(raw, line))
        if message:
            source = line.get("source-ref") if isinstance(line, dict) else None
            problems.append(Problem(number, source if isinstance(source, str) else None, message))
        else:
            lines.append((number, line))
    if limits and len(lines) > MAX_OBJECTS:
        problems.append(
            Problem(0, None, f"{len(lines):,} objects; Ground Truth takes at most {MAX_OBJECTS:,}")
        )
    return lines, problems


def _line_problem(line: object) -> str | None:
    if not isinstance(line, dict):
        return f"a line must be a JSON object, not {json.dumps(line)[:100]}"
    sources = [name for name in ("source", "source-ref") if name in line]
    if len(sources) != 1:
        return f"exactly one of source-ref and source is needed, found {sources or 'none'}"
    uri = line.get("source-ref")
    if "source-ref" in line and not (
        isinstance(uri, str) and uri.startswith("s3://") and all(uri[5:].partition("/")[::2])
    ):
        return f"source-ref must be s3://bucket/key, not {json.dumps(uri)[:200]}"
    dollars = [name for name in line if name.startswith("$")]
    return f"attribute names must not begin with $: {dollars}" if dollars else None


def _length_problem(raw: bytes, line: dict) -> str | None:
    if len(raw.decode()) > MAX_LINE:
        return f"{len(raw.decode()):,} characters; Ground Truth takes lines of at most {MAX_LINE:,}"
    for name, value in line.items():
        length = len(json.dumps(value, ensure_ascii=False))
        if length > MAX_ATTRIBUTE:
            return f"{name} has {length:,} characters; Ground Truth takes at most {MAX_ATTRIBUTE:,}"
    return None


def _refuse_constant(name: str):
    raise ValueError(f"{name} is not JSON")
