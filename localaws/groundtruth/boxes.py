"""Bounding boxes: answers of <crowd-bounding-box>, and labels of AWS's built-in object detection task."""

from collections.abc import Sequence

from localaws.groundtruth.problems import InvalidAnswer

MOST_BOXES = 5_000
FIELDS = ("height", "label", "left", "top", "width")


class BoundingBoxes:
    tag = "crowd-bounding-box"
    task_type = "BoundingBox"
    manifest_type = "groundtruth/object-detection"
    largest_answer = 4 * 2**20

    def check(self, value: object, labels: Sequence[str], width: int, height: int) -> None:
        """An answer is ``{"boundingBoxes": [...], "inputImageProperties": {"height", "width"}}`` in pixels of
        the stored image, whatever its EXIF orientation. Raises InvalidAnswer."""
        known = {"boundingBoxes", "inputImageProperties", "initialValueModified"}
        if (
            not isinstance(value, dict)
            or not {"boundingBoxes", "inputImageProperties"} <= set(value) <= known
        ):
            found = sorted(value) if isinstance(value, dict) else type(value).__name__
            raise InvalidAnswer(
                f"a {self.tag} answers with boundingBoxes and inputImageProperties, not with {found}"
            )
        if not isinstance(value.get("initialValueModified", False), bool):
            raise InvalidAnswer("initialValueModified must be true or false")
        size = value["inputImageProperties"]
        if size != {"height": height, "width": width} or any(type(side) is not int for side in size.values()):
            expected = {"height": height, "width": width}
            raise InvalidAnswer(f"inputImageProperties are {size}, but the stored image has {expected}")
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

    def built_in_label(self, content: dict, labels: Sequence[str]) -> tuple[dict, dict]:
        """``image_size`` and ``annotations`` are the label; confidences and the classes that occur go to the
        metadata. Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html"""
        try:
            label = {"image_size": content["image_size"], "annotations": content["annotations"]}
            objects = [{"confidence": entry["confidence"]} for entry in content["objects"]]
            used = sorted({annotation["class_id"] for annotation in content["annotations"]})
            names = dict(enumerate(labels))
            class_map = {str(class_id): names[class_id] for class_id in used}
        except (KeyError, TypeError) as problem:
            raise ValueError(
                "the consolidated label has not the form of a box label "
                f"(image_size, annotations, objects): {type(problem).__name__}: {problem}"
            ) from None
        if len(objects) != len(label["annotations"]):
            raise ValueError(f"{len(objects)} confidences for {len(label['annotations'])} boxes")
        return label, {"objects": objects, "class-map": class_map}
