"""AWS's own task types: which answers they consolidate, and what they write into the output manifest.

A job is of a type when AWS's own function consolidates it, as in ACS-BoundingBox. To offer another type, list
it here; the server answers at the ARNs of its functions.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/sms-verification-data.html
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from localaws.groundtruth import built_in_labels as labels
from localaws.groundtruth.arns import built_in_task
from localaws.groundtruth.boxes import BoundingBoxes
from localaws.groundtruth.classifications import Classifier, ImageClassifier
from localaws.groundtruth.masks import Masks

CLASSIFIERS = (ImageClassifier.tag, Classifier.tag)


@dataclass(frozen=True)
class TaskType:
    name: str  # of its functions, PRE-... and ACS-...
    tags: tuple[str, ...]  # the elements whose answers its function understands
    manifest_type: str  # in the label's metadata
    label: Callable[[object, Sequence[str]], tuple[object, dict]]  # see built_in_labels
    writes_files: bool = False  # a label is the address of one: its attribute ends with -ref
    reviews: bool = False  # workers see the label of an earlier job
    adjusts: bool = False  # and may change it
    fewest_labels: int = 1


TASK_TYPES = {
    task_type.name: task_type
    for task_type in (
        TaskType("BoundingBox", (BoundingBoxes.tag,), "groundtruth/object-detection", labels.boxes),
        TaskType(
            "SemanticSegmentation",
            (Masks.tag,),
            "groundtruth/semantic-segmentation",
            labels.mask,
            writes_files=True,
        ),
        TaskType(
            "ImageMultiClass",
            CLASSIFIERS,
            "groundtruth/image-classification",
            labels.image_class,
            fewest_labels=2,
        ),
        TaskType(
            "VerificationBoundingBox",
            CLASSIFIERS,
            "groundtruth/label-verification",
            labels.verification,
            reviews=True,
        ),
        TaskType(
            "VerificationSemanticSegmentation",
            CLASSIFIERS,
            "groundtruth/label-verification",
            labels.verification,
            reviews=True,
        ),
        TaskType(
            "AdjustmentBoundingBox",
            (BoundingBoxes.tag,),
            "groundtruth/object-detection",
            labels.adjusted_boxes,
            reviews=True,
            adjusts=True,
        ),
        TaskType(
            "AdjustmentSemanticSegmentation",
            (Masks.tag,),
            "groundtruth/semantic-segmentation",
            labels.adjusted_mask,
            writes_files=True,
            reviews=True,
            adjusts=True,
        ),
    )
}


def task_type_of(human_task: dict, account: str) -> TaskType | None:
    """The type of a HumanTaskConfig in this ``account``; None for one with a consolidation of its own."""
    arn = human_task["AnnotationConsolidationConfig"]["AnnotationConsolidationLambdaArn"]
    return TASK_TYPES.get(built_in_task(arn, account) or "")
