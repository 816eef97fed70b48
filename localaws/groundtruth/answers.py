"""Workers' answers: the crowd elements that they answer with, and what is accepted of each.

To offer another element, write its module and list it here; what AWS writes of its answers is a task type.
"""

import json
from collections.abc import Sequence
from typing import Protocol

from localaws.groundtruth.boxes import BoundingBoxes
from localaws.groundtruth.classifications import Classifier, ImageClassifier
from localaws.groundtruth.masks import Masks
from localaws.groundtruth.problems import InvalidAnswer

EXTRA_BYTES = 64 * 1024  # of all further inputs of a template together
EXTRA_INPUTS = 100


class Element(Protocol):
    """How workers answer. ``width`` and ``height`` are None where ``needs_image`` is false."""

    tag: str
    attributes: tuple[str, ...]  # without which it makes no task; ``name`` is the key of its answer
    choices: str | None  # the attribute that lists what workers choose from
    needs_image: bool
    largest_answer: int  # bytes of JSON

    def check(self, value: object, labels: Sequence[str], width: int | None, height: int | None) -> None:
        """Raises InvalidAnswer."""


class PlainForm:
    """A form of inputs only: all of its answer is further inputs, which its owner's function understands."""

    tag = "crowd-form"
    attributes = ()
    choices = None
    needs_image = False
    largest_answer = 0

    def check(self, value: object, labels: Sequence[str], width: int | None, height: int | None) -> None:
        """It has no value of its own."""


PLAIN_FORM = PlainForm.tag
ELEMENTS: dict[str, Element] = {
    element.tag: element
    for element in (BoundingBoxes(), Masks(), Classifier(), ImageClassifier(), PlainForm())
}
# Every task stands in a crowd-form; these say more.
ANNOTATING = tuple(tag for tag in ELEMENTS if tag != PLAIN_FORM)
LARGEST_ANSWER = max(element.largest_answer for element in ELEMENTS.values()) + EXTRA_BYTES


def check_answer(
    answer: object,
    element: Element,
    name: str,
    labels: Sequence[str],
    width: int | None,
    height: int | None,
) -> None:
    """Check a whole answer: the element's value under its name, and small values of further inputs.

    Raises InvalidAnswer with a sentence that names what is wrong.
    """
    if not isinstance(answer, dict):
        expected = f" with the key {name!r}" if "name" in element.attributes else ""
        raise InvalidAnswer(f"the answer must be an object{expected}, not {type(answer).__name__}")
    further = dict(answer)
    if "name" in element.attributes:
        if name not in answer:
            raise InvalidAnswer(
                f"the answer must have the key {name!r}, the name of its {element.tag}; "
                f"it has {sorted(answer)}"
            )
        element.check(further.pop(name), labels, width, height)
    if len(further) > EXTRA_INPUTS:
        raise InvalidAnswer(f"the answer has {len(further)} further inputs; {EXTRA_INPUTS} are accepted")
    size = len(json.dumps(further).encode())
    if size > EXTRA_BYTES:
        raise InvalidAnswer(f"the further inputs have {size} bytes; {EXTRA_BYTES} are accepted")
