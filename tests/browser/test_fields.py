"""The small inputs, button and alert: attributes, values, and what they refuse."""

import pytest


def form(content: str) -> str:
    return f"<crowd-form>{content}</crowd-form>"


def refusal(task) -> str:
    """Submit, and the message that says why not."""
    task.button("Submit").click()
    assert task.messages("submit") == []
    return task.frame.locator("footer .message").inner_text()


def test_typed_text_is_the_answer(mount):
    task = mount(
        form(
            '<crowd-input name="first" label="First name" placeholder="Jane"></crowd-input>'
            '<crowd-text-area name="why" label="Why" rows="3" char-counter></crowd-text-area>'
        )
    )
    task.frame.get_by_label("First name").fill("Ada")
    task.frame.get_by_label("Why").fill("line one\nline two")

    assert task.frame.locator("crowd-text-area .counter").inner_text() == "17"
    assert task.answer() == {"first": "Ada", "why": "line one\nline two"}


def test_a_preset_value_is_shown_and_submitted(mount):
    task = mount(
        form(
            '<crowd-input name="a" value="one"></crowd-input>'
            '<crowd-text-area name="b" value="two"></crowd-text-area>'
        )
    )
    assert task.answer() == {"a": "one", "b": "two"}


def test_scripts_read_and_write_values_also_before_the_class_is_known(mount):
    script = """<script>document.querySelector("crowd-input").value = "early";</script>"""
    task = mount(form('<crowd-input name="a"></crowd-input>') + script, "crowd-input")
    assert task.value() == "early"

    task.element.evaluate("element => { element.value = null; }")
    assert task.value() == ""
    task.element.evaluate("element => { element.value = 5; }")
    assert task.answer() == {"a": "5"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('<crowd-input name="a" label="Tag" required></crowd-input>', "Fill in “Tag”."),
        ('<crowd-text-area name="tag" required value=" "></crowd-text-area>', "Fill in “tag”."),
        (
            '<crowd-input name="a" label="Tag" min-length="3" value="ab"></crowd-input>',
            "“Tag” needs at least 3 characters.",
        ),
        (
            '<crowd-input name="a" auto-validate allowed-pattern="[0-9]" value="4x"'
            ' error-message="Digits only"></crowd-input>',
            "Digits only",
        ),
        ('<crowd-checkbox name="a" required>Read</crowd-checkbox>', "Tick “Read”."),
        ('<crowd-slider name="much" required></crowd-slider>', "Move the slider “much”."),
    ],
)
def test_what_is_missing_is_named(mount, content, message):
    assert refusal(mount(form(content))) == message


def test_characters_that_are_not_allowed_are_not_typed(mount):
    task = mount(
        form('<crowd-input name="a" auto-validate allowed-pattern="[0-9]" max-length="3"></crowd-input>')
    )
    task.frame.locator("crowd-input input").focus()
    task.page.keyboard.type("1x2y34")

    assert task.answer() == {"a": "123"}


def test_types_of_input_are_honoured_and_unknown_ones_are_text(mount):
    task = mount(
        form(
            '<crowd-input name="n" type="number"></crowd-input>'
            '<crowd-input name="x" type="file"></crowd-input>'
        )
    )
    types = task.frame.evaluate(
        "[...document.querySelectorAll('crowd-input')].map((input) => input.control.type)"
    )
    assert types == ["number", "text"]


def test_checkboxes_of_one_name_are_one_object(mount):
    task = mount(
        form(
            '<crowd-checkbox name="colour" value="red">Red</crowd-checkbox>'
            '<crowd-checkbox name="colour" value="green" checked>Green</crowd-checkbox>'
            '<crowd-checkbox name="read">Read</crowd-checkbox>'
        )
    )
    task.frame.get_by_role("checkbox", name="Red").check()
    task.frame.get_by_role("checkbox", name="Green").press("Space")

    assert task.answer() == {"colour": {"red": True, "green": False}, "read": {"on": False}}


def test_a_slider_is_a_number_between_its_ends(mount):
    task = mount(form('<crowd-slider name="s" min="1" max="5" pin editable></crowd-slider>'), "crowd-slider")
    assert task.value() == 1
    task.frame.get_by_role("slider").press("ArrowRight")
    assert task.value() == 2
    assert task.frame.locator(".pin").inner_text() == "2"
    task.frame.get_by_role("spinbutton").fill("9")

    assert task.answer() == {"s": 5}


def test_a_disabled_input_is_not_part_of_the_answer(mount):
    task = mount(
        form(
            '<crowd-input name="a" value="1" disabled></crowd-input>'
            '<crowd-checkbox name="b" disabled>B</crowd-checkbox><crowd-input name="c" disabled="false">'
            "</crowd-input>"
        )
    )
    assert task.answer() == {"c": ""}


def test_a_button_tells_its_template_and_not_when_it_is_off(mount):
    script = """<script>window.pressed = 0;
      document.querySelector("crowd-button").onclick = () => pressed++;</script>"""
    task = mount(form('<crowd-button variant="link">Add</crowd-button>') + script, "crowd-button")
    task.button("Add").click()
    task.button("Add").press("Enter")
    assert task.frame.evaluate("pressed") == 2

    for state in ("disabled", "loading"):
        task.element.evaluate("(element, state) => { element[state] = true; }", state)
        assert task.button("Add").is_disabled()
        task.element.evaluate("element => element.click()")
        task.element.evaluate("(element, state) => { element[state] = false; }", state)
    assert task.frame.evaluate("pressed") == 2


def test_an_alert_has_its_role_and_can_be_closed(mount):
    task = mount(
        form('<crowd-alert type="error" dismissible>Too small</crowd-alert><crowd-alert>Hello</crowd-alert>')
    )
    roles = "[...document.querySelectorAll('crowd-alert')].map((a) => a.shadowRoot.firstChild.role)"
    assert task.frame.evaluate(roles) == ["alert", "status"]
    assert task.frame.get_by_text("Too small").is_visible()

    task.button("Close the message").click()
    assert task.frame.locator("crowd-alert").all_inner_texts() == ["Hello"]


def test_an_alert_that_a_template_writes_later_works_too(mount):
    task = mount(form('<div id="box"></div>'))
    task.frame.evaluate("box.innerHTML = '<crowd-alert type=\"warning\" dismissible>Late</crowd-alert>'")

    assert task.frame.get_by_text("Late").is_visible()
    assert task.button("Close the message").is_visible()
