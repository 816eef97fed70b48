"""Bounding boxes: answers of <crowd-bounding-box>.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-bounding-box.html
"""

from collections.abc import Sequence

from localaws.groundtruth.image_answers import check_fields, check_size
from localaws.groundtruth.problems import InvalidAnswer

MOST_BOXES = 5_000
FIELDS = ("height", "label", "left", "top", "width")


class BoundingBoxes:
    tag = "crowd-bounding-box"
    attributes = ("name", "src", "labels")
    choices = "labels"
    needs_image = True
    largest_answer = 4 * 2**20

    def check(self, value: object, labels: Sequence[str], width: int | None, height: int | None) -> None:
        """An answer is ``{"boundingBoxes": [...], "inputImageProperties": {"height", "width"}}`` in pixels of
        the stored image, whatever its EXIF orientation. Raises InvalidAnswer."""
        check_fields(value, self.tag, {"boundingBoxes", "inputImageProperties"})
        check_size(value["inputImageProperties"], width, height)
        boxes = value["boundingBoxes"]
        if not isinstance(boxes, list):
            raise InvalidAnswer("boundingBoxes must be a list")
        if len(boxes) > MOST_BOXES:
            raise InvalidAnswer(f"there are {len(boxes)} boxes; {MOST_BOXES} are accepted")
        for number, box in enumerate(boxes, 1):
            self._check_box(f"box {number}", box, labels, width, height)

    def _check_box(self, name: str, box: object, labels: Sequence[str], width: int, height: int) -> None:
        if not isinstance(box, dict) or set(box) != set(FIELDS):
            found = sorted(box) if isinstance(box, dict) else type(box).__name__
            raise InvalidAnswer(f"{name} must have exactly {', '.join(FIELDS)}, not {found}")
        if box["label"] not in labels:
            raise InvalidAnswer(f"{name} has the label {box['label']!r}; this job's are {list(labels)}")
        for field in ("left", "top", "width", "height"):
            if type(box[field]) is not int:
                raise InvalidAnswer(f"{name}: {field} must be an integer, not {box[field]!r}")
        left, top, right, bottom = (
            box["left"],
            box["top"],
            box["left"] + box["width"],
            box["top"] + box["height"],
        )
        if box["width"] < 1 or box["height"] < 1:
            raise InvalidAnswer(
                f"{name} is {box['width']} x {box['height']} pixels: at least 1 x 1 is needed"
            )
        if left < 0 or top < 0 or right > width or bottom > height:
            raise InvalidAnswer(
                f"{name} reaches from ({left}, {top}) to ({right}, {bottom}), "
                f"outside the image of {width} x {height} pixels"
            )
