"""What every request to the portal passes: the right host, the right origin."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localaws.groundtruth.portal.messages import Reply

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Answers only under the portal's own names, so that no other site's name can be pointed at it; lets no
    page of another origin change anything; and gives every response headers that keep it in its place."""

    def __init__(self, app: ASGIApp, url: str):
        self.app = app
        parts = urlsplit(url)
        self.scheme = parts.scheme
        self.hosts = {parts.netloc}
        if parts.hostname in ("127.0.0.1", "localhost", "::1"):
            self.hosts |= {f"{name}:{parts.port}" if parts.port else name for name in LOOPBACK}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self.hosts:
            answer: ASGIApp = Reply({"error": f"this is not the portal of {host!r}"}, 421)
        elif scope["method"] not in ("GET", "HEAD") and origin not in (None, f"{self.scheme}://{host}"):
            answer = Reply({"error": f"requests from {origin} are not accepted"}, 403)
        else:
            answer = self.app

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    own.setdefault(name, value)
            await send(message)

        await answer(scope, receive, send_with_headers)
