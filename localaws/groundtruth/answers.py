"""Workers' answers: what a kind of task accepts, and what a built-in consolidation of it writes.

Each crowd element that is answered with is a Kind. To offer another one, write its module and list it here.
"""

import json
from collections.abc import Sequence
from typing import Protocol

from localaws.groundtruth.boxes import BoundingBoxes
from localaws.groundtruth.problems import InvalidAnswer

EXTRA_BYTES = 64 * 1024  # of all further inputs of a template together
EXTRA_INPUTS = 100


class Kind(Protocol):
    tag: str  # the crowd element
    task_type: str  # of the built-in functions, as in PRE-BoundingBox
    manifest_type: str  # of a built-in label's metadata
    largest_answer: int  # bytes of JSON

    def check(self, value: object, labels: Sequence[str], width: int, height: int) -> None:
        """Raises InvalidAnswer."""

    def built_in_label(self, content: dict, labels: Sequence[str]) -> tuple[dict, dict]:
        """The label and the metadata that AWS writes for its own task type; raises ValueError."""


KINDS: dict[str, Kind] = {kind.tag: kind for kind in (BoundingBoxes(),)}


def check_answer(
    answer: object, kind: Kind, element: str, labels: Sequence[str], width: int, height: int
) -> None:
    """Check a whole answer: the element's value under its name, and small values of further inputs.

    Raises InvalidAnswer with a sentence that names what is wrong.
    """
    if not isinstance(answer, dict):
        raise InvalidAnswer(f"the answer must be an object with the key {element!r}")
    if element not in answer:
        raise InvalidAnswer(
            f"the answer must have the key {element!r}, the name of its {kind.tag}; it has {sorted(answer)}"
        )
    extra = {name: value for name, value in answer.items() if name != element}
    if len(extra) > EXTRA_INPUTS:
        raise InvalidAnswer(f"the answer has {len(extra)} further inputs; {EXTRA_INPUTS} are accepted")
    size = len(json.dumps(extra).encode())
    if size > EXTRA_BYTES:
        raise InvalidAnswer(f"the further inputs have {size} bytes; {EXTRA_BYTES} are accepted")
    kind.check(answer[element], labels, width, height)
