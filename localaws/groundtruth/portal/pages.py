"""What the portal shows as it is: the page that workers work on, task contents in their cage, images."""

from botocore.exceptions import ClientError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from localaws.groundtruth.files import Files, is_missing
from localaws.groundtruth.portal.api import image_path
from localaws.groundtruth.portal.signing import BadToken, Signer
from localaws.groundtruth.portal.static_files import StaticFiles
from localaws.groundtruth.portal.workplace import Workplace
from localaws.groundtruth.problems import TemplateProblem
from localaws.groundtruth.tasks import LeaseGone

# What a file may be, told from its first bytes: never from its name or from what S3 says about it.
IMAGE_TYPES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
# Nothing inline, nothing from elsewhere, and no text that becomes HTML.
SHELL_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Task</title><body>{}</body></html>'


class Pages:
    def __init__(self, workplace: Workplace, files: Files, signer: Signer, static: StaticFiles, scheme: str):
        """``scheme``: http or https, as the browser sees it."""
        self.workplace = workplace
        self.files = files
        self.signer = signer
        self.static = static
        self.scheme = scheme

    def routes(self) -> list[Route]:
        return [
            Route("/", self.shell),
            Route("/jobs/{name}", self.shell),
            Route("/tasks/{id:int}/content", self.content),
            Route("/images/{token}", self.image),
        ]

    async def shell(self, request: Request) -> Response:
        """One page for all addresses of workers: its script shows what the address names."""
        headers = {"Content-Security-Policy": SHELL_POLICY}
        return HTMLResponse(self.static.page("shell/index.html"), headers=headers)

    async def content(self, request: Request) -> Response:
        return await run_in_threadpool(self._content, request)

    async def image(self, request: Request) -> Response:
        return await run_in_threadpool(self._image, request)

    def _content(self, request: Request) -> Response:
        """The rendered template. It may hold any script, so it runs in an origin of its own that reaches
        nothing, also when the address is opened by itself."""
        shown = self._open("content", request.query_params.get("token", ""))
        if shown["task"] != request.path_params["id"]:
            raise HTTPException(403, "this address is for another task")
        origin = f"{self.scheme}://{request.headers['host']}"
        try:
            task = self.workplace.held(shown["worker"], shown["task"], shown["lease"])
            html = self.workplace.render(
                task, lambda uri: origin + image_path(self.signer, uri, task.lease.until)
            )
        except LeaseGone:
            raise HTTPException(410, "this task is no longer yours") from None
        except TemplateProblem as problem:
            raise HTTPException(500, f"the worker template cannot be shown: {problem}") from None
        own = self.static.address("", origin)
        policy = (
            f"default-src 'none'; script-src {own} 'unsafe-inline'; style-src {own} 'unsafe-inline'; "
            f"img-src {own} {origin}/images/ data: blob:; font-src {own}; connect-src 'none'; "
            f"form-action 'none'; base-uri 'none'; frame-ancestors {origin}; "
            "sandbox allow-scripts allow-modals"
        )
        page = PAGE.format(self.static.with_elements(html, origin))
        # Half a character of Unicode, which a JSON text may hold, is shown as a question mark.
        return HTMLResponse(page.encode(errors="replace"), headers={"Content-Security-Policy": policy})

    def _image(self, request: Request) -> Response:
        uri = self._open("image", request.path_params["token"])["uri"]
        try:
            data = self.files.read(uri)
        except (ClientError, ValueError) as problem:
            if isinstance(problem, ClientError) and not is_missing(problem):
                raise
            raise HTTPException(404, f"{uri} does not exist") from None
        kind = next((kind for start, kind in IMAGE_TYPES.items() if data.startswith(start)), None)
        if kind is None:
            raise HTTPException(415, f"{uri} is not a JPEG or PNG image")
        headers = {
            # The task's frame has an origin of its own, which is none: to it, the portal is another site.
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Cache-Control": "private, max-age=600",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return Response(data, media_type=kind, headers=headers)

    def _open(self, purpose: str, token: str) -> dict:
        try:
            return self.signer.open(purpose, token)
        except BadToken as problem:
            raise HTTPException(403, f"this address does not open: {problem}") from None
