"""The mask element on a large image, in headless Chromium without a GPU: a stroke, undo, submit, memory.

    python -m benchmarks.masks --size 4000x3000

A stroke is 60 pointer events with a brush of 90 pixels, from corner to corner. `at once` hands the events
over without waiting and ends when the last repaint is done; `per frame` waits for a repaint after each of
them, as a hand does.
"""

import argparse
import contextlib
import io
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

from orchestration.machine import chromium

ELEMENTS = Path(__file__).resolve().parents[1] / "localaws/groundtruth/portal/static/elements"
PAGE = """<!doctype html><script type="module" src="index.js"></script>
<crowd-form><crowd-semantic-segmentation name="mask" src="picture.png" labels="['road', 'car']">
</crowd-semantic-segmentation></crowd-form>"""

PREPARE = """() => {
  const element = document.querySelector("crowd-semantic-segmentation");
  const stage = element.shadowRoot.querySelector(".stage");
  stage.setPointerCapture = () => {}; // synthetic pointers cannot be captured
  const frame = () => new Promise(requestAnimationFrame);
  const place = (x, y) => {
    const box = stage.getBoundingClientRect();
    const { left, top } = element.viewport.toStage({ left: x, top: y, width: 0, height: 0 });
    return { clientX: box.left + left, clientY: box.top + top };
  };
  const send = (type, x, y) => {
    const button = type === "pointermove" ? -1 : 0;
    stage.dispatchEvent(new PointerEvent(type, { pointerId: 1, button, bubbles: true, ...place(x, y) }));
  };
  const timed = async (work) => {
    await frame();
    const began = performance.now();
    await work();
    return performance.now() - began;
  };
  window.repainted = async () => { await frame(); await frame(); };
  window.stroke = (paced) => timed(async () => {
    const { imageWidth: width, imageHeight: height } = element;
    send("pointerdown", width * 0.02, height * 0.02);
    for (let step = 1; step <= 60; step++) {
      send("pointermove", width * (0.02 + 0.016 * step), height * (0.02 + 0.016 * step));
      if (paced) await frame();
    }
    send("pointerup", width * 0.98, height * 0.98);
    await repainted();
  });
  window.undo = () => timed(async () => { element.undo(); await repainted(); });
  window.fill = () => timed(async () => {
    stage.focus();
    document.activeElement.dispatchEvent(
      new KeyboardEvent("keydown", { key: "g", bubbles: true, composed: true }),
    );
    send("pointerdown", element.imageWidth * 0.9, element.imageHeight * 0.1);
    send("pointerup", element.imageWidth * 0.9, element.imageHeight * 0.1);
    await repainted();
  });
  window.submit = () => timed(async () => {
    window.answer = await element.getSubmission();
  });
  window.draft = () => timed(async () => { window.saved = await element.draft; });
  const { commit } = element;
  window.kept = { steps: 0, bytes: 0 };
  element.commit = (patch) => {
    kept.steps++;
    kept.bytes += patch.bytes;
    commit.call(element, patch);
  };
  const slider = element.shadowRoot.querySelector(".bar input[type=range]");
  slider.value = 90;
  slider.dispatchEvent(new Event("input"));
}"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves the elements, the page and one picture."""

    def __init__(self, *arguments, picture: bytes, **options):
        self.picture = picture
        super().__init__(*arguments, directory=str(ELEMENTS), **options)

    def do_GET(self) -> None:
        own = {"/": (PAGE.encode(), "text/html"), "/picture.png": (self.picture, "image/png")}
        if self.path not in own:
            return super().do_GET()
        body, kind = own[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(picture: bytes) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, picture=picture))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


def measure(address: str, strokes: int) -> Iterator[tuple[str, str, bool | None]]:
    """(what, figure, whether the goal is met) of each measurement."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        page.evaluate("document.querySelector('crowd-semantic-segmentation').ready")
        page.evaluate(PREPARE)

        def milliseconds(call: str) -> float:
            return page.evaluate(call)

        at_once = milliseconds("stroke(false)")
        yield "stroke of 60 steps, at once", f"{at_once:.0f} ms", at_once < 1000
        milliseconds("undo()")
        paced = milliseconds("stroke(true)")
        yield "stroke of 60 steps, per frame (1,000 ms at 60 Hz)", f"{paced:.0f} ms", None
        yield "undo a stroke", f"{milliseconds('undo()'):.0f} ms", None
        milliseconds("stroke(false)")
        yield "fill what is left", f"{milliseconds('fill()'):.0f} ms", None
        draft = milliseconds("draft()")
        yield "draft", f"{draft:.0f} ms, {page.evaluate('JSON.stringify(saved).length') / 1000:.0f} KB", None
        submit = milliseconds("submit()")
        size = page.evaluate("answer.labeledImage.pngImageData.length") / 1000
        yield "submit", f"{submit:.0f} ms, {size:.0f} KB", submit < 5000

        page.evaluate("Object.assign(kept, { steps: 0, bytes: 0 })")
        page.keyboard.press("b")
        for number in range(strokes):
            page.keyboard.press(str(1 + number % 2))
            milliseconds("stroke(false)")
        kept = page.evaluate("kept")
        yield f"history of {kept['steps']} more strokes", f"{kept['bytes'] / 1e6:.1f} MB", None
        browser.close()


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--size", default="4000x3000", help="width x height of the image in pixels")
    arguments.add_argument("--strokes", type=int, default=200, help="strokes in the history")
    options = arguments.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    picture = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(picture, "PNG")
    table = Table("what", "figure", "goal met")
    with served(picture.getvalue()) as address:
        for what, figure, met in measure(address, options.strokes):
            table.add_row(what, figure, "" if met is None else "yes" if met else "NO")
    Console().print(table)


if __name__ == "__main__":
    main()
