"""The elements in a real browser: ``mount`` shows a rendered template as the portal does, in a frame without
an origin, and ``pictures`` are the images it may name. A test fails when the page logs an error."""

import io
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from PIL import Image, ImageDraw
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from orchestration import machine

# Chromium keeps nothing for a frame without an origin, and gives it a process of its own: every test would
# load all modules of the elements anew. What the sandbox forbids is forbidden here as well.
UNWANTED = [
    "SplitCacheByNetworkIsolationKey",
    "IsolateSandboxedIframes",
    # Of several such lists the last one counts, so these are Playwright's.
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "MediaRouter",
    "OptimizationHints",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
]
FLAGS = [
    f"--disable-features={','.join(UNWANTED)}",
    "--disable-site-isolation-trials",
    "--renderer-process-limit=1",
    "--in-process-gpu",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000  # milliseconds, for a machine that does much else
ELEMENTS = Path(__file__).parents[2] / "localaws/groundtruth/portal/static/elements"
CROWD_SCRIPT = re.compile(r"<script\s+src=[\"']?https://assets\.crowd\.aws/[^>]*>\s*</script>", re.IGNORECASE)
MODULE = (
    '<link rel="stylesheet" href="/elements/content.css">'
    '<script type="module" crossorigin src="/elements/index.js"></script>'
)
POLICY = (
    "default-src 'none'; script-src {origin} 'unsafe-inline'; style-src {origin} 'unsafe-inline'; "
    "img-src {origin} data: blob:; font-src {origin}; connect-src 'none'; form-action 'none'; "
    "base-uri 'none'; sandbox allow-scripts allow-modals"
)
SHELL = """<!doctype html><meta charset="utf-8"><title>Task</title><link rel="icon" href="data:,">
<style>body{{margin:0}} iframe{{display:block;width:100vw;height:100vh;border:0}}</style>
<script>
  window.messages = [];
  addEventListener("message", (event) => {{
    if (event.source === frame.contentWindow && event.origin === "null") messages.push(event.data);
  }});
</script>
<iframe id="frame" sandbox="allow-scripts allow-modals" src="/content/{number}"></iframe>"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


class Site:
    """Serves the elements, the templates that are mounted and the pictures they show."""

    def __init__(self) -> None:
        self.templates: list[str] = []
        self.pictures: dict[str, bytes] = {}
        elements = StaticFiles(directory=ELEMENTS)
        routes = [
            Route("/shell/{number:int}", self.shell),
            Route("/content/{number:int}", self.content),
            Route("/pictures/{name}", self.picture),
            Mount("/elements", elements),
        ]
        listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(self.shared(Starlette(routes=routes)), log_level="warning")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([listener],), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(timeout=10)

    @staticmethod
    def shared(app: Callable) -> Callable:
        """Module scripts and pictures of a frame without an origin are requests from another site."""

        async def serve(scope: dict, receive: Callable, send: Callable) -> None:
            async def answer(message: dict) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] += [
                        (b"access-control-allow-origin", b"*"),
                        (b"cross-origin-resource-policy", b"cross-origin"),
                    ]
                    if scope["path"].startswith("/elements/"):  # the portal has a version in the address
                        message["headers"].append((b"cache-control", b"max-age=31536000, immutable"))
                await send(message)

            await app(scope, receive, answer)

        return serve

    async def shell(self, request: Request) -> Response:
        return HTMLResponse(SHELL.format(number=request.path_params["number"]))

    async def content(self, request: Request) -> Response:
        html = CROWD_SCRIPT.sub("", self.templates[request.path_params["number"]])
        page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Task</title>{MODULE}<body>{html}'
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY.format(origin=self.origin)})

    async def picture(self, request: Request) -> Response:
        data = self.pictures.get(request.path_params["name"])
        return Response(data, media_type="image/*") if data else Response(status_code=404)


class Task:
    """A template on the screen; what happens in its frame, and what the frame says to its page."""

    def __init__(self, page, tag: str, errors: list[str]):
        self.page = page
        self.frame = page.frames[1]
        self.element = self.frame.locator(tag).first
        self.errors = errors  # of the console and of scripts; a test empties it when it expects some

    def value(self):
        return self.element.evaluate("element => element.value")

    def messages(self, kind: str) -> list[dict]:
        """What the frame has said so far, by the type of the message."""
        told = "kind => JSON.stringify(messages.filter(({type}) => type === kind))"
        return json.loads(self.page.evaluate(told, kind))

    def wait_for_message(self, kind: str, count: int = 1) -> dict:
        """The ``count``-th message of its kind."""
        self.page.wait_for_function(
            "([kind, count]) => messages.filter(({type}) => type === kind).length >= count",
            arg=[kind, count],
            timeout=PATIENCE,
        )
        return self.messages(kind)[count - 1]

    def tell(self, message: dict) -> None:
        self.page.evaluate("message => frame.contentWindow.postMessage(message, '*')", message)

    def draft(self) -> dict:
        """Ask for the draft; earlier ones, which are sent some time after a change, do not count."""
        before = len(self.messages("draft"))
        self.tell({"type": "collect-draft"})
        return self.wait_for_message("draft", before + 1)["draft"]

    def answer(self) -> dict:
        """Submit with the button, and give what arrives."""
        before = len(self.messages("submit"))
        self.button("Submit").click()
        return self.wait_for_message("submit", before + 1)["answer"]

    def button(self, name: str):
        return self.frame.get_by_role("button", name=name, exact=True)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the picture lies on the screen."""
        box = self.element.locator("img").first.bounding_box()
        size = self.element.locator("img").first.evaluate("image => [image.offsetWidth, image.offsetHeight]")
        return box["x"] + x * box["width"] / size[0], box["y"] + y * box["height"] / size[1]

    def drag(self, start: tuple[float, float], end: tuple[float, float], **options) -> None:
        """Drag from one pixel of the picture to another; both may lie outside it."""
        self.page.mouse.move(*self.point(*start))
        self.page.mouse.down(**options)
        self.page.mouse.move(*self.point((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), steps=3)
        self.page.mouse.move(*self.point(*end), steps=3)
        self.page.mouse.up(**options)

    def click(self, x: float, y: float, **options) -> None:
        self.page.mouse.click(*self.point(x, y), **options)


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    path = machine.chromium()
    if path is None:
        pytest.skip("there is no chromium-headless-shell and no chromium to label in")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    site = Site()
    site.pictures |= {"plain.png": picture(400, 300), "turned.jpg": turned_picture(400, 300)}
    yield site
    site.stop()


@pytest.fixture
def pictures(site: Site) -> dict[str, bytes]:
    """Pictures under /pictures/<name>: plain.png and turned.jpg of 400 x 300; a test may add its own."""
    return site.pictures


@pytest.fixture(scope="session")
def contexts(chromium) -> Callable:
    """One browser context with a mouse and one with a touch screen: pages of their own are cheap."""
    made = {}

    def context(touch: bool):
        if touch not in made:
            made[touch] = chromium.new_context(has_touch=touch)
            made[touch].set_default_timeout(PATIENCE)
        return made[touch]

    return context


@pytest.fixture
def mount(contexts, site: Site) -> Iterator[Callable[..., Task]]:
    """``mount(html, tag)`` shows a rendered template and waits until all its elements are ready; ``tag`` is
    the element that the test works with."""
    pages, errors = [], []

    def show(
        html: str, tag: str = "crowd-form", width: int = 1280, height: int = 800, touch: bool = False
    ) -> Task:
        page = contexts(touch).new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.on("console", lambda message: message.type == "error" and errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: (errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        site.templates.append(html)
        page.goto(f"{site.origin}/shell/{len(site.templates) - 1}")
        task = Task(page, tag, errors)
        task.wait_for_message("ready")
        return task

    yield show
    for page in pages:
        page.close()
    assert errors == []


def picture(width: int, height: int) -> bytes:
    """A PNG with a few shapes to label."""
    return encode(drawing(width, height), "PNG")


def turned_picture(width: int, height: int) -> bytes:
    """A JPEG of this stored size, with an EXIF orientation that tells viewers to turn it by 90 degrees."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(drawing(width, height), "JPEG", exif=exif)


def drawing(width: int, height: int) -> Image.Image:
    image = Image.new("RGB", (width, height), "#dfe5e8")
    pen = ImageDraw.Draw(image)
    pen.rectangle((width * 0.1, height * 0.1, width * 0.4, height * 0.6), fill="#7c9a8e")
    pen.ellipse((width * 0.5, height * 0.2, width * 0.9, height * 0.8), fill="#c98a6b")
    return image


def encode(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """For what the browser does not announce. Raises AssertionError when the time is over."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "the condition did not become true"
        time.sleep(0.05)
