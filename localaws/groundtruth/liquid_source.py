"""A look at a template before Liquid reads it.

Liquid's own reader looks for the end of each tag anew: of a template that opens thousands and closes none it
takes minutes to find that out, and nobody else gets an answer meanwhile. Here every end is looked for once.
"""

import re

from localaws.groundtruth.problems import TemplateProblem

ENDS = {"{{": "}}", "{%": "%}"}
START = re.compile(r"{[{%]")
BLOCK = re.compile(r"{%-?\s*(raw|doc)\s*-?%}")
LONGEST_TAG = 4_000  # characters
MOST_SPACES = 200  # in a row, within a tag
SPACES = re.compile(rf"\s{{{MOST_SPACES + 1}}}")


def check_tags(source: str) -> None:
    """Every tag must be closed, not too long, and hold no long row of spaces. Raises TemplateProblem."""
    position = 0
    while start := START.search(source, position):
        end = source.find(ENDS[start[0]], start.end())
        if end < 0:
            raise _problem(source, start.start(), f"{start[0]} is never closed by {ENDS[start[0]]}")
        if end - start.start() > LONGEST_TAG:
            raise _problem(source, start.start(), f"a tag is longer than {LONGEST_TAG} characters")
        if SPACES.search(source, start.end(), end):
            raise _problem(source, start.start(), f"a tag holds more than {MOST_SPACES} spaces in a row")
        position = end + 2
        if block := BLOCK.fullmatch(source, start.start(), position):
            close = re.compile(rf"{{%-?\s*end{block[1]}\s*-?%}}").search(source, position)
            if close is None:
                raise _problem(source, start.start(), f"{{% {block[1]} %}} is never closed")
            position = close.end()


def _problem(source: str, position: int, what: str) -> TemplateProblem:
    line = source.count("\n", 0, position) + 1
    return TemplateProblem("TemplateSyntaxError", f"line {line}: {what}")
