"""Worker templates: Liquid with Ground Truth's filters, rendered in a sandbox, and their crowd elements.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step2.html
"""

import ast
import json
import re
from collections.abc import Callable, Iterator, Sequence

from liquid import Markup
from liquid.exceptions import LiquidError, LiquidSyntaxError, UnknownFilterError

from localaws.groundtruth.answers import ANNOTATING, ELEMENTS, PLAIN_FORM
from localaws.groundtruth.elements import read_elements
from localaws.groundtruth.liquid_source import check_tags
from localaws.groundtruth.problems import TemplateProblem
from localaws.groundtruth.sandbox import Sandbox

LONGEST_TEMPLATE = 128_000  # characters
# What may stand beside the element that is answered with.
OTHER_ELEMENTS = (
    "crowd-alert",
    "crowd-button",
    "crowd-checkbox",
    "crowd-input",
    "crowd-slider",
    "crowd-text-area",
)
OFFERED = (*ELEMENTS, *OTHER_ELEMENTS)
CROWD_TAG = re.compile(r"<\s*(crowd-[a-z0-9-]+)", re.IGNORECASE)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# Scripts and style sheets that the page fetches; AWS's own elements are swapped for the portal's.
FETCHED = re.compile(
    r"<script\b[^<>]*?\ssrc\s*=\s*[\"']?(?P<script>[^\"'\s>]+)"
    r"|<link\b(?=[^<>]*\brel\s*=\s*[\"']?stylesheet)[^<>]*?\shref\s*=\s*[\"']?(?P<style>[^\"'\s>]+)",
    re.IGNORECASE,
)
# What the portal has no files for: it sends images.
MEDIA = re.compile(r"<(?P<tag>audio|video|embed)[\s>]|<(?P<frame>iframe)\b[^>]*\ssrc\s*=", re.IGNORECASE)
OUR_OWN = re.compile(r"(https?:)?//assets\.crowd\.aws/", re.IGNORECASE)


def render(template: str, task_input: object, grant_read_access: Callable[[str], str]) -> str:
    """Render for one task; ``grant_read_access`` turns an S3 URI into an address that a browser may read.

    Everything is escaped for HTML unless the template says otherwise. Raises TemplateProblem.
    """
    environment = Sandbox(autoescape=True)
    environment.filters |= {
        "to_json": lambda value: json.dumps(value, default=str),
        "skip_autoescape": lambda value: Markup(value),
        "grant_read_access": lambda uri: grant_read_access(str(uri)),
    }
    try:
        check_tags(template)
        return environment.from_string(template).render(task={"input": task_input})
    except TemplateProblem:
        raise
    except LiquidSyntaxError as problem:
        raise TemplateProblem("TemplateSyntaxError", str(problem)) from None
    except UnknownFilterError as problem:
        raise TemplateProblem("UnknownFilter", str(problem)) from None
    except (LiquidError, RecursionError, ArithmeticError, TypeError, ValueError) as problem:
        raise TemplateProblem("RenderingError", f"{type(problem).__name__}: {problem}") from None


def access_for(template: str, line: dict, address: Callable[[str], str]) -> Callable[[str], str]:
    """The ``grant_read_access`` of one task: only for objects that its manifest line or the template names,
    whatever a pre-annotation function hands on. The filter raises TemplateProblem for others."""
    named = set(_texts(line))

    def grant(uri: str) -> str:
        if not uri.startswith("s3://") or (uri not in named and uri not in template):
            raise TemplateProblem(
                "AccessRefused", f"grant_read_access: neither the data object nor the template names {uri!r}"
            )
        return address(uri)

    return grant


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _texts(member)


def check_source(template: str) -> str:
    """Check what can be told from the source alone; returns the tag that workers answer with.

    Raises TemplateProblem.
    """
    if len(template) > LONGEST_TEMPLATE:
        raise TemplateProblem(
            "TemplateTooLong", f"{len(template)} characters; {LONGEST_TEMPLATE} are accepted"
        )
    shown = COMMENT.sub("", template)
    tags = list(dict.fromkeys(tag.lower() for tag in CROWD_TAG.findall(shown)))
    for tag in tags:
        if tag not in OFFERED:
            raise _unsupported(tag)
    for problem in _not_sent(shown):
        raise problem
    answered = [tag for tag in tags if tag in ANNOTATING]
    if len(answered) > 1 or PLAIN_FORM not in tags:
        raise TemplateProblem(
            "MissingElement",
            f"a worker template needs a <{PLAIN_FORM}>, and in it inputs or one of {', '.join(ANNOTATING)}; "
            f"this one has {', '.join(tags) or 'none'}",
        )
    return answered[0] if answered else PLAIN_FORM


def find_problems(html: str) -> list[TemplateProblem]:
    """What keeps rendered HTML from being a task."""
    return [*_problems(read_elements(html)), *_not_sent(COMMENT.sub("", html))]


def answer_element(html: str, tag: str) -> dict[str, str]:
    """The attributes of the element that workers answer with. Raises TemplateProblem."""
    elements = read_elements(html)
    for problem in _problems(elements):
        raise problem
    attributes = next((attributes for found, attributes in elements if found == tag), None)
    if attributes is None:
        raise TemplateProblem("MissingElement", f"there is no <{tag}> in the task")
    return attributes


def check_choices(tag: str, attributes: dict[str, str], labels: Sequence[str]) -> None:
    """Workers may choose only what the job accepts. Raises TemplateProblem.

    AWS's own examples write these lists as in JavaScript; one in no form known here is the element's to read.
    """
    choices = ELEMENTS[tag].choices
    if choices is None:
        return
    try:
        listed = ast.literal_eval(attributes[choices].strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return
    unknown = [choice for choice in listed if choice not in labels] if isinstance(listed, list) else []
    if unknown:
        raise TemplateProblem(
            "UnknownLabel",
            f"<{tag}> offers {unknown} as {choices}; the labels of the job are {list(labels)}",
        )


def _problems(elements: list[tuple[str, dict[str, str]]]) -> Iterator[TemplateProblem]:
    tags = [tag for tag, _ in elements]
    for tag in dict.fromkeys(tags):
        if tag not in OFFERED:
            yield _unsupported(tag)
    if PLAIN_FORM not in tags:
        yield TemplateProblem("MissingElement", f"the task must stand in a <{PLAIN_FORM}>")
    answered = [(tag, attributes) for tag, attributes in elements if tag in ANNOTATING]
    if len(answered) > 1:
        found = ", ".join(tag for tag, _ in answered)
        yield TemplateProblem("TooManyElements", f"workers answer with one element; this has {found}")
    for tag, attributes in answered:
        for name in ELEMENTS[tag].attributes:
            if not attributes.get(name):
                yield TemplateProblem("MissingAttribute", f"<{tag}> needs the attribute {name}")


def _unsupported(tag: str) -> TemplateProblem:
    return TemplateProblem(
        "UnsupportedElement",
        f"this worker portal does not offer <{tag}>; it has {', '.join(OFFERED)}",
    )


def _not_sent(html: str) -> Iterator[TemplateProblem]:
    """What a task would load, and the portal does not send: it shows images, and reaches no other server."""
    for found in FETCHED.finditer(html):
        address = found["script"] or found["style"]
        if not OUR_OWN.match(address):
            yield TemplateProblem(
                "ExternalResource",
                f"{address} is from another server: tasks are shown without access to the network, "
                "so scripts and styles must stand in the template itself",
            )
    if media := MEDIA.search(html):
        tag = (media["tag"] or media["frame"]).lower()
        yield TemplateProblem(
            "UnsupportedElement",
            f"<{tag}> would stay empty: the portal here shows images and texts",
        )
