"""<crowd-bounding-box> with the mouse; every value is compared exactly."""

import pytest

from tests.browser.boxes import TAG, box, boxes, template


@pytest.fixture
def task(mount):
    return mount(template(), TAG)


def test_a_dragged_box_is_submitted_as_ground_truth_writes_it(task):
    task.drag((40, 30), (160, 180))

    assert task.answer() == {
        "boundingBox": {
            "boundingBoxes": [box("cat", 40, 30, 120, 150)],
            "inputImageProperties": {"height": 300, "width": 400},
        }
    }


def test_a_box_drawn_out_over_the_edge_ends_at_the_edge(task):
    task.drag((350, 250), (430, 340))
    task.press("Escape")
    task.drag((50, 50), (-30, -30))

    assert boxes(task) == [box("cat", 350, 250, 50, 50), box("cat", 0, 0, 50, 50)]


def test_a_box_begun_outside_the_picture_begins_at_its_edge(task):
    task.drag((-5, 100), (60, 200))

    assert boxes(task) == [box("cat", 0, 100, 60, 100)]


def test_a_box_is_drawn_inside_another_one(task):
    task.drag((20, 20), (300, 280))
    task.press("Escape")
    task.drag((100, 100), (150, 160))

    assert boxes(task) == [box("cat", 20, 20, 280, 260), box("cat", 100, 100, 50, 60)]


def test_alt_draws_where_the_selected_box_would_be_moved(task):
    task.drag((20, 20), (300, 280))
    task.page.keyboard.down("Alt")
    task.drag((100, 100), (150, 160))
    task.page.keyboard.up("Alt")

    assert boxes(task) == [box("cat", 20, 20, 280, 260), box("cat", 100, 100, 50, 60)]


def test_a_click_draws_nothing(task):
    task.click(100, 100)

    assert boxes(task) == []


def test_a_press_of_another_label_relabels_the_selected_box(task):
    task.drag((40, 30), (160, 180))
    task.button("dog").click()

    assert boxes(task) == [box("dog", 40, 30, 120, 150)]


def test_a_selected_box_is_moved_and_stays_in_the_picture(task):
    task.drag((40, 30), (160, 180))
    task.drag((100, 100), (130, 120))
    assert boxes(task) == [box("cat", 70, 50, 120, 150)]

    task.drag((130, 120), (430, 350))
    assert boxes(task) == [box("cat", 280, 150, 120, 150)]


def test_a_box_is_resized_by_its_handles(task):
    task.drag((100, 100), (200, 200))
    task.drag((200, 200), (260, 250))
    assert boxes(task) == [box("cat", 100, 100, 160, 150)]

    task.drag((100, 175), (60, 170))
    assert boxes(task) == [box("cat", 60, 100, 200, 150)]

    task.drag((60, 100), (280, 270))  # over the opposite corner: it turns over
    assert boxes(task) == [box("cat", 260, 250, 20, 20)]


def test_the_smallest_box_under_the_pointer_is_selected(task):
    task.drag((20, 20), (300, 280))
    task.press("Escape")
    task.drag((100, 100), (150, 160))
    task.press("Escape")
    task.click(120, 120)
    task.press("Delete")

    assert boxes(task) == [box("cat", 20, 20, 280, 260)]


def test_undo_and_redo_have_buttons_and_go_through_every_change(task):
    assert task.button("Undo").is_disabled()
    task.drag((40, 30), (160, 180))
    task.press("2")
    task.button("Delete").click()

    task.button("Undo").click()
    assert boxes(task) == [box("dog", 40, 30, 120, 150)]
    task.button("Undo").click()
    assert boxes(task) == [box("cat", 40, 30, 120, 150)]
    task.button("Undo").click()
    assert boxes(task) == []
    assert task.button("Undo").is_disabled()
    for _ in range(3):
        task.button("Redo").click()
    assert boxes(task) == []
    task.press("Control+z", "Control+z", "Control+Shift+z")
    assert boxes(task) == [box("dog", 40, 30, 120, 150)]


def test_a_drawing_stays_exact_when_zoomed_at_the_pointer(task):
    task.page.mouse.move(*task.point(200, 150))
    before = task.point(200, 150)
    task.page.mouse.wheel(0, -600)
    assert task.point(200, 150) == pytest.approx(before, abs=0.5)
    assert task.frame.locator(".zoom").inner_text() != "223 %"

    task.drag((190, 140), (210, 161))
    assert boxes(task) == [box("cat", 190, 140, 20, 21)]


@pytest.mark.parametrize("button", ["right", "middle"])
def test_the_right_and_the_middle_button_move_the_picture_and_draw_nothing(task, button):
    x, y = task.point(100, 100)
    task.drag((100, 100), (140, 130), button=button)

    assert task.point(100, 100) != pytest.approx((x, y), abs=5)
    assert boxes(task) == []


def test_space_makes_the_left_button_move_the_picture(task):
    x, y = task.point(100, 100)
    task.page.keyboard.down("Space")
    task.page.mouse.move(x, y)
    task.page.mouse.down()
    task.page.mouse.move(x + 50, y - 40)
    task.page.mouse.up()
    task.page.keyboard.up("Space")
    assert task.point(100, 100) == pytest.approx((x + 50, y - 40), abs=0.5)
    assert boxes(task) == []

    task.drag((100, 100), (150, 150))
    assert boxes(task) == [box("cat", 100, 100, 50, 50)]


def test_the_crosshair_follows_the_pointer_and_leaves_with_it(task):
    task.page.mouse.move(*task.point(200, 150))
    assert task.frame.locator("svg.overlay line").count() == 4

    task.page.mouse.move(5, 5)
    assert task.frame.locator("svg.overlay line").count() == 0


def test_hiding_hides_all_boxes_and_a_new_one_shows_them_again(task):
    task.drag((40, 30), (160, 180))
    task.button("Hide annotations").click()
    assert task.frame.locator("svg.overlay rect").count() == 0
    assert len(boxes(task)) == 1

    task.drag((200, 200), (250, 250))
    assert task.frame.locator("svg.overlay rect.drawn").count() == 2


def test_an_empty_answer_is_refused_until_nothing_to_label_is_ticked(task):
    task.button("Submit").click()
    message = "Nothing is labeled yet. Draw a box, or tick “Nothing to label”."
    assert task.frame.get_by_role("alert").first.inner_text() == message
    assert task.messages("submit") == []

    task.frame.get_by_label("Nothing to label").check()
    assert task.answer() == {
        "boundingBox": {"boundingBoxes": [], "inputImageProperties": {"height": 300, "width": 400}}
    }


def test_drawing_takes_the_tick_away(task):
    task.frame.get_by_label("Nothing to label").check()
    task.drag((40, 30), (160, 180))

    assert not task.frame.get_by_label("Nothing to label").is_checked()


def test_a_turned_photograph_is_labeled_in_the_pixels_of_its_file(mount):
    task = mount(template(picture="turned.jpg"), TAG)
    task.drag((40, 30), (160, 180))

    assert task.value() == {
        "boundingBoxes": [box("cat", 40, 30, 120, 150)],
        "inputImageProperties": {"height": 300, "width": 400},
    }


def test_labels_beyond_ten_have_colours_of_their_own(mount):
    labels = [f"label {number}" for number in range(50)]
    task = mount(template(labels=labels), TAG)
    colours = task.element.evaluate(
        "element => [...element.shadowRoot.querySelectorAll('.label .swatch')].map((swatch) => "
        "getComputedStyle(swatch).backgroundColor)"
    )
    assert len(set(colours)) == 50

    task.button("label 49").click()
    task.drag((40, 30), (160, 180))
    assert boxes(task) == [box("label 49", 40, 30, 120, 150)]


def test_a_picture_that_does_not_load_cannot_be_submitted(mount):
    task = mount(template(picture="missing.png"), TAG)
    task.errors.clear()  # the browser's own, about the picture
    task.button("Submit").click()

    assert "The image could not be loaded" in task.frame.get_by_role("alert").first.inner_text()
    assert task.messages("submit") == []


def test_a_hostile_label_is_text_and_nothing_else(mount):
    hostile = '"><img src=x onerror="parent.postMessage({type:`owned`}, `*`)"><script>alert(1)</script>'
    task = mount(template(labels=[hostile, "__proto__"]), TAG)
    task.drag((40, 30), (160, 180))
    assert boxes(task) == [box(hostile, 40, 30, 120, 150)]

    task.press("2")
    assert boxes(task) == [box("__proto__", 40, 30, 120, 150)]
    assert task.element.locator("img").count() == 1
    assert task.messages("owned") == []


def test_labels_can_be_read_and_replaced_by_the_template(mount):
    task = mount(template(), TAG)
    assert task.element.evaluate("element => element.labels") == ["cat", "dog"]

    task.element.evaluate("element => { element.labels = ['bird']; }")
    task.drag((40, 30), (160, 180))
    assert boxes(task) == [box("bird", 40, 30, 120, 150)]


def test_labels_set_before_the_element_is_known_are_kept(mount):
    early = "<script>document.querySelector('crowd-bounding-box').labels = ['early'];</script>"
    task = mount(template() + early, TAG)
    task.drag((40, 30), (160, 180))

    assert boxes(task) == [box("early", 40, 30, 120, 150)]


def test_a_template_finds_the_place_of_the_picture(task):
    place = task.element.evaluate(
        """element => { const {x, y, width} = element.shadowRoot.querySelector("canvas.upper-canvas")
          .getBoundingClientRect(); return [x, y, width]; }"""
    )
    picture = task.element.locator("img").evaluate(
        "image => { const {x, y, width} = image.getBoundingClientRect(); return [x, y, width]; }"
    )
    assert place == pytest.approx(picture, abs=0.5)


def test_full_instructions_open_in_a_dialog_and_short_ones_stand_beside(task):
    assert task.frame.get_by_text("Box every animal.").is_visible()
    assert not task.frame.get_by_text("As tight as you can.").is_visible()

    task.button("View full instructions").click()
    assert task.frame.get_by_role("dialog", name="Boxes").is_visible()
    assert task.frame.get_by_text("As tight as you can.").is_visible()
    task.press("Escape")
    assert not task.frame.get_by_text("As tight as you can.").is_visible()

    task.button("Show the short instructions").click()
    assert not task.frame.get_by_text("Box every animal.").is_visible()


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (1024, 768)])
def test_nothing_is_cut_off_at_the_usual_sizes(mount, size):
    task = mount(template(labels=[f"label {number}" for number in range(12)]), TAG, *size)

    assert task.frame.evaluate(
        "() => document.documentElement.scrollWidth <= innerWidth"
        " && document.documentElement.scrollHeight <= innerHeight"
    )
    button = task.button("Submit").bounding_box()
    assert button["x"] + button["width"] <= size[0]
    assert button["y"] + button["height"] <= size[1]
