"""One HTTP request as the services see it."""

from dataclasses import dataclass, field


@dataclass
class Request:
    """``path`` and ``query`` are still percent-encoded; header names are lower-case."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
