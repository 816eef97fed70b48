"""What there is to know of a training program before any job runs: one for each form of label it learns."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Trainer:
    """``program`` lies in detector/ and prints ``metrics``; ``answers`` is the MIME type of its models'."""

    program: str
    metrics: tuple[str, ...]
    answers: str


TRAINERS = {
    "bounding_box": Trainer(
        "train.py",
        (
            "validation:mAP",
            "validation:mAP_50_95",
            "validation:F1",
            "validation:threshold",
            "validation:calibration_error",
            "validation:calibrated_error",
            "train:loss",
        ),
        "application/json",
    ),
    "semantic_segmentation": Trainer(
        "train_masks.py", ("validation:mIOU", "validation:boundary_F", "train:loss"), "image/png"
    ),
}
