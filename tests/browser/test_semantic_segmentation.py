"""<crowd-semantic-segmentation>: its tools by mouse; every mask is compared pixel by pixel."""

import numpy as np
import pytest

from tests.browser.masks import (
    SQUARE,
    TAG,
    WIDTH,
    blank,
    counts,
    disc,
    drawn,
    polygon,
    stroke,
    submitted,
    template,
)


@pytest.fixture
def task(mount):
    return mount(template(), TAG)


def test_a_mask_is_submitted_as_ground_truth_writes_it(task):
    task.drag((60.5, 200.5), (160.5, 240.5))
    polygon(task, *SQUARE)
    task.press("2", "Enter")

    answer = task.answer()

    expected = blank()
    expected[30:90, 40:140] = 2
    assert (submitted(answer)[:100] == expected[:100]).all()
    assert (submitted(answer) == drawn(task)).all()
    del answer["mask"]["labeledImage"]
    assert answer == {
        "mask": {
            "inputImageProperties": {"height": 300, "width": 400},
            "labelMappings": {"cat": {"color": "#1f77b4"}, "dog": {"color": "#ff7f0e"}},
        }
    }


# ---- brush and eraser


@pytest.mark.parametrize(("size", "centre"), [(1, 80.5), (2, 80), (7, 80.5), (12, 80)])
def test_a_click_is_one_dab_as_wide_as_the_brush(task, size, centre):
    task.press(*["["] * 12)
    for _ in range(size):
        if task.frame.get_by_label("Size").input_value() != str(size):
            task.press("]")

    task.click(80.2, 80.3)

    dab = disc(centre, centre, size)
    assert (drawn(task) == dab).all()
    assert dab.any(axis=0).sum() == size


def test_a_stroke_covers_all_between_two_points(task):
    task.page.mouse.move(*task.point(60, 60))
    task.page.mouse.down()
    task.page.mouse.move(*task.point(160, 110))
    task.page.mouse.up()

    assert (drawn(task) == stroke((60, 60), (160, 110), 12)).all()


def test_a_stroke_over_the_edge_paints_up_to_the_edge(task):
    task.page.mouse.move(*task.point(40, 2))
    task.page.mouse.down()
    task.page.mouse.move(*task.point(-20, 2))
    task.page.mouse.up()

    assert (drawn(task) == stroke((40, 2), (-20, 2), 12)).all()


def test_the_eraser_unlabels_what_it_touches(task):
    polygon(task, *SQUARE)
    task.press("Enter", "e")
    task.click(60, 60)

    expected = blank()
    expected[30:90, 40:140] = 1
    expected[disc(60, 60, 12)] = 0
    assert (drawn(task) == expected).all()


def test_a_stroke_that_the_system_takes_away_leaves_nothing(task):
    task.page.mouse.move(*task.point(60, 60))
    task.page.mouse.down()
    task.page.mouse.move(*task.point(100, 60))
    assert counts(task)[1] > 0
    task.element.evaluate(
        """({ shadowRoot }) => shadowRoot.querySelector(".stage").dispatchEvent(
          new PointerEvent("pointercancel", { pointerId: 1 }))"""
    )
    task.page.mouse.up()

    assert not drawn(task).any()
    assert task.button("Undo").is_disabled()


def test_the_brush_paints_where_it_is_seen_in_a_zoomed_and_moved_view(task):
    task.page.mouse.move(*task.point(100, 100))
    task.press("+", "+", "+", "+", "+")
    task.drag((200, 150), (180, 140), button="right")
    task.press(*["["] * 8)

    task.click(190.4, 160.6)

    x, y = np.argwhere(drawn(task))[0][::-1]
    assert (x, y, counts(task)[1]) == (190, 160, 1)


# ---- polygon


def by_enter(task):
    task.press("Enter")


def by_first_corner(task):
    task.click(*SQUARE[0])


def by_double_click(task):
    task.click(*SQUARE[-1])


@pytest.mark.parametrize("close", [by_enter, by_first_corner, by_double_click])
def test_a_polygon_closes_into_exactly_its_pixels(task, close):
    polygon(task, *SQUARE)
    assert not drawn(task).any()

    close(task)

    expected = blank()
    expected[30:90, 40:140] = 1
    assert (drawn(task) == expected).all()


def test_backspace_takes_back_the_last_corner_and_escape_all(task):
    polygon(task, *SQUARE[:3], (200, 200))
    task.press("Backspace")
    task.click(*SQUARE[3])
    task.press("Enter")
    first = drawn(task)
    assert counts(task)[1] == 100 * 60

    polygon(task, (200, 200), (250, 200), (250, 250))
    task.press("Escape", "Enter")

    assert (drawn(task) == first).all()


def test_an_open_polygon_is_not_lost_by_submitting(task):
    task.click(300, 200)
    polygon(task, *SQUARE)

    task.button("Submit").click()

    assert task.frame.get_by_role("alert").filter(has_text="polygon is open").is_visible()
    assert task.messages("submit") == []
    task.press("Enter")
    assert submitted(task.answer())[60, 60] == 1


def test_two_corners_are_no_polygon(task):
    polygon(task, *SQUARE[:2])
    task.press("Enter")

    assert "needs three corners" in task.element.locator(".message").text_content()
    assert not drawn(task).any()


# ---- fill, keeping, erasing regions


def test_fill_stops_at_other_labels_and_does_not_slip_through_corners(task):
    task.press("[", "[", "[", "[", "[", "[", "[", "[", "[")
    task.drag((100.5, 0.5), (0.5, 100.5))  # a diagonal one pixel wide
    task.press("2", "g")
    task.click(10, 10)

    rows, columns = np.mgrid[0:300, 0:WIDTH]
    expected = blank()
    expected[rows + columns < 100] = 2
    expected[rows + columns == 100] = 1
    assert (drawn(task) == expected).all()


def test_keeping_other_labels_protects_them_from_every_tool(task):
    polygon(task, *SQUARE)
    task.press("Enter", "2", "l", "b")
    cats = drawn(task) == 1

    task.drag((20, 60), (160, 60))
    polygon(task, (20, 20), (160, 20), (160, 100), (20, 100))
    task.press("Enter", "g")
    task.click(90, 60)
    task.press("e")
    task.drag((90, 60), (90, 10))
    task.press("Delete")

    assert ((drawn(task) == 1) == cats).all()
    assert "kept" not in task.element.locator(".message").text_content()
    task.press("l", "e")
    task.click(90, 60)
    assert counts(task)[1] < cats.sum()


def test_delete_unlabels_the_region_under_the_pointer(task):
    polygon(task, *SQUARE)
    task.press("Enter")
    task.press("b")
    task.click(300, 200)
    task.page.mouse.move(*task.point(60, 60))

    task.press("Delete")

    assert (drawn(task) == disc(300, 200, 12)).all()
