"""<crowd-bounding-box> by mouse, keyboard and touch; every value is compared exactly."""

import pytest

TAG = "crowd-bounding-box"


def template(labels: str = '["cat", "dog"]', attributes: str = "", picture: str = "plain.png") -> str:
    return f"""
      <script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
      <crowd-form>
        <crowd-bounding-box name="boundingBox" src="/pictures/{picture}" header="Box the animals"
                            labels='{labels}' {attributes}>
          <full-instructions header="Boxes"><p>As tight as you can.</p></full-instructions>
          <short-instructions><p>Box every animal.</p></short-instructions>
        </crowd-bounding-box>
      </crowd-form>"""


def box(label: str, left: int, top: int, width: int, height: int) -> dict:
    return {"height": height, "label": label, "left": left, "top": top, "width": width}


@pytest.fixture
def task(mount):
    return mount(template(), TAG)


def boxes(task) -> list[dict]:
    return task.value()["boundingBoxes"]


def test_a_dragged_box_is_submitted_as_ground_truth_writes_it(task):
    task.drag((40, 30), (160, 180))

    assert task.answer() == {
        "boundingBox": {
            "boundingBoxes": [box("cat", 40, 30, 120, 150)],
            "inputImageProperties": {"height": 300, "width": 400},
        }
    }
