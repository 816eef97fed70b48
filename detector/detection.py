"""The task of finding boxes. See :class:`task.Task`."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from augmentation import augment
from data import Example, read_channel
from export import write_model
from losses import detection_loss
from metrics import Found, Truth, average_precision
from model import STRIDES, Detector
from published import backbone_of
from scores import choose_scores
from serve import select_boxes
from settings import Settings
from task import Batch, View
from torch import Tensor


class Detection:
    goal = "validation:mAP_50_95"  # the mean of ten average precisions: less noise than one

    read_channel = staticmethod(read_channel)
    augment = staticmethod(augment)
    write_model = staticmethod(write_model)

    def describe(self, examples: Sequence[Example]) -> str:
        return f"{len(examples)} images with {sum(len(example.boxes) for example in examples)} boxes"

    def make_model(self, settings: Settings) -> Detector:
        network = backbone_of(settings, STRIDES)
        return Detector(len(settings.classes), settings.image_size, settings.base_width, network)

    def is_by_class(self, name: str) -> bool:
        return re.fullmatch(r"class_heads\.\d+\.2\.(weight|bias)", name) is not None

    def collate(self, views: Sequence[View]) -> Batch:
        """Pictures, boxes, classes and present, as :func:`assignment.assign` takes them; each picture gets as
        many places for boxes as the fullest needs."""
        most = max(1, *(len(boxes) for _, boxes, _ in views))
        boxes = torch.zeros(len(views), most, 4)
        classes = torch.zeros(len(views), most, dtype=torch.int64)
        present = torch.zeros(len(views), most, dtype=torch.bool)
        for row, (_, corners, labels) in enumerate(views):
            boxes[row, : len(corners)] = torch.from_numpy(corners)
            classes[row, : len(corners)] = torch.from_numpy(labels)
            present[row, : len(corners)] = True
        return torch.from_numpy(np.stack([pixels for pixels, _, _ in views])), boxes, classes, present

    def loss(self, model: Detector, outputs: tuple[Tensor, Tensor], truths: Sequence[Tensor]) -> Tensor:
        return detection_loss(*outputs, model.points, model.strides, *truths)

    def select(self, outputs: tuple[Tensor, Tensor]) -> list[Found]:
        corners, logits = outputs
        return list(map(select_boxes, corners.cpu().numpy(), logits.sigmoid().cpu().numpy()))

    def score(
        self, settings: Settings, examples: Sequence[Example], found: Sequence[Found]
    ) -> dict[str, float]:
        """mAP at IoU .5, and over .5 to .95."""
        at_half, mean = average_precision(truths_of(examples), found, len(settings.classes))
        return {"validation:mAP": at_half, self.goal: mean}

    def choose(
        self, settings: Settings, examples: Sequence[Example], found: Sequence[Found]
    ) -> tuple[dict[str, Any], dict[str, float]]:
        return choose_scores(truths_of(examples), found, settings.classes)


def truths_of(examples: Sequence[Example]) -> list[Truth]:
    return [(example.boxes, example.classes) for example in examples]


DETECTION = Detection()
