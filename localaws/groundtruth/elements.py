"""Reading the crowd elements of a page, in one pass: pages are what templates make of hostile data."""

import html
import re

# What a browser does not read as tags. One that is never closed goes on to the end.
HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\b|\Z)", re.DOTALL | re.IGNORECASE)
START = re.compile(r"<(crowd-[a-z0-9-]+)", re.IGNORECASE)
ATTRIBUTE = re.compile(
    r"""[\s/]*([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>=`]+)))?""", re.DOTALL
)


def read_elements(page: str) -> list[tuple[str, dict[str, str]]]:
    """The tags of the page's crowd elements with their attributes, in their order."""
    shown, elements, position = HIDDEN.sub("", page), [], 0
    while start := START.search(shown, position):
        attributes: dict[str, str] = {}
        position = start.end()
        while attribute := ATTRIBUTE.match(shown, position):
            name, *values = attribute.groups(default="")
            attributes.setdefault(name.lower(), html.unescape("".join(values)))
            position = attribute.end()
        elements.append((start[1].lower(), attributes))
    return elements
