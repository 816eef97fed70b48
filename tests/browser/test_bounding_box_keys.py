"""<crowd-bounding-box> with the keyboard alone, and what a screen reader is told."""

import pytest

from tests.browser.boxes import TAG, box, boxes, template


@pytest.fixture
def task(mount):
    return mount(template(), TAG)


def focused(task) -> str:
    return task.element.evaluate(
        "element => element.shadowRoot.activeElement?.getAttribute('aria-label') ?? ''"
    )


def test_a_task_is_done_without_a_mouse(task):
    task.press("2", "Enter", "Control+Enter")

    answer = task.wait_for_message("submit")["answer"]
    [made] = answer["boundingBox"]["boundingBoxes"]
    assert made["label"] == "dog"
    assert 0 < made["left"] < 200 < made["left"] + made["width"] < 400  # in the middle of the view
    assert 0 < made["top"] < 150 < made["top"] + made["height"] < 300


def test_digits_choose_labels_and_zero_is_the_tenth(mount):
    task = mount(template(labels=[f"label {number}" for number in range(1, 12)]), TAG)
    for key, label in (("1", "label 1"), ("9", "label 9"), ("0", "label 10")):
        task.press(key)
        assert (
            task.frame.get_by_role("button", name=label, exact=True).get_attribute("aria-pressed") == "true"
        )


def test_a_digit_without_a_label_changes_nothing(task):
    task.drag((40, 30), (160, 180))
    task.press("7")

    assert boxes(task) == [box("cat", 40, 30, 120, 150)]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["ArrowLeft"], box("cat", 39, 30, 120, 150)),
        (["ArrowDown", "ArrowDown"], box("cat", 40, 32, 120, 150)),
        (["Shift+ArrowRight"], box("cat", 50, 30, 120, 150)),
        (["Shift+ArrowUp"] * 4, box("cat", 40, 0, 120, 150)),  # not out of the picture
        (["Alt+ArrowRight", "Alt+ArrowDown"], box("cat", 40, 30, 121, 151)),
        (["Alt+ArrowLeft", "Alt+ArrowUp"], box("cat", 40, 30, 119, 149)),
        (["Alt+Shift+ArrowLeft", "Alt+Shift+ArrowUp"], box("cat", 39, 29, 121, 151)),
        (["Alt+Shift+ArrowRight", "Alt+Shift+ArrowDown"], box("cat", 41, 31, 119, 149)),
    ],
)
def test_arrows_move_a_box_and_its_edges(task, keys, expected):
    task.drag((40, 30), (160, 180))
    task.press(*keys)

    assert boxes(task) == [expected]


def test_a_box_is_never_made_smaller_than_a_pixel(task):
    task.drag((40, 30), (43, 33))
    task.press(*["Alt+ArrowLeft"] * 5, *["Alt+Shift+ArrowDown"] * 5)

    assert boxes(task) == [box("cat", 40, 32, 1, 1)]


def test_brackets_go_round_the_boxes(task):
    task.drag((40, 30), (90, 80))
    task.press("Escape")
    task.drag((200, 100), (250, 150))
    task.press("]", "ArrowRight")
    assert boxes(task) == [box("cat", 41, 30, 50, 50), box("cat", 200, 100, 50, 50)]

    task.press("[", "ArrowLeft")
    assert boxes(task) == [box("cat", 41, 30, 50, 50), box("cat", 199, 100, 50, 50)]


def test_a_box_is_duplicated_and_deleted(task):
    task.drag((40, 30), (90, 80))
    task.press("Control+d")
    assert boxes(task) == [box("cat", 40, 30, 50, 50), box("cat", 50, 40, 50, 50)]

    task.press("Backspace")
    assert boxes(task) == [box("cat", 40, 30, 50, 50)]


def test_escape_stops_a_drawing(task):
    task.page.mouse.move(*task.point(40, 30))
    task.page.mouse.down()
    task.page.mouse.move(*task.point(90, 80))
    task.press("Escape")
    task.page.mouse.move(*task.point(120, 120))
    task.page.mouse.up()

    assert boxes(task) == []
    assert task.button("Undo").is_disabled()


def test_keys_during_a_drag_do_not_change_another_box(task):
    task.drag((40, 30), (90, 80))
    task.page.mouse.move(*task.point(200, 100))
    task.page.mouse.down()
    task.page.mouse.move(*task.point(250, 150))
    task.press("2", "Delete", "ArrowLeft")
    task.page.mouse.up()

    assert boxes(task) == [box("cat", 40, 30, 50, 50), box("dog", 200, 100, 50, 50)]


def test_zoom_keys_fit_and_go_to_the_box(task):
    zoom = task.frame.locator(".zoom")
    fitted = zoom.inner_text()
    task.press("+", "+")
    assert zoom.inner_text() != fitted
    task.press("f")
    assert zoom.inner_text() == fitted

    task.drag((40, 30), (60, 50))
    task.press("g")
    stage = task.frame.locator(".stage").bounding_box()
    middle = (stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2)
    assert task.point(50, 40) == pytest.approx(middle, abs=1)


def test_hide_has_a_key_and_says_so(task):
    task.drag((40, 30), (160, 180))
    task.press("h")
    assert task.button("Hide annotations").get_attribute("aria-pressed") == "true"
    assert task.frame.get_by_role("status").inner_text() == "Boxes hidden"

    task.press("h")
    assert task.button("Hide annotations").get_attribute("aria-pressed") == "false"


def test_a_screen_reader_hears_what_happens(task):
    heard = task.frame.get_by_role("status")
    task.drag((40, 30), (160, 180))
    assert heard.inner_text() == "cat added, 1 in all"
    task.press("2")
    assert heard.inner_text() == "Label dog"
    task.press("Escape", "]")
    assert heard.inner_text() == "dog, box 1 of 1, 120 by 150 pixels at 40, 30"
    task.press("Delete")
    assert heard.inner_text() == "dog deleted, 0 left"
    task.press("Control+z")
    assert heard.inner_text() == "Undone"


def test_the_stage_has_the_focus_first_and_is_named_for_screen_readers(task):
    assert focused(task).startswith("Box the animals. Drag to draw a box, or press Enter")
    stage = task.frame.get_by_role("application")
    assert stage.evaluate("stage => getComputedStyle(stage).outlineStyle") == "solid"


def test_the_question_mark_lists_the_keys_and_escape_goes_back(task):
    task.press("?")
    dialog = task.frame.get_by_role("dialog", name="Keyboard and pointer")
    assert dialog.get_by_text("New box in the middle of the view").is_visible()

    task.press("Delete", "Escape")
    assert not dialog.is_visible()


def test_a_pressed_label_button_keeps_the_focus(task):
    task.frame.get_by_role("button", name="dog", exact=True).focus()
    task.press("Enter")

    assert task.element.evaluate("element => element.shadowRoot.activeElement.textContent") == "dog2"
    assert boxes(task) == []  # Enter pressed the button and made no box


def test_a_button_that_becomes_disabled_hands_the_focus_to_the_stage(task):
    task.drag((40, 30), (160, 180))
    task.button("Undo").focus()
    task.press("Enter", "Enter")  # the second Enter makes a box on the stage

    assert len(boxes(task)) == 1
    assert focused(task).startswith("Box the animals")


def test_typing_in_an_input_draws_and_deletes_nothing(mount):
    more = '<crowd-input name="more" label="More"></crowd-input>'
    task = mount(template().replace("</crowd-form>", f"{more}</crowd-form>"), TAG)
    task.drag((40, 30), (160, 180))
    task.frame.get_by_label("More").focus()
    task.page.keyboard.type("2h?")
    task.press("Backspace", "Enter")

    assert boxes(task) == [box("cat", 40, 30, 120, 150)]
    assert task.answer() == {"boundingBox": task.value(), "more": "2h"}


def test_the_empty_answer_puts_the_focus_on_the_tick(task):
    task.press("Control+Enter")
    task.press("Space", "Control+Enter")

    assert task.wait_for_message("submit")["answer"]["boundingBox"]["boundingBoxes"] == []
