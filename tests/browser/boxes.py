"""What the tests of <crowd-bounding-box> share: a template, and how a box is written in an answer."""

import html
import json
from collections.abc import Sequence

TAG = "crowd-bounding-box"


def template(labels: Sequence[str] = ("cat", "dog"), attributes: str = "", picture: str = "plain.png") -> str:
    """The starter template of Ground Truth, rendered; ``attributes`` are further ones of the element."""
    return f"""
      <script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
      <crowd-form>
        <crowd-bounding-box name="boundingBox" src="/pictures/{picture}" header="Box the animals"
                            labels="{html.escape(json.dumps(list(labels)))}" {attributes}>
          <full-instructions header="Boxes"><p>As tight as you can.</p></full-instructions>
          <short-instructions><p>Box every animal.</p></short-instructions>
        </crowd-bounding-box>
      </crowd-form>"""


def box(label: str, left: int, top: int, width: int, height: int) -> dict:
    return {"height": height, "label": label, "left": left, "top": top, "width": width}


def boxes(task) -> list[dict]:
    return task.value()["boundingBoxes"]
