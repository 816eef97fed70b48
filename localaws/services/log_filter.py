"""CloudWatch's filter patterns for plain text: words, "phrases", -excluded ones and ?alternatives."""

import re
from collections.abc import Callable

TERM = re.compile(r'([?-]?)(?:"((?:\\.|[^"\\])*)"|([^\s"]+))\s*')


def compile_filter(pattern: str) -> Callable[[str], bool]:
    """Every plain term must occur, none with ``-``, and one of those with ``?`` where there are any.

    Raises ValueError for what CloudWatch knows beyond that: JSON ``{...}``, fields ``[...]``, ``%regex%``.
    """
    pattern = pattern.strip()
    if pattern[:1] in ("{", "[", "%"):
        raise ValueError(f"filter patterns of plain words only, not {pattern!r}")
    terms: dict[str, list[str]] = {"": [], "-": [], "?": []}
    position = 0
    while position < len(pattern):
        found = TERM.match(pattern, position)
        if not found:
            raise ValueError(f"a quotation mark is missing in the filter pattern {pattern!r}")
        sign, phrase, word = found.groups()
        terms[sign].append(word if phrase is None else re.sub(r"\\(.)", r"\1", phrase))
        position = found.end()

    def matches(message: str) -> bool:
        return (
            all(term in message for term in terms[""])
            and not any(term in message for term in terms["-"])
            and (not terms["?"] or any(term in message for term in terms["?"]))
        )

    return matches
