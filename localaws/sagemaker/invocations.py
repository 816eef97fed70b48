"""One HTTP request to a container on this machine."""

import http.client
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


def ask(port: int, method: str, path: str, body: bytes, headers: dict[str, str], timeout: float) -> Answer:
    """One request to a container. Raises OSError (TimeoutError among it) and http.client.HTTPException."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            response.read(),
        )
    finally:
        connection.close()
