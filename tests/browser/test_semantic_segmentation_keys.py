"""<crowd-semantic-segmentation>: its history, and work without a pointer."""

import numpy as np
import pytest

from tests.browser.masks import (
    SQUARE,
    TAG,
    counts,
    drawn,
    polygon,
    submitted,
    template,
)


@pytest.fixture
def task(mount):
    return mount(template(), TAG)


# ---- history


def test_undo_and_redo_go_through_strokes_polygons_and_fills_in_one_history(task):
    states = [drawn(task)]
    for work in (
        lambda: task.drag((60, 200), (160, 240)),
        lambda: (polygon(task, *SQUARE), task.press("2", "Enter")),
        lambda: (task.press("3", "g"), task.click(350, 20)),
        lambda: (task.press("e"), task.drag((60, 60), (200, 60))),
    ):
        work()
        states.append(drawn(task))
        assert (states[-1] != states[-2]).any()

    for state in states[-2::-1]:
        task.press("Control+z")
        assert (drawn(task) == state).all()
    assert task.button("Undo").is_disabled()
    for state in states[1:]:
        task.press("Control+Shift+Z")
        assert (drawn(task) == state).all()
    assert task.button("Redo").is_disabled()


def test_what_changes_nothing_is_no_step_of_the_history(task):
    task.click(60, 60)
    task.click(60, 60)  # the same pixels, the same label
    task.press("e")
    task.click(200, 200)  # nothing there

    task.press("Control+z")

    assert not drawn(task).any()
    assert task.button("Undo").is_disabled()


def test_undo_in_an_open_polygon_takes_back_a_corner_by_touch_too(task):
    polygon(task, *SQUARE, (30, 60))

    task.button("Undo").click()
    task.element.locator(".stage").focus()
    task.press("Enter")

    assert counts(task) == {0: 400 * 300 - 100 * 60, 1: 100 * 60}


# ---- keyboard


def test_a_mask_can_be_painted_and_submitted_without_a_pointer(task):
    task.press("2")
    task.press("ArrowLeft")
    task.page.keyboard.down("Space")
    task.press("Shift+ArrowRight", "ArrowDown")
    task.page.keyboard.up("Space")
    assert counts(task)[2] > 0
    one_stroke = drawn(task)
    task.press("e", "Enter")
    assert (drawn(task) != one_stroke).any()
    task.press("Control+z")
    assert (drawn(task) == one_stroke).all()

    task.press("Control+Enter")

    answer = task.wait_for_message("submit")["answer"]
    assert (submitted(answer) == one_stroke).all()


def test_a_mouse_that_is_pushed_does_not_tear_a_stroke_of_the_keyboard(task):
    task.press("ArrowLeft")
    task.page.keyboard.down("Space")
    task.page.mouse.move(*task.point(350, 20))
    task.press("ArrowRight")
    task.page.keyboard.up("Space")
    painted = drawn(task)

    task.press("Control+z")

    assert painted.any() and not painted[:100].any()
    assert not drawn(task).any()


def test_a_polygon_can_be_drawn_without_a_pointer(task):
    task.press("p", "ArrowLeft", "Space")
    for direction in ("Right", "Down", "Left"):
        task.press(*[f"Alt+Arrow{direction}"] * 7, "Space")
    task.press("Enter")

    rows, columns = np.nonzero(drawn(task))
    assert (len(rows), np.ptp(rows), np.ptp(columns)) == (49, 6, 6)


def test_the_keyboards_cursor_stays_in_the_picture_and_in_sight(task):
    task.press("+", "+", "+", "+")
    task.press(*["Shift+ArrowLeft"] * 40, *["Shift+ArrowUp"] * 40)
    task.press(*["["] * 12, "Space")

    assert (np.argwhere(drawn(task)) == [[0, 0]]).all()
    stage = task.element.locator(".stage").bounding_box()
    x, y = task.point(0.5, 0.5)
    assert stage["x"] < x < stage["x"] + stage["width"]
    assert stage["y"] < y < stage["y"] + stage["height"]
