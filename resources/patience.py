"""Waiting for a server that was there a moment ago: the stand-in restarts, a network comes back."""

from typing import Any

from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

PAUSE = 1.0  # seconds between two attempts
ATTEMPTS = 120


class Patience:
    """Retries of lost connections beyond boto3's own, which give up after about three seconds.

    A server that has never answered gets boto3's few attempts only: its address is more likely wrong. What
    was sent when a connection closed may have been done; whoever creates something by name finds it then.
    """

    def __init__(self) -> None:
        self.answered = False

    def attend(self, client: Any) -> Any:
        """The client, which from now on waits."""
        client.meta.events.register("after-call", self._note)
        client.meta.events.register_first("needs-retry", self._pause)
        return client

    def _note(self, **_: Any) -> None:
        self.answered = True

    def _pause(self, attempts: int, caught_exception: Exception | None, **_: Any) -> float | None:
        """botocore's protocol: seconds until the next attempt, or None to let others decide."""
        lost = isinstance(caught_exception, EndpointConnectionError | ConnectionClosedError)
        return PAUSE if lost and self.answered and attempts < ATTEMPTS else None
