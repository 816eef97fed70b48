"""Worker templates: Liquid with Ground Truth's filters, rendered in a sandbox, and their crowd elements.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step2.html
"""

import ast
import json
import re
from collections.abc import Callable, Iterator, Sequence
from html.parser import HTMLParser

from liquid import Environment, Markup
from liquid.exceptions import LiquidError, LiquidSyntaxError, UnknownFilterError

from localaws.groundtruth.answers import ANNOTATING, ELEMENTS, PLAIN_FORM
from localaws.groundtruth.problems import TemplateProblem

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
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# Scripts and style sheets that the page fetches; AWS's own elements are swapped for the portal's.
FETCHED = re.compile(
    r"<script\b[^>]*?\ssrc\s*=\s*[\"']?(?P<script>[^\"'\s>]+)"
    r"|<link\b(?=[^>]*\brel\s*=\s*[\"']?stylesheet)[^>]*?\shref\s*=\s*[\"']?(?P<style>[^\"'\s>]+)",
    re.IGNORECASE,
)
# What the portal has no files for: it sends images.
MEDIA = re.compile(r"<(?P<tag>audio|video|embed)[\s>]|<(?P<frame>iframe)\b[^>]*\ssrc\s*=", re.IGNORECASE)
OUR_OWN = re.compile(r"(https?:)?//assets\.crowd\.aws/", re.IGNORECASE)


class Sandbox(Environment):
    """Limits for templates, which whoever may create a job can write. No loader: nothing can be included."""

    context_depth_limit = 30
    loop_iteration_limit = 100_000
    local_namespace_limit = 1_000_000
    output_stream_limit = 4_000_000


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
    return [*ElementReader(html).problems, *_not_sent(COMMENT.sub("", html))]


def answer_element(html: str, tag: str) -> dict[str, str]:
    """The attributes of the element that workers answer with. Raises TemplateProblem."""
    reader = ElementReader(html)
    if reader.problems:
        raise reader.problems[0]
    attributes = next((attributes for found, attributes in reader.elements if found == tag), None)
    if attributes is None:
        raise TemplateProblem("MissingElement", f"there is no <{tag}> in the task")
    return {name: value or "" for name, value in attributes.items()}


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


class ElementReader(HTMLParser):
    """Collects the crowd elements of a page, with their attributes, and what is wrong with them."""

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        self.problems = list(self._problems())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag.startswith("crowd-"):
            self.elements.append((tag, dict(attributes)))

    def _problems(self) -> Iterator[TemplateProblem]:
        tags = [tag for tag, _ in self.elements]
        for tag in dict.fromkeys(tags):
            if tag not in OFFERED:
                yield _unsupported(tag)
        if PLAIN_FORM not in tags:
            yield TemplateProblem("MissingElement", f"the task must stand in a <{PLAIN_FORM}>")
        answered = [(tag, attributes) for tag, attributes in self.elements if tag in ANNOTATING]
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
        f"the portal of the stand-in does not offer <{tag}>; it has {', '.join(OFFERED)}",
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
            f"<{tag}> would stay empty: the portal of the stand-in shows images and texts",
        )
