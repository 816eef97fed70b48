"""<crowd-form>: what it collects, how templates and the portal page can hold it back."""

import pytest

from tests.browser.conftest import wait_until


def form(content: str, script: str = "") -> str:
    return f"<crowd-form>{content}</crowd-form><script>{script}</script>"


def message(task) -> str:
    return task.frame.locator("footer .message").inner_text()


def test_plain_inputs_are_answered_as_ground_truth_writes_them(mount):
    task = mount(
        form("""
          <input type="hidden" name="_" value="only shown"> <input name="text" value="a">
          <input type="number" name="number" value="3"> <textarea name="area">b\nc</textarea>
          <select name="one"><option value="x">X</option><option value="y" selected>Y</option></select>
          <select name="many" multiple>
            <option selected>p</option><option>q</option><option selected>r</option></select>
          <input type="checkbox" name="tick" checked> <input type="checkbox" name="colour" value="red">
          <input type="checkbox" name="colour" value="green" checked>
          <input type="radio" name="choice" value="yes"> <input type="radio" name="choice" value="no" checked>
          <input name="off" value="z" disabled> <input type="file" name="file"> <input value="nameless">
          <input name="__proto__" value="own">
        """)
    )

    answer = task.answer()
    assert answer == {
        "text": "a",
        "number": "3",
        "area": "b\nc",
        "one": "y",
        "many": ["p", "r"],
        "tick": {"on": True},
        "colour": {"red": False, "green": True},
        "choice": {"yes": False, "no": True},
        "__proto__": "own",
    }


def test_a_form_without_a_button_gets_one_and_one_with_a_button_does_not(mount):
    task = mount(form('<input name="a">'))
    assert task.button("Submit").count() == 1

    own = mount(form('<input name="a"><crowd-button form-action="submit">Send it</crowd-button>'))
    assert own.button("Submit").count() == 0
    own.button("Send it").click()
    assert own.wait_for_message("submit")["answer"] == {"a": ""}

    plain = mount(form('<input name="a"><button type="submit">Go</button>'))
    assert plain.button("Submit").count() == 0
    plain.button("Go").click()
    assert plain.wait_for_message("submit")["answer"] == {"a": ""}


@pytest.mark.parametrize(
    "veto",
    [
        "document.querySelector('crowd-form').onsubmit = event => event.preventDefault();",
        "document.querySelector('crowd-form').onsubmit = () => false;",
        "document.querySelector('crowd-form').addEventListener('submit', event => event.preventDefault());",
    ],
)
def test_a_template_can_veto_the_submission(mount, veto):
    task = mount(form('<input name="a" value="1">', veto))
    task.button("Submit").click()
    task.tell({"type": "collect-draft"})
    task.wait_for_message("draft")  # whatever was to be said before this has been said
    assert task.messages("submit") == []

    task.frame.evaluate("document.querySelector('crowd-form').submit()")  # as after work of its own
    assert task.wait_for_message("submit")["answer"] == {"a": "1"}


def test_an_answer_is_sent_once_and_again_only_when_it_was_refused(mount):
    task = mount(form('<input name="a" value="1">'))
    task.answer()
    task.button("Submit").click()
    task.press("Control+Enter")
    task.tell({"type": "refused", "message": "the label zebra is not one of cat, dog"})
    wait_until(lambda: message(task) == "the label zebra is not one of cat, dog")
    assert len(task.messages("submit")) == 1

    task.frame.locator("input").fill("2")
    assert task.answer() == {"a": "2"}


def test_the_refusal_shows_in_the_element_that_fills_the_page(mount):
    task = mount(
        form(
            "<crowd-bounding-box name='b' src='/pictures/plain.png' labels=\"['cat']\"></crowd-bounding-box>"
        )
    )
    task.frame.get_by_label("Nothing to label").check()
    task.answer()
    task.tell({"type": "refused", "message": "no"})
    alert = task.frame.locator("crowd-bounding-box").get_by_role("alert")
    wait_until(lambda: alert.inner_text() == "no")


def test_only_the_page_around_the_frame_is_listened_to(mount):
    task = mount(form('<input name="a" value="1">'))
    task.frame.evaluate("postMessage({type: 'locked'}, '*')")

    assert task.answer() == {"a": "1"}


def test_a_template_with_a_variable_called_parent_can_be_submitted(mount):
    task = mount(form('<input name="a" value="1">', "var parent = 1, status = 2, name = 3;"))

    assert task.answer() == {"a": "1"}


def test_required_plain_inputs_hold_the_submission_back(mount):
    task = mount(form('<input name="a" required>'))
    task.button("Submit").click()
    task.frame.locator("input").fill("x")

    assert task.answer() == {"a": "x"}
    assert len(task.messages("submit")) == 1


def test_a_plain_form_inside_does_not_leave_the_page(mount):
    task = mount(form('<form><input name="a" value="1"><input type="submit" value="Go"></form>'))
    task.frame.locator("input[name=a]").press("Enter")

    assert task.wait_for_message("submit")["answer"] == {"a": "1"}


def test_a_disabled_submit_button_also_disables_the_key(mount):
    task = mount(
        form('<input name="a" value="1"><crowd-button form-action="submit" disabled>Send</crowd-button>')
    )
    task.frame.locator("input").press("Control+Enter")
    task.frame.evaluate("document.querySelector('crowd-button').click()")
    task.frame.evaluate("document.querySelector('crowd-button').disabled = false")
    task.button("Send").click()

    task.wait_for_message("submit")
    assert len(task.messages("submit")) == 1


def test_a_reset_button_brings_the_first_values_back(mount):
    task = mount(
        form(
            '<input name="a" value="1"><input type="checkbox" name="t"><crowd-input name="c" value="x">'
            "</crowd-input><crowd-slider name='s' value='7'></crowd-slider>"
            '<crowd-button form-action="reset">Start again</crowd-button>'
        )
    )
    task.frame.locator("input[name=a]").fill("2")
    task.frame.locator("input[name=t]").check()
    task.frame.locator("crowd-input input").fill("y")
    task.frame.locator("crowd-slider").evaluate("slider => { slider.value = 90; }")
    task.button("Start again").click()

    assert task.answer() == {"a": "1", "t": {"on": False}, "c": "x", "s": 7}


def test_work_in_the_frame_is_reported_and_pretended_work_is_not(mount):
    task = mount(form('<input name="a">'))
    task.frame.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true}))")
    task.tell({"type": "collect-draft"})
    task.wait_for_message("draft")
    assert task.messages("activity") == []

    task.frame.locator("input").press("x")
    task.wait_for_message("activity")
    task.frame.locator("input").press("y")
    task.tell({"type": "collect-draft"})
    task.wait_for_message("draft", 2)
    assert len(task.messages("activity")) == 1  # not more than one in five seconds


CONTROLS = """
  <input name="a"><input type="checkbox" name="t" value="x"><input type="checkbox" name="t" value="y">
  <input type="radio" name="r" value="1"><input type="radio" name="r" value="2">
  <select name="s" multiple><option>p</option><option>q</option></select>
  <crowd-input name="ci"></crowd-input><crowd-text-area name="ta"></crowd-text-area>
  <crowd-checkbox name="cc" value="red">Red</crowd-checkbox>
  <crowd-checkbox name="cc" value="green">Green</crowd-checkbox>
  <crowd-slider name="cs" min="1" max="5"></crowd-slider>
  <crowd-classifier name="k" categories="['good', 'bad']"></crowd-classifier>"""


def test_a_draft_brings_every_kind_of_input_back(mount):
    task = mount(form(CONTROLS))
    task.frame.locator("input[name=a]").fill("text")
    task.frame.locator("input[value=y]").check()
    task.frame.locator("input[value='2']").check()
    task.frame.locator("select").select_option("q")
    task.frame.locator("crowd-input input").fill("typed")
    task.frame.locator("textarea").fill("two\nlines")
    task.frame.get_by_role("checkbox", name="Green").check()
    task.frame.locator("crowd-slider").evaluate("slider => { slider.value = 4; }")
    task.frame.get_by_label("bad").check()
    draft = task.draft()
    expected = task.answer()
    assert expected["cc"] == {"red": False, "green": True}
    assert expected["cs"] == 4

    again = mount(form(CONTROLS))
    again.tell({"type": "restore", "draft": draft})
    assert again.answer() == expected


def test_a_locked_form_takes_nothing_more(mount):
    task = mount(form(CONTROLS))
    task.tell({"type": "locked"})
    wait_until(lambda: message(task).startswith("The time for this task is over"))
    submit = task.button("Submit")
    assert submit.is_disabled() and submit.get_attribute("title") == message(task)
    task.press("Control+Enter")

    assert task.messages("submit") == []
    assert task.frame.locator("input[name=a]").is_disabled()
    assert task.frame.locator("crowd-input input").is_disabled()


def test_a_locked_form_disables_the_buttons_of_its_template(mount):
    task = mount(
        form('<crowd-button form-action="submit">Send</crowd-button><button type="submit">Go</button>')
    )
    task.tell({"type": "locked"})
    wait_until(lambda: message(task).startswith("The time for this task is over"))
    assert task.button("Send").is_disabled() and task.button("Go").is_disabled()
    assert task.frame.locator("crowd-button").get_attribute("title") == message(task)


def test_the_ready_events_come_once_each_and_in_order(mount):
    script = """
      window.seen = [];
      document.addEventListener("crowd-element-ready", (event) => seen.push(event.target.localName));
      document.addEventListener("all-crowd-elements-ready", () => seen.push("all"));
    """
    task = mount(
        form(
            "<crowd-bounding-box name='b' src='/pictures/plain.png' labels='[]'></crowd-bounding-box>", script
        )
    )
    assert task.frame.evaluate("seen") == ["crowd-bounding-box", "all"]


def test_several_labeling_elements_stand_in_one_form(mount):
    one = "<crowd-bounding-box name='{0}' src='/pictures/plain.png' labels=\"['{0}']\"></crowd-bounding-box>"
    task = mount(form(one.format("a") + one.format("b")), "crowd-bounding-box[name=b]")
    task.element.scroll_into_view_if_needed()
    task.drag((40, 30), (160, 180))
    task.frame.locator("crowd-bounding-box[name=a]").get_by_label("Nothing to label").check()
    answer = task.answer()

    assert answer["a"]["boundingBoxes"] == []
    assert [made["label"] for made in answer["b"]["boundingBoxes"]] == ["b"]
