"""S3's XML documents: parsing what clients send, rendering what they get."""

from collections.abc import Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from .errors import malformed_xml

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
OWNER = {"ID": "0" * 64, "DisplayName": "stand-in"}

# XML 1.0 has no way to write most control characters. Like S3 we write references to them all the same:
# clients that expect such keys ask for encoding-type=url. A bare carriage return would be read as a newline.
ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"} | {
    code: f"&#{code};" for code in range(32) if chr(code) not in "\t\n"
}


def parse(body: bytes, root: str) -> Element:
    """The document's root element, namespaces removed. Raises MalformedXML unless it is named ``root``."""
    if b"<!DOCTYPE" in body:
        raise malformed_xml("a document type declaration is not allowed")
    try:
        document = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise malformed_xml(str(error)) from None
    for element in document.iter():
        element.tag = element.tag.rpartition("}")[2]
    if document.tag != root:
        raise malformed_xml(f"expected <{root}>, found <{document.tag}>")
    return document


def text_of(parent: Element, tag: str) -> str:
    """The text of a child that must be there."""
    child = parent.find(tag)
    if child is None:
        raise malformed_xml(f"<{parent.tag}> has no <{tag}>")
    return child.text or ""


def render(root: str, content: object, namespace: str = NAMESPACE) -> bytes:
    """Nested mappings as XML: a list repeats its element, None leaves it out, booleans are true and false."""
    attribute = f' xmlns="{namespace}"' if namespace else ""
    inner = "".join(_elements(content)) if isinstance(content, Mapping) else _text(content)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}{attribute}>{inner}</{root}>'.encode()


def timestamp(seconds: float) -> str:
    """Epoch seconds as S3 writes them: 2026-11-22T15:16:17.123Z."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def quoted(etag: str) -> str:
    return f'"{etag}"'


def _elements(content: Mapping[str, object]):
    for tag, value in content.items():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, Mapping):
                yield f"<{tag}>{''.join(_elements(item))}</{tag}>"
            elif item is not None:
                yield f"<{tag}>{_text(item)}</{tag}>"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).translate(ESCAPES)
