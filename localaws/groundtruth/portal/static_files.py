"""The scripts and styles of the portal's pages, under addresses that change with their content."""

import hashlib
import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER = Path(__file__).with_name("static")
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
HEADERS = {
    # A task's frame has an origin of its own, which is none: to it, the portal is another site.
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "public, max-age=31536000, immutable",
}
# In the pages here, the address of this folder; a page that is sent has the version in its place.
PLACEHOLDER = "/static/current/"
AWS_ELEMENTS = re.compile(
    r"<script\b[^<>]*\bsrc\s*=\s*[\"']?https://assets\.crowd\.aws/crowd-html-elements(?:-v2)?\.js\b[^<>]*>"
    r"\s*</script\s*>",
    re.IGNORECASE,
)
AWS_STYLES = re.compile(r"<link\b[^<>]*\bhref\s*=\s*[\"']?https://assets\.crowd\.aws/[^<>]*>", re.IGNORECASE)


class StaticFiles:
    """Everything under a folder, read once: what is sent under a version always is what the version names."""

    def __init__(self, folder: Path = FOLDER):
        paths = sorted(path for path in folder.rglob("*") if path.suffix in TYPES)
        self.files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        self.version = _version(self.files)

    def routes(self) -> list[Route]:
        return [Route("/static/{version}/{path:path}", self.send)]

    async def send(self, request: Request) -> Response:
        path = request.path_params["path"]
        if request.path_params["version"] != self.version or path not in self.files:
            raise HTTPException(404, f"there is no {path} in this version of the portal: load the page again")
        return Response(self.files[path], media_type=TYPES[Path(path).suffix], headers=HEADERS)

    def address(self, path: str, origin: str = "") -> str:
        """Where a file is found, such as ``elements/index.js``; ``origin`` makes the address absolute."""
        return f"{origin}/static/{self.version}/{path}"

    def page(self, path: str) -> bytes:
        """An HTML file of the folder, with the addresses of what it loads."""
        return self.files[path].replace(PLACEHOLDER.encode(), self.address("").encode())

    def with_elements(self, html: str, origin: str) -> str:
        """A rendered worker template with this portal's crowd elements in the place of AWS's; a
        template that loads none gets them too. ``origin`` is the portal's: the page may be shown anywhere."""
        own = (
            f'<link rel="stylesheet" href="{self.address("elements/content.css", origin)}">'
            f'<script type="module" crossorigin src="{self.address("elements/index.js", origin)}"></script>'
        )
        swapped, found = AWS_ELEMENTS.subn(lambda _: own, AWS_STYLES.sub("", html))
        return swapped if found else own + html


def _version(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, content in files.items():
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]
