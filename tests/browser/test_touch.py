"""<crowd-bounding-box> on a tablet: one finger draws, two fingers move and zoom the picture."""

from collections.abc import Callable, Iterator

import pytest

from tests.browser.boxes import TAG, box, boxes, template


class Fingers:
    """Fingers on the screen, placed by pixels of the picture."""

    def __init__(self, task):
        self.task = task
        self.session = task.page.context.new_cdp_session(task.page)

    def _send(self, kind: str, points: list[tuple[float, float]]) -> None:
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    def drag(self, *ways: tuple[tuple[float, float], tuple[float, float]]) -> None:
        """Drag from one pixel to another, with a finger per way, put down one after the other."""
        ways = [(self.task.point(*start), self.task.point(*end)) for start, end in ways]
        for count in range(1, len(ways) + 1):
            self._send("touchStart", [start for start, _ in ways[:count]])
        for step in (0.25, 0.5, 0.75, 1):
            self._send("touchMove", [between(start, end, step) for start, end in ways])
        self._send("touchEnd", [])


def between(start: tuple[float, float], end: tuple[float, float], step: float) -> tuple[float, float]:
    return tuple(a + (b - a) * step for a, b in zip(start, end, strict=True))


@pytest.fixture
def touch(mount) -> Iterator[Callable]:
    def show(html: str, tag: str = TAG) -> tuple:
        task = mount(html, tag, 1024, 768, touch=True)
        return task, Fingers(task)

    yield show


def test_a_finger_draws_moves_and_resizes(touch):
    task, fingers = touch(template())
    fingers.drag(((40, 30), (160, 180)))
    assert boxes(task) == [box("cat", 40, 30, 120, 150)]

    fingers.drag(((100, 100), (120, 110)))
    assert boxes(task) == [box("cat", 60, 40, 120, 150)]

    fingers.drag(((176, 186), (200, 230)))  # near the corner at 180, 190 is near enough for a finger
    assert boxes(task) == [box("cat", 60, 40, 140, 190)]


def test_two_fingers_move_and_zoom_and_draw_nothing(touch):
    task, fingers = touch(template())
    zoom = task.frame.locator(".zoom").inner_text()
    left = task.point(100, 150)
    right = task.point(300, 150)
    fingers.drag(((100, 150), (50, 150)), ((300, 150), (350, 150)))
    assert int(task.frame.locator(".zoom").inner_text().split()[0]) == pytest.approx(
        int(zoom.split()[0]) * 1.5, abs=3
    )
    assert task.point(200, 150) == pytest.approx(((left[0] + right[0]) / 2, (left[1] + right[1]) / 2), abs=2)
    assert boxes(task) == []

    before = task.point(200, 150)
    fingers.drag(((150, 100), (190, 130)), ((250, 100), (290, 130)))
    after = task.point(200, 150)
    assert after[0] - before[0] > 40
    assert after[1] - before[1] > 30
    assert boxes(task) == []


def test_a_second_finger_stops_a_drawing(touch):
    task, fingers = touch(template())
    fingers.drag(((40, 30), (160, 180)), ((300, 200), (310, 210)))
    assert boxes(task) == []
    assert task.button("Undo").is_disabled()

    task.press("f")
    fingers.drag(((40, 30), (160, 180)))
    assert boxes(task) == [box("cat", 40, 30, 120, 150)]


def test_everything_to_touch_is_large_enough_for_a_finger(touch):
    task, _ = touch(template(labels=[f"label {number}" for number in range(12)]))
    small = task.element.evaluate(
        """element => [...element.shadowRoot.querySelectorAll("button, .tick")]
          .filter((node) => node.offsetParent)
          .map((node) => [node.getAttribute("aria-label") ?? node.textContent, node.getBoundingClientRect()])
          .filter(([, box]) => box.width < 32 || box.height < 32)
          .map(([name]) => name)"""
    )
    assert small == []


def test_a_tap_selects_and_the_buttons_do_the_rest(touch):
    task, fingers = touch(template())
    fingers.drag(((40, 30), (160, 180)))
    task.press("Escape")
    task.page.touchscreen.tap(*task.point(100, 100))
    task.button("dog").tap()
    assert boxes(task) == [box("dog", 40, 30, 120, 150)]

    task.button("Delete").tap()
    task.button("Undo").tap()
    task.button("Submit").tap()
    answer = task.wait_for_message("submit")["answer"]
    assert answer["boundingBox"]["boundingBoxes"] == [box("dog", 40, 30, 120, 150)]
