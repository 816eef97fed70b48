"""Masks that are given to be corrected (initial-value), and drafts: both must come back as they were."""

import io
import json
import re
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import wait_until
from tests.browser.masks import COLOURS, TAG, blank, counts, disc, drawn, mask_png, submitted, template

SRC = "/pictures/proposal.png"


def proposed(src: str = SRC, labels: str = '["cat", "dog", "bird"]', **mappings: str) -> str:
    """A task with a proposal, written as Ground Truth's templates write it."""
    colours = " ".join(f"'{label}': {{'color': '{colour}'}}," for label, colour in mappings.items())
    value = f"{{'src': '{src}', 'labelMappings': {{{colours}}}}}"
    return template(labels, f'initial-value="{value}"')


@pytest.fixture
def proposal(pictures) -> np.ndarray:
    """A mask with all three labels, under SRC in the palette's colours."""
    mask = blank()
    mask[20:120, 30:200] = 1
    mask[100:200, 150:300] = 2
    mask[250:, :] = 3
    pictures["proposal.png"] = mask_png(mask, COLOURS)
    return mask


PALETTE = dict(zip(("cat", "dog", "bird"), COLOURS, strict=True))


def message(task) -> str:
    return task.element.locator(".message").text_content()


def test_an_unchanged_proposal_is_answered_pixel_by_pixel(mount, proposal):
    task = mount(proposed(**PALETTE), TAG)

    answer = task.answer()

    assert (submitted(answer) == proposal).all()
    assert answer["mask"]["initialValueModified"] is False
    assert answer["mask"]["labelMappings"] == {label: {"color": colour} for label, colour in PALETTE.items()}


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA"])
def test_consolidated_masks_come_back_in_their_own_colours(mount, pictures, proposal, mode):
    colours = ["#2acf59", "#f0b4d2", "#010203"]  # of Ground Truth's consolidation, not of the palette
    pictures["proposal.png"] = mask_png(proposal, colours, mode)
    task = mount(proposed(cat=colours[0].upper(), dog=colours[1], bird=colours[2], BACKGROUND="#ffffff"), TAG)

    answer = task.answer()

    assert (submitted(answer) == proposal).all()
    assert answer["mask"]["labelMappings"]["dog"] == {"color": "#f0b4d2"}


def test_a_gamma_in_the_file_does_not_turn_one_label_into_another(mount, pictures, proposal):
    plain = mask_png(proposal, COLOURS)
    chunk = b"gAMA" + (100_000).to_bytes(4, "big")  # linear light: managed colours would be far brighter
    whole = (4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    pictures["proposal.png"] = plain[:33] + whole + plain[33:]  # after signature and header
    assert Image.open(io.BytesIO(pictures["proposal.png"])).info["gamma"] == 1.0

    task = mount(proposed(**PALETTE), TAG)

    assert (drawn(task) == proposal).all()


def test_a_corrected_proposal_says_so_until_it_is_undone(mount, proposal):
    task = mount(proposed(**PALETTE), TAG)

    task.click(350, 50)
    assert task.value()["initialValueModified"] is True
    task.press("Control+z")
    assert task.value()["initialValueModified"] is False
    task.press("Control+Shift+Z")

    answer = task.answer()
    assert answer["mask"]["initialValueModified"] is True
    proposal[disc(350, 50, 12)] = 1
    assert (submitted(answer) == proposal).all()


def test_what_is_only_proposed_looks_different_from_what_was_painted(mount, proposal):
    task = mount(proposed(**PALETTE), TAG)
    task.click(350, 50)
    opacities = """async (element, [x, y]) => {
      await new Promise(requestAnimationFrame);
      const { left, top } = element.viewport.toStage({ left: x, top: y, width: 0, height: 0 });
      const context = element.overlay.canvas.getContext("2d");
      const { data } = context.getImageData(left - 5, top - 5, 10, 10);
      return [...new Set(data.filter((_, i) => i % 4 === 3))].sort();
    }"""

    assert len(task.element.evaluate(opacities, [100, 60])) == 2
    assert task.element.evaluate(opacities, [350, 50]) == [255]
    assert "as proposed" in task.element.locator(".side").text_content()


def test_two_labels_never_share_a_colour(mount, pictures, proposal):
    dogs = np.where(proposal == 2, 2, 0).astype(np.uint8)
    pictures["proposal.png"] = mask_png(dogs, ["#000000", COLOURS[0]])
    task = mount(proposed(dog=COLOURS[0]), TAG)  # the colour that "cat" would have had
    task.click(350, 50)

    answer = task.answer()

    assert (submitted(answer) == dogs + disc(350, 50, 12)).all()


# ---- proposals that cannot be taken as they are


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (proposed("", **PALETTE), "src must be the address of a PNG"),
        (proposed(), "40 x 30 pixels, the image 400 x 300"),
        (proposed("/pictures/none.png", **PALETTE), "its picture cannot be loaded"),
        (proposed(cat="blue"), 'labelMappings gives "cat" .*blue.* is expected'),
        (proposed(cat="#1f77b4", dog="#1F77B4"), '"cat" and "dog" the same colour #1f77b4'),
        (template(attributes=f"initial-value='{{src: \"{SRC}\"}}'"), "labelMappings must be an object"),
        (template(attributes="initial-value='{src'"), "proposed labels could not be read"),
    ],
)
def test_a_proposal_that_cannot_be_read_is_named_and_the_task_can_be_done(mount, pictures, html, expected):
    pictures["proposal.png"] = mask_png(np.zeros((30, 40), np.uint8), COLOURS)
    task = mount(html, TAG)
    task.errors[:] = [error for error in task.errors if "404" not in error]

    assert re.search(expected, message(task))
    task.click(60, 60)

    assert (submitted(task.answer()) == disc(60, 60, 12)).all()


def test_colours_that_no_label_has_are_counted_and_not_hidden(mount, pictures, proposal):
    pictures["proposal.png"] = mask_png(proposal, COLOURS)
    task = mount(proposed(cat=COLOURS[0], bird=COLOURS[2]), TAG)

    assert f"{(proposal == 2).sum()} pixels" in message(task)
    assert 2 not in counts(task)


def test_a_proposed_label_that_the_task_does_not_have_must_be_resolved(mount, pictures):
    mask = blank()
    mask[20:120, 30:200] = 1
    mask[200:, :] = 2
    pictures["proposal.png"] = mask_png(mask, ["#1f77b4", "#00ff00"])
    task = mount(proposed(labels='["cat"]', cat="#1f77b4", cow="#00ff00"), TAG)

    task.button("Submit").click()
    assert "does not have: cow" in message(task)
    assert task.messages("submit") == []
    task.page.mouse.move(*task.point(200, 250))
    task.press("Delete")

    assert (submitted(task.answer(), ("cat",)) == (mask == 1)).all()


# ---- drafts


def draft_of(task) -> dict:
    before = len(task.messages("draft"))
    task.tell({"type": "collect-draft"})
    return task.wait_for_message("draft", before + 1)["draft"]


def restored(task, draft: dict):
    task.tell({"type": "restore", "draft": draft})
    return task


def test_a_draft_brings_back_mask_open_polygon_and_what_was_modified(mount, proposal):
    task = mount(proposed(**PALETTE), TAG)
    task.press("2")
    task.drag((310, 40), (380, 120))
    task.press("p")
    for corner in [(40, 30), (140, 30), (140, 90)]:
        task.click(*corner)
    before = drawn(task)
    draft = draft_of(task)
    assert len(json.dumps(draft)) < 4_000

    task = restored(mount(proposed(**PALETTE), TAG), draft)

    wait_until(lambda: (drawn(task) == before).all())
    assert task.value()["initialValueModified"] is True
    task.press("p")
    task.click(40, 90)
    task.press("Enter")
    assert drawn(task)[31, 41] == 1


def test_a_draft_knows_labels_by_name_not_by_place(mount):
    task = mount(template(), TAG)
    task.press("3")
    task.click(60, 60)
    draft = draft_of(task)

    task = restored(mount(template('["bird", "cat"]'), TAG), draft)

    wait_until(lambda: drawn(task).any())
    assert (submitted(task.answer(), ("bird", "cat")) == disc(60, 60, 12)).all()


def test_a_change_makes_a_draft_by_itself(mount):
    task = mount(template(), TAG)
    task.click(60, 60)

    assert task.wait_for_message("draft")["draft"]["mask"]["modified"] is True


@pytest.mark.parametrize(
    "state",
    [
        {"mask": {"names": ["cat"], "pixels": "bm90IGEgbWFzaw=="}, "corners": []},
        {"mask": {"names": ["cat"], "pixels": "eJwDAAAAAAE="}, "corners": []},  # no pixel
        {"corners": []},
    ],
    ids=["not compressed", "another size", "no mask"],
)
def test_a_broken_draft_is_named_and_leaves_the_task_usable(mount, state):
    task = restored(mount(template(), TAG), {"mask": {"nothing": False, "modified": True, "state": state}})

    wait_until(lambda: "draft could not be read" in message(task))
    task.click(60, 60)

    assert (submitted(task.answer()) == disc(60, 60, 12)).all()
