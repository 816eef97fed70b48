"""Tags, as objects and buckets carry them."""

from collections.abc import Iterable
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element

from .documents import text_of
from .errors import S3Error, malformed_xml

OBJECT_TAGS = 10
BUCKET_TAGS = 50


def tags_in_header(header: str | None) -> dict[str, str]:
    """From ``x-amz-tagging: a=1&b=2``. Raises InvalidTag."""
    return _checked(parse_qsl(header or "", keep_blank_values=True), OBJECT_TAGS)


def tags_in_document(tagging: Element, most: int) -> dict[str, str]:
    """From a Tagging document. Raises InvalidTag, MalformedXML."""
    tag_set = tagging.find("TagSet")
    if tag_set is None:
        raise malformed_xml("<Tagging> has no <TagSet>")
    return _checked([(text_of(tag, "Key"), text_of(tag, "Value")) for tag in tag_set.iter("Tag")], most)


def tagging_document(tags: dict[str, str]) -> dict:
    return {"TagSet": {"Tag": [{"Key": key, "Value": value} for key, value in tags.items()]}}


def _checked(pairs: Iterable[tuple[str, str]], most: int) -> dict[str, str]:
    pairs = list(pairs)
    tags = dict(pairs)
    if len(tags) < len(pairs):
        raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key")
    if len(tags) > most:
        raise S3Error("BadRequest", f"Tags cannot be greater than {most}")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or key.startswith("aws:"):
            raise S3Error("InvalidTag", "The TagKey you have provided is invalid", TagKey=key)
        if len(value) > 256:
            raise S3Error(
                "InvalidTag", "The TagValue you have provided is invalid", TagKey=key, TagValue=value
            )
    return tags
