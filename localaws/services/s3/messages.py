"""S3's requests and responses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_to_bytes
from xml.etree.ElementTree import Element

from .blobs import Reader
from .digests import PREFIX, Digests
from .documents import parse, render
from .errors import S3Error, invalid_argument
from .incoming import Incoming

LONGEST_KEY = 1024  # bytes of UTF-8


@dataclass
class Request:
    """One request; the operation's own body is in ``body``, an object's bytes are in ``incoming``."""

    method: str
    path: str  # as it came, percent-encoded
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes = b""
    incoming: Incoming | None = None

    @classmethod
    def from_scope(cls, scope: Mapping, headers: Mapping[str, str]) -> "Request":
        """Raises InvalidURI for a path that is no UTF-8, KeyTooLongError."""
        path = scope["raw_path"].decode("latin-1").partition("?")[0]
        bucket, _, key = path.removeprefix("/").partition("/")
        return cls(scope["method"], path, _decoded(bucket, path), _key(key, path), query_of(scope), headers)

    @property
    def level(self) -> str:
        return "object" if self.key else "bucket" if self.bucket else "service"

    def number(self, name: str, default: int, most: int | None = None) -> int:
        """A parameter that counts something. Raises InvalidArgument unless it is an integer from 0."""
        value = self.query.get(name) or str(default)
        if not value.isascii() or not value.isdecimal() or int(value) > 2**31 - 1:
            raise invalid_argument(name, value, f"Provided {name} not an integer or within integer range")
        return int(value) if most is None else min(int(value), most)

    def check_digests(self) -> None:
        """The body must be what the headers say. Raises what ``Digests.verify`` raises."""
        if self.method not in ("PUT", "POST"):
            return
        headers = self.headers
        if "uploadId" in self.query:  # completing an upload, whose headers state the whole object's checksum
            headers = {name: value for name, value in headers.items() if not name.startswith(PREFIX)}
        digests = Digests(headers)
        digests.update(self.body)
        digests.verify({})

    def document(self, root: str) -> Element:
        """The body as an XML document. Raises MalformedXML."""
        return parse(self.body, root)


@dataclass
class Response:
    """A header that is None is left out. A ``Reader`` as body is streamed, then closed."""

    status: int = 200
    headers: dict[str, object] = field(default_factory=dict)
    body: bytes | Reader = b""

    @classmethod
    def document(cls, root: str, content: object, headers: Mapping[str, object] | None = None) -> "Response":
        return cls(200, {"content-type": "application/xml"} | dict(headers or {}), render(root, content))


def query_of(scope: Mapping) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


def headers_of(scope: Mapping) -> dict[str, str]:
    """Names in lower case. Those of S3 may come in the query too, which is how presigned URLs carry them."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    parameters = {name.lower(): value for name, value in query_of(scope).items()}
    return {name: value for name, value in parameters.items() if name.startswith("x-amz-")} | headers


def _decoded(text: str, path: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise S3Error("InvalidURI", "Couldn't parse the specified URI.", URI=path) from None


def _key(text: str, path: str) -> str:
    key = _decoded(text, path)
    size = len(key.encode())
    if size > LONGEST_KEY:
        raise S3Error("KeyTooLongError", "Your key is too long", Size=size, MaxSizeAllowed=LONGEST_KEY)
    return key
