"""Classifications: answers of <crowd-classifier> and <crowd-image-classifier>.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-image-classifier.html
"""

from collections.abc import Sequence

from localaws.groundtruth.problems import InvalidAnswer

LONGEST_COMMENT = 4_000  # characters


class Classifier:
    tag = "crowd-classifier"
    attributes = ("name", "categories")
    choices = "categories"
    needs_image = False
    largest_answer = 16 * 1024
    fields = ("label",)

    def check(self, value: object, labels: Sequence[str], width: int | None, height: int | None) -> None:
        """An answer is ``{"label": "dog"}``. Raises InvalidAnswer."""
        if not isinstance(value, dict) or not {"label"} <= set(value) <= set(self.fields):
            found = sorted(value) if isinstance(value, dict) else type(value).__name__
            raise InvalidAnswer(f"a {self.tag} answers with {' and '.join(self.fields)}, not with {found}")
        if value["label"] not in labels:
            raise InvalidAnswer(f"the label is {value['label']!r}; this job's are {list(labels)}")


class ImageClassifier(Classifier):
    """A comment, which its region <worker-comment> asks for, comes beside the label; without one, nothing."""

    tag = "crowd-image-classifier"
    attributes = ("name", "categories", "src")
    needs_image = True
    fields = ("label", "workerComment")

    def check(self, value: object, labels: Sequence[str], width: int | None, height: int | None) -> None:
        super().check(value, labels, width, height)
        comment = value.get("workerComment", "")
        if not isinstance(comment, str):
            raise InvalidAnswer(f"workerComment must be a text, not {type(comment).__name__}")
        if len(comment) > LONGEST_COMMENT:
            raise InvalidAnswer(
                f"workerComment has {len(comment)} characters; {LONGEST_COMMENT} are accepted"
            )
