"""Labeled photographs of other programs, read and written: COCO, Pascal VOC, YOLO."""

from vision.exchange.coco import read_coco, read_coco_truth, write_coco
from vision.exchange.dataset import Dataset, DatasetProblem
from vision.exchange.voc import read_voc, write_voc
from vision.exchange.yolo import read_yolo, write_yolo

__all__ = [
    "Dataset",
    "DatasetProblem",
    "read_coco",
    "read_coco_truth",
    "read_voc",
    "read_yolo",
    "write_coco",
    "write_voc",
    "write_yolo",
]
