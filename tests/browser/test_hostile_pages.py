"""A template whose script tries to get out of its frame, on data made of markup, in a real browser."""

import json
from collections.abc import Iterator

import pytest

from tests.browser.desk import Desk
from tests.localaws.labeling import TEMPLATE, Studio, picture

LABEL = '"><img src=x onerror="document.title=1">'
SCRIPT = "</script><script>window.injected = true</script>"
ATTEMPTS = """
<p id="note" title="{{ task.input.manifestLine.note }}">{{ task.input.manifestLine.note }}</p>
<script>
  const attempts = {
    parent: () => parent.document.body.innerHTML,
    top: () => top.document.cookie,
    "parent's window": () => parent.fetch("/api/session"),
    cookies: () => document.cookie,
    localStorage: () => localStorage.setItem("x", "y"),
    sessionStorage: () => sessionStorage.length,
    indexedDB: () => new Promise((yes, no) => {
      const request = indexedDB.open("x");
      request.onsuccess = yes;
      request.onerror = () => no(request.error);
    }),
    fetch: () => fetch("/api/session"),
    "fetch elsewhere": () => fetch("https://evil.example/"),
    XMLHttpRequest: () => new Promise((yes, no) => {
      const request = new XMLHttpRequest();
      request.onload = yes;
      request.onerror = no;
      request.open("POST", "/api/sign-out");
      request.send();
    }),
    "top navigation": () => { top.location.href = "https://evil.example/"; },
    "a worker": () => new Promise((yes, no) => {
      const worker = new Worker("data:text/javascript,postMessage(1)");
      worker.onmessage = yes;
      worker.onerror = no;
    }),
    "a frame": () => new Promise((yes, no) => {
      const frame = document.createElement("iframe");
      frame.src = "/";
      frame.onload = () => frame.contentDocument ? yes() : no(new Error("not same origin"));
      frame.onerror = no;
      document.body.append(frame);
    }),
    "an image elsewhere": () => new Promise((yes, no) => {
      const image = new Image();
      image.onload = yes;
      image.onerror = no;
      image.src = "https://evil.example/?" + Math.random();
    }),
    "a script elsewhere": () => new Promise((yes, no) => {
      const script = document.createElement("script");
      script.onload = yes;
      script.onerror = no;
      script.src = "https://evil.example/x.js";
      document.head.append(script);
    }),
    "a window": () => { if (!window.open("/")) throw new Error("no window"); },
    "a message that is none": () => parent.postMessage({ type: "sign-out", answer: {} }, "*"),
  };
  window.outcomes = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    (async () => attempt())().then(
      () => { outcomes[name] = "allowed"; },
      () => { outcomes[name] = "blocked"; },
    );
  }
  const form = document.createElement("form");
  form.action = "/api/sign-out";
  form.method = "post";
  document.body.append(form);
  form.submit();
</script>
"""


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in, workers=1) as studio:
        yield studio


def test_a_hostile_template_reaches_nothing_and_markup_stays_text(studio, chromium):
    key = "images/\"><svg onload=alert(1)>'.jpg"
    line = {"source-ref": studio.write(key, picture()), "note": SCRIPT}
    labels = {"labels": [{"label": LABEL}, {"label": SCRIPT}]}
    job = studio.create(
        studio.manifest(line),
        {"LabelCategoryConfigS3Uri": studio.write("hostile.json", json.dumps(labels))},
        UiConfig={"UiTemplateS3Uri": studio.write("hostile.html", TEMPLATE + ATTEMPTS)},
    )
    desk = Desk(chromium, studio.stand_in.portal)
    try:
        dialogs = []
        desk.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        desk.work_on(job, studio.usernames[0])
        frame = next(frame for frame in desk.page.frames if "/content" in frame.url)
        frame.wait_for_function("Object.keys(outcomes).length === 17", timeout=60_000)
        outcomes = frame.evaluate("outcomes")
        # A message may be sent to anybody; the page takes no notice of one that it does not know.
        assert outcomes.pop("a message that is none") == "allowed"
        assert [name for name, outcome in outcomes.items() if outcome != "blocked"] == []
        assert frame.evaluate("window.injected") is None and frame.evaluate("document.title") == "Task"
        assert frame.evaluate("self.origin") == "null"
        assert frame.locator("#note").text_content() == SCRIPT
        assert frame.locator("svg[onload], img[onerror]").count() == 0
        element = frame.locator("crowd-bounding-box")
        assert element.evaluate("element => element.labels") == [LABEL, SCRIPT]
        assert element.get_by_text(LABEL).first.is_visible()
        assert desk.page.evaluate("window.injected") is None and dialogs == []
        assert desk.page.url == f"{studio.stand_in.portal}/jobs/{job}"
        desk.drag(10, 8, 40, 30)  # after all of it the worker works on, signed in as before
        assert [box["label"] for box in desk.value()["boundingBoxes"]] == [LABEL]
        desk.submit_button.click()
        desk.heading("No more tasks").wait_for()
    finally:
        desk.close()
    studio.finished(job)
    (out,) = studio.output(job)
    assert list(out["boxes-metadata"]["class-map"].values()) == [LABEL]
