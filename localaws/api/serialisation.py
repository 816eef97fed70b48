"""Values of a service model's shapes, read from and written to JSON, forms, XML and single header texts.

Python's side of every function: dict, list, str, int, float, bool, bytes for a blob and an aware datetime for
a timestamp. Members that a shape does not know are left out both ways, as AWS does.
"""

import base64
import binascii
from datetime import UTC, datetime
from xml.etree import ElementTree

from botocore.model import Shape
from botocore.utils import parse_timestamp

from localaws.api.errors import AwsError

JSON_TYPES = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "character": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "blob": str,
    "timestamp": (int, float, str),
}


def wire_name(name: str, shape: Shape) -> str:
    return shape.serialization.get("name", name)


def from_json(value: object, shape: Shape, path: str = "the request") -> object:
    """Raises SerializationException, which names the member, where the JSON is of another type."""
    kind = shape.type_name
    if kind in ("integer", "long") and isinstance(value, float) and value.is_integer():
        value = int(value)
    expected = JSON_TYPES[kind]
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise _not_a(kind, value, path)
    if kind == "structure":
        return {
            name: from_json(value[wire_name(name, member)], member, f"{path}.{name}")
            for name, member in shape.members.items()
            if value.get(wire_name(name, member)) is not None
        }
    if kind == "list":
        return [from_json(item, shape.member, f"{path}[{index}]") for index, item in enumerate(value)]
    if kind == "map":
        return {key: from_json(item, shape.value, f"{path}.{key}") for key, item in value.items()}
    return from_text(value, shape, path) if kind in ("blob", "timestamp") else value


def to_json(value: object, shape: Shape) -> object:
    """What the shape declares of ``value``; nulls are left out."""
    kind = shape.type_name
    if kind == "structure":
        return {
            wire_name(name, member): to_json(value[name], member)
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if kind == "list":
        return [to_json(item, shape.member) for item in value]
    if kind == "map":
        return {key: to_json(item, shape.value) for key, item in value.items()}
    if kind == "blob":
        return base64.b64encode(_bytes(value)).decode()
    if kind == "timestamp":
        return _moment(value).timestamp()
    return value


def from_text(text: object, shape: Shape, path: str) -> object:
    """A scalar from a form field, a header, a part of the path; blobs and timestamps from JSON too."""
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
        if kind == "boolean":
            return {"true": True, "false": False}[text.lower()]
        if kind == "blob":
            return base64.b64decode(text, validate=True)
        if kind == "timestamp":
            return parse_timestamp(text)
    except (ValueError, KeyError, OverflowError, binascii.Error):
        raise _not_a(kind, text, path) from None
    return text


def to_text(value: object, shape: Shape) -> str:
    kind = shape.type_name
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "blob":
        return base64.b64encode(_bytes(value)).decode()
    if kind == "timestamp":
        return _moment(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def from_form(form: dict[str, str], shape: Shape, prefix: str = "") -> object:
    """The query protocol's nested names: Tags.member.1.Key=team&Tags.member.1.Value=labels."""
    kind = shape.type_name
    if kind == "structure":
        names = {
            name: ".".join(filter(None, (prefix, wire_name(name, m)))) for name, m in shape.members.items()
        }
        return {
            name: from_form(form, shape.members[name], below)
            for name, below in names.items()
            if _present(form, below)
        }
    flat = shape.serialization.get("flattened")
    if kind == "list":
        base = prefix if flat else f"{prefix}.{wire_name('member', shape.member)}"
        return [from_form(form, shape.member, item) for item in _numbered(form, base)]
    if kind == "map":
        key, value = wire_name("key", shape.key), wire_name("value", shape.value)
        entries = _numbered(form, prefix if flat else f"{prefix}.entry")
        return {form[f"{e}.{key}"]: from_form(form, shape.value, f"{e}.{value}") for e in entries}
    return from_text(form.get(prefix, ""), shape, prefix)


def to_xml(parent: ElementTree.Element, tag: str, value: object, shape: Shape) -> None:
    """Append ``value`` to ``parent`` in the query protocol's XML."""
    kind, flat = shape.type_name, shape.serialization.get("flattened")
    node = parent if flat else ElementTree.SubElement(parent, tag)
    if kind == "structure":
        for name, member in shape.members.items():
            if value.get(name) is not None:
                to_xml(node, wire_name(name, member), value[name], member)
    elif kind == "list":
        for item in value:
            to_xml(node, tag if flat else wire_name("member", shape.member), item, shape.member)
    elif kind == "map":
        for key, item in value.items():
            entry = ElementTree.SubElement(node, tag if flat else "entry")
            to_xml(entry, wire_name("key", shape.key), key, shape.key)
            to_xml(entry, wire_name("value", shape.value), item, shape.value)
    else:
        node.text = to_text(value, shape)


def _present(form: dict[str, str], prefix: str) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for name in form)


def _numbered(form: dict[str, str], base: str) -> list[str]:
    found = []
    while _present(form, item := f"{base}.{len(found) + 1}"):
        found.append(item)
    return found


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _moment(value: datetime | float) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)


def _not_a(kind: str, value: object, path: str) -> AwsError:
    return AwsError("SerializationException", f"{path} must be a {kind}, not {str(value)[:200]!r}")
