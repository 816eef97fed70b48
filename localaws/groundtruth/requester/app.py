"""The requester's routes in the portal: the way in, the pages, and their JSON."""

import html
import time
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from localaws.groundtruth.portal.api import image_path
from localaws.groundtruth.portal.messages import Reply
from localaws.groundtruth.portal.signing import Signer
from localaws.groundtruth.portal.static_files import StaticFiles
from localaws.groundtruth.requester.access import Access, Refused
from localaws.groundtruth.requester.reports import Reports
from localaws.groundtruth.requester.sessions import LIFETIME, RequesterSessions

COOKIE = "requester"
PAGE = "requester/index.html"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
STABLE = 900  # seconds that an image keeps its address, so that a page that refreshes does not load it again
NO_SESSION = "this page is for requesters: open it through a link of its own"


class RequesterApp:
    def __init__(
        self,
        access: Access,
        sessions: RequesterSessions,
        reports: Reports,
        static: StaticFiles,
        secure: bool,
    ):
        """``secure``: the portal is served over TLS, so its cookie never leaves without."""
        self.access = access
        self.sessions = sessions
        self.reports = reports
        self.static = static
        self.secure = secure

    def routes(self) -> list[Route]:
        return [
            Route("/requester", in_thread(self.page)),
            Route("/requester/jobs/{name}", in_thread(self.page)),
            Route("/api/requester/jobs", in_thread(self.overview)),
            Route("/api/requester/jobs/{name}", in_thread(self.report)),
        ]

    def page(self, request: Request) -> Response:
        """The page, which is the same for everybody; with a token, the way in to what it shows.

        A link that does not open comes with the page too: who has a session needs no link.
        """
        token = request.query_params.get("token")
        if token is None:
            return self._page()
        try:
            arn = self.access.requester(token)
        except Refused as refusal:
            return self._page(str(refusal), refusal.status)
        response = RedirectResponse(request.url.path, 303)
        # Strict although links are followed from other sites: the page itself needs no cookie, and what it
        # then asks for is asked by this site.
        response.set_cookie(
            COOKIE,
            self.sessions.open(arn),
            LIFETIME,
            path="/",
            httponly=True,
            samesite="strict",
            secure=self.secure,
        )
        return response

    def overview(self, request: Request) -> Response:
        return Reply(self._for_whom(request) | self.reports.overview())

    def report(self, request: Request) -> Response:
        who, name = self._for_whom(request), request.path_params["name"]
        report = self.reports.report(name)
        if report is None:
            raise HTTPException(404, f"there is no labeling job {name}")
        return Reply(who | report)

    def _for_whom(self, request: Request) -> dict[str, str]:
        arn = self.sessions.find(request.cookies.get(COOKIE, ""))
        if arn is None:
            raise HTTPException(401, NO_SESSION)
        return {"requester": arn}

    def _page(self, refusal: str = "", status: int = 200) -> Response:
        page = self.static.page(PAGE).decode().replace("{refusal}", html.escape(refusal))
        return HTMLResponse(page, status, headers={"Content-Security-Policy": POLICY})


def stable_address(signer: Signer) -> Callable[[str], str]:
    """Addresses of images that stay the same for a while and open for at least as long."""

    def address(uri: str) -> str:
        return image_path(signer, uri, (time.time() // STABLE + 2) * STABLE)

    return address


def in_thread(handler: Callable[[Request], Response]) -> Callable:
    """These handlers talk to disks and services."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(handler, request)

    return endpoint
