"""JSON from others, read without the leniency of Python's own reader.

What is let in here is written to files and sent to browsers later, where a lone half of a character, a number
that only Python knows or a nesting without end would be an error that nobody can mend any more.
"""

import json
import math
import re
from typing import Any, NoReturn

DEEPEST = 100  # containers in containers
LONGEST_INTEGER = 100  # digits
HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


def loads(text: str | bytes, whole_characters: bool = True) -> Any:
    """Raises ValueError with a sentence that says what is wrong.

    ``whole_characters``: no text may hold half a character ("\\ud800"), which JSON can hold and UTF-8 cannot.
    """
    if not isinstance(text, str):
        try:
            text = bytes(text).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError("not UTF-8") from None
    try:
        value = json.loads(text, parse_constant=_constant, parse_float=_float, parse_int=_integer)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except json.JSONDecodeError as problem:
        line = f"line {problem.lineno}, " if problem.lineno > 1 else ""
        raise ValueError(f"{problem.msg} at {line}column {problem.colno}") from None
    if text.count("[") + text.count("{") > DEEPEST:
        _check_depth(value)
    if whole_characters and HALF_CHARACTER.search(text):
        _check_characters(value)
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            member
            for container in level
            for member in (container.values() if isinstance(container, dict) else container)
            if isinstance(member, dict | list)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")


def _check_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a text holds half a character: it is no text of Unicode") from None


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:40]} is no number of JSON")
    return number


def _integer(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        raise ValueError(f"an integer has {len(text)} digits; {LONGEST_INTEGER} are accepted")
    return int(text)
