"""Adjustment: boxes that are there already, drafts of an interrupted task, and the end of its time."""

import pytest

from tests.browser.boxes import TAG, box, boxes, template
from tests.browser.conftest import wait_until

# As AWS's own templates render it: single quotes, bare keys, trailing commas.
INITIAL = """initial-value="[ { label: 'cat', left: 40, top: 30, width: 120, height: 150, },
                              { label: 'dog', left: 200, top: 100, width: 50, height: 60, }, ]" """
PROPOSED = [box("cat", 40, 30, 120, 150), box("dog", 200, 100, 50, 60)]


@pytest.fixture
def task(mount):
    return mount(template(attributes=INITIAL), TAG)


def dashed(task) -> int:
    return task.frame.locator("svg.overlay rect.proposed").count()


def test_proposals_that_nobody_touched_are_submitted_as_they_were(task):
    assert dashed(task) == 2
    assert task.answer() == {
        "boundingBox": {
            "boundingBoxes": PROPOSED,
            "inputImageProperties": {"height": 300, "width": 400},
            "initialValueModified": False,
        }
    }


def test_a_touched_proposal_is_a_proposal_no_longer(task):
    task.click(100, 100)
    task.press("ArrowRight")

    assert dashed(task) == 1
    assert task.value()["initialValueModified"] is True
    assert boxes(task) == [box("cat", 41, 30, 120, 150), PROPOSED[1]]


def test_looking_at_proposals_does_not_modify_them(task):
    task.click(100, 100)
    task.press("]", "g", "+", "h", "h", "f", "Escape")

    assert dashed(task) == 2
    assert task.value()["initialValueModified"] is False


def test_undoing_everything_gives_the_proposals_back(task):
    task.click(100, 100)
    task.press("Delete")
    assert task.value()["initialValueModified"] is True

    task.press("Control+z")
    assert dashed(task) == 2
    assert boxes(task) == PROPOSED
    assert task.value()["initialValueModified"] is False


def test_deleting_every_proposal_needs_the_tick_as_well(task):
    task.click(100, 100)
    task.press("Delete", "]", "Delete")
    task.button("Submit").click()
    assert task.messages("submit") == []

    task.frame.get_by_label("Nothing to label").check()
    answer = task.answer()["boundingBox"]
    assert answer["boundingBoxes"] == []
    assert answer["initialValueModified"] is True


def test_an_answer_to_a_new_task_does_not_speak_of_an_initial_value(mount):
    task = mount(template(attributes='initial-value=""'), TAG)
    task.drag((40, 30), (160, 180))

    assert "initialValueModified" not in task.value()


def test_proposals_out_of_the_picture_are_cut_and_unusable_ones_are_named(mount):
    initial = """initial-value="[{label: 'cat', left: -10, top: 280, width: 60, height: 90},
        {label: 'zebra', left: 1, top: 1, width: 9, height: 9}, {label: 'cat', left: 'x'}]" """
    task = mount(template(attributes=initial), TAG)

    assert boxes(task) == [box("cat", 0, 280, 50, 20)]
    message = task.frame.get_by_role("alert").first.inner_text()
    assert message.startswith("2 of 3 proposed boxes cannot be used")


@pytest.mark.parametrize("initial", ["[{", "alert(1)", "7", "{'a': 1}"])
def test_proposals_that_cannot_be_read_are_reported_and_labeling_goes_on(mount, initial):
    task = mount(template(attributes=f'initial-value="{initial}"'), TAG)
    message = task.frame.get_by_role("alert").first.inner_text()
    assert message.startswith("The proposed labels could not be read")

    task.drag((40, 30), (160, 180))
    assert boxes(task) == [box("cat", 40, 30, 120, 150)]


def test_a_draft_comes_after_a_change_and_brings_everything_back(mount, task):
    task.click(100, 100)
    task.press("ArrowRight")
    draft = task.wait_for_message("draft")["draft"]

    again = mount(template(attributes=INITIAL), TAG)
    again.tell({"type": "restore", "draft": draft})
    expected = [box("cat", 41, 30, 120, 150), PROPOSED[1]]
    wait_until(lambda: boxes(again) == expected)
    assert again.value()["initialValueModified"] is True
    assert dashed(again) == 1
    assert again.button("Undo").is_disabled()


def test_a_draft_is_handed_over_at_once_when_asked(task):
    draft = task.draft()
    assert list(draft) == ["boundingBox"]
    assert [made["label"] for made in draft["boundingBox"]["state"]["boxes"]] == ["cat", "dog"]


def test_a_broken_draft_does_not_break_the_task(task):
    broken = [None, 7, [], {"boundingBox": 7}, {"boundingBox": {"state": {"boxes": 7}}}, {"other": {}}]
    for number, draft in enumerate(broken):
        task.tell({"type": "restore", "draft": draft})
        task.drag((300, 160 + 20 * number), (350, 170 + 20 * number))

        assert box("cat", 300, 160 + 20 * number, 50, 10) in boxes(task), draft


def test_nothing_changes_when_the_time_is_over(task):
    task.tell({"type": "locked"})
    alert = task.frame.get_by_role("alert").first
    wait_until(lambda: alert.inner_text().startswith("The time for this task is over"))
    submit = task.button("Submit")
    assert submit.is_disabled() and submit.get_attribute("title") == alert.inner_text()
    task.drag((300, 200), (350, 250))
    task.press("Escape", "]", "Delete", "Enter", "Control+Enter")

    assert boxes(task) == PROPOSED
    assert task.messages("submit") == []
