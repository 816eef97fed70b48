"""The portal as an ASGI application."""

from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from localaws.groundtruth.files import Files
from localaws.groundtruth.portal.api import Api
from localaws.groundtruth.portal.entrance import Entrance
from localaws.groundtruth.portal.guard import Guard
from localaws.groundtruth.portal.messages import Reply
from localaws.groundtruth.portal.pages import Pages
from localaws.groundtruth.portal.sessions import Sessions
from localaws.groundtruth.portal.signing import Signer
from localaws.groundtruth.portal.static_files import StaticFiles
from localaws.groundtruth.portal.workplace import Workplace
from localaws.groundtruth.requester.app import RequesterApp


def make_portal(
    url: str,
    region: str,
    workplace: Workplace,
    sessions: Sessions,
    signer: Signer,
    files: Files,
    static: StaticFiles,
    requester: RequesterApp,
) -> Starlette:
    """``url`` is the portal's own origin, such as http://127.0.0.1:8081; it answers under no other name."""
    entrance = Entrance(workplace, sessions, region, secure=url.startswith("https://"))
    api = Api(workplace, entrance, signer)
    pages = Pages(workplace, files, signer, static, urlsplit(url).scheme)
    return Starlette(
        routes=[
            *pages.routes(),
            *entrance.routes(),
            *api.routes(),
            *requester.routes(),
            *static.routes(),
        ],
        middleware=[Middleware(Guard, url=url)],
        exception_handlers={HTTPException: refuse, BotoCoreError: wait, ClientError: wait},
    )


async def refuse(request: Request, error: HTTPException) -> Response:
    return Reply({"error": error.detail}, error.status_code, error.headers)


async def wait(request: Request, error: BotoCoreError | ClientError) -> Response:
    """S3 or Cognito cannot be reached at this moment, or does not do its part."""
    return Reply({"error": f"try again in a moment: {error}"}, 503, {"Retry-After": "2"})
