"""<crowd-semantic-segmentation>: what is shown, pictures, labels, touch, and the form around it."""

import json

import pytest

from tests.browser.masks import (
    SQUARE,
    TAG,
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


# ---- nothing, hiding, layout


def test_an_empty_mask_is_an_answer_only_when_said_so(task):
    task.button("Submit").click()
    assert "No pixel is labeled" in task.element.locator(".message").text_content()
    assert task.messages("submit") == []

    task.frame.get_by_label("Nothing to label").check()
    answer = task.answer()

    assert answer["mask"]["labelMappings"] == {}
    assert not submitted(answer).any()


def test_nothing_to_label_is_not_believed_over_a_mask(task):
    task.frame.get_by_label("Nothing to label").check()
    task.click(60, 60)
    assert not task.frame.get_by_label("Nothing to label").is_checked()
    task.frame.get_by_label("Nothing to label").check()

    task.button("Submit").click()

    assert "pixels are labeled" in task.element.locator(".message").text_content()
    assert task.messages("submit") == []


def test_a_hidden_mask_appears_again_when_it_is_changed(task):
    canvas = task.element.locator(".stage canvas")
    task.click(60, 60)
    task.press("h")
    assert not canvas.is_visible()

    task.click(90, 60)

    assert canvas.is_visible()


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
def test_the_toolbar_stays_in_one_row(mount, size):
    task = mount(template(), TAG, *size)
    tools = task.element.get_by_role("toolbar", name="Tools")
    task.button("Submit").click()  # there is a message now

    assert "No pixel is labeled" in task.element.locator(".message").text_content()
    assert tools.bounding_box()["height"] < 60
    tops = tools.evaluate("bar => [...bar.children].map(child => child.getBoundingClientRect().bottom)")
    assert max(tops) < size[1]


def test_a_mask_is_shown_in_sharp_squares_of_its_colour(task):
    task.press(*["["] * 12)
    task.page.mouse.move(*task.point(100, 100))
    task.press(*["+"] * 12)
    task.element.locator(".stage").evaluate("stage => new Promise(requestAnimationFrame)")
    scale = task.element.evaluate("element => element.viewport.scale")
    task.click(200.5, 150.5)
    shown = """element => new Promise(requestAnimationFrame).then(() => {
      const { canvas } = element.overlay;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const colours = {};
      for (let i = 0; i < data.length; i += 4) {
        const colour = data.slice(i, i + 4).join();
        colours[colour] = (colours[colour] ?? 0) + 1;
      }
      return colours;
    })"""

    colours = task.element.evaluate(shown)

    assert set(colours) == {"0,0,0,0", "31,119,180,255"}
    assert abs(colours["31,119,180,255"] ** 0.5 - scale) < 1


# ---- pictures, labels, touch


def test_masks_have_the_size_of_the_stored_picture_not_of_the_turned_one(mount):
    task = mount(template(picture="turned.jpg"), TAG)
    task.click(390, 290)

    answer = task.answer()

    assert answer["mask"]["inputImageProperties"] == {"height": 300, "width": 400}
    assert (submitted(answer) == disc(390, 290, 12)).all()


def test_hostile_label_names_stay_text(mount):
    task = mount(template('["&lt;img src=x onerror=alert(1)&gt;", "__proto__"]'), TAG)
    task.press("2")
    task.click(60, 60)
    task.answer()

    # As text: the driver of this test would lose the name on its way here.
    answer = json.loads(task.page.evaluate("JSON.stringify(messages.at(-1).answer)"))
    assert answer["mask"]["labelMappings"] == {"__proto__": {"color": "#ff7f0e"}}
    assert task.element.locator(".label img").count() == 0
    assert task.frame.get_by_role("button", name="<img src=x onerror=alert(1)>").is_visible()


def test_labels_set_later_by_a_script_are_painted_with(mount):
    task = mount(template("[]"), TAG)
    task.click(60, 60)
    assert "no labels" in task.element.locator(".message").text_content()

    task.element.evaluate("element => { element.labels = ['sky', 'sea']; }")
    task.press("2")
    task.click(60, 60)

    assert task.answer()["mask"]["labelMappings"] == {"sea": {"color": "#ff7f0e"}}


def test_labels_keep_their_pixels_when_the_list_changes(mount):
    task = mount(template(), TAG)
    task.press("2")
    task.click(60, 60)

    task.element.evaluate("element => { element.labels = ['dog', 'cow']; }")
    task.press("2")
    task.click(200, 200)

    mask = submitted(task.answer(), ("dog", "cow"))
    assert (mask == disc(60, 60, 12) * 1 + disc(200, 200, 12) * 2).all()


def test_one_finger_paints_and_two_move_the_picture(mount):
    task = mount(template(), TAG, 1024, 768, touch=True)
    session = task.page.context.new_cdp_session(task.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [task.point(*point) for point in points]
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]},
        )

    touch("touchStart", (60, 60))
    touch("touchMove", (160, 110))
    touch("touchEnd")
    painted = drawn(task)
    assert (painted == stroke((60, 60), (160, 110), 12)).all()

    before = task.element.evaluate("element => element.viewport.scale")
    touch("touchStart", (150, 150))
    touch("touchStart", (150, 150), (200, 150))
    touch("touchMove", (130, 150), (220, 150))
    touch("touchEnd")

    assert (drawn(task) == painted).all()
    assert task.element.evaluate("element => element.viewport.scale") > before


# ---- the form around it


def test_reset_goes_back_to_an_untouched_mask(mount):
    html = template().replace("</crowd-form>", '<input type="reset" value="Start again"></crowd-form>')
    task = mount(html, TAG)
    task.click(60, 60)
    polygon(task, *SQUARE)

    task.button("Start again").click()

    assert not drawn(task).any()
    assert task.button("Undo").is_disabled()


def test_a_stroke_in_progress_when_the_time_is_over_does_not_count(task):
    task.click(60, 60)
    task.page.mouse.move(*task.point(200, 200))
    task.page.mouse.down()
    task.page.mouse.move(*task.point(250, 200))
    task.tell({"type": "locked"})
    task.frame.get_by_text("time for this task is over").wait_for()
    task.page.mouse.up()
    task.click(300, 100)
    task.press("ArrowLeft", "Space", "Delete", "Control+z")

    assert (drawn(task) == disc(60, 60, 12)).all()


def test_without_its_image_the_task_says_so_and_its_controls_do_nothing(mount):
    task = mount(template(picture="none.png"), TAG)
    assert any("404" in error for error in task.errors)
    task.errors.clear()
    assert "could not be loaded" in task.element.locator(".message").text_content()

    for name in ("Eraser", "Polygon", "Fill a region", "Undo", "Hide annotations"):
        task.element.locator(f"button[aria-label='{name}']").click(force=True)
    task.frame.get_by_label("Size").fill("40")
    task.frame.get_by_label("Nothing to label").check()
    task.press("b", "]", "h", "Control+z", "ArrowLeft", "Delete")
    task.button("Submit").click()

    assert task.messages("submit") == []
    assert task.draft()["mask"]["state"] is None
