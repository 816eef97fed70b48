"""What consolidation makes of simulated teams' boxes: worker_quality beside votes and two other ways.

    python -m benchmarks.consolidation_quality [--quick]

Two simulators, several teams (crowds.py), seeds that nothing was tuned on. Our two ways run as the deployed
function does: answers in Ground Truth's format, calls of 100 images, worker profiles handed from call to
call. F1 counts boxes that overlap an object by 0.5 or more, whatever the label; IoU is the mean overlap of
those; ECE is how far confidences are from how often box and label are right, in ten bins.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy
from rich.console import Console
from rich.table import Table

from benchmarks.crowds import HEIGHT, LABELS, TEAMS, WIDTH, Boxes, Image, independent, team_images, together
from benchmarks.fusion import Result, majority_average, overlap, weighted_box_fusion

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lambdas" / "consolidation"))

from evidence import add
from handler import consolidate
from worker_quality import WorkerQuality

CALL = 100  # images
IMAGES = 400  # of a team and a seed
SEEDS = (171, 172, 173, 174, 175, 176)
SAME = {"F1": 0.005, "IoU": 0.005, "ECE": 0.01}  # differences that are none
SIMULATORS = {"independent": independent, "together": together}


class Score(NamedTuple):
    f1: float
    iou: float
    ece: float


def payload(images: Sequence[Image]) -> list[dict]:
    """In Ground Truth's format."""
    return [
        {
            "datasetObjectId": str(number),
            "annotations": [
                {"workerId": worker, "annotationData": {"content": answer_text(boxes)}}
                for worker, boxes in image.answers.items()
            ],
        }
        for number, image in enumerate(images)
    ]


def answer_text(boxes: Boxes) -> str:
    drawn = [
        {"left": left, "top": top, "width": right - left, "height": bottom - top, "label": LABELS[label]}
        for (left, top, right, bottom), label in zip(
            boxes.edges.round().astype(int).tolist(), boxes.labels, strict=True
        )
    ]
    size = {"width": WIDTH, "height": HEIGHT}
    return json.dumps({"boundingBox": {"boundingBoxes": drawn, "inputImageProperties": size}})


def votes(images: Sequence[Image]) -> list[list[Result]]:
    return in_calls(images, lambda items: consolidate(items, "boxes", LABELS))


def worker_quality(images: Sequence[Image]) -> list[list[Result]]:
    known: dict = {}

    def call(items: list[dict]) -> list[dict]:
        quality = WorkerQuality(known)
        results = consolidate(items, "boxes", LABELS, quality=quality)
        add(known, quality.evidence)
        return results

    return in_calls(images, call)


def in_calls(images: Sequence[Image], call: Callable[[list[dict]], list[dict]]) -> list[list[Result]]:
    results = []
    for start in range(0, len(images), CALL):
        for result in call(payload(images[start : start + CALL])):
            results.append(read_label(result["consolidatedAnnotation"]["content"]["boxes"]))
    return results


def read_label(label: dict) -> list[Result]:
    return [
        Result(
            numpy.array([box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]]),
            box["class_id"],
            each["confidence"],
        )
        for box, each in zip(label["annotations"], label["objects"], strict=True)
    ]


WAYS = {
    "majority average": lambda images: [majority_average(image) for image in images],
    "weighted box fusion": lambda images: [weighted_box_fusion(image) for image in images],
    "votes": votes,
    "worker_quality": worker_quality,
}


def score(images: Sequence[Image], results: Sequence[Sequence[Result]]) -> Score:
    overlaps, confidences, right = [], [], []
    objects = sum(len(image.truth.labels) for image in images)
    for image, found in zip(images, results, strict=True):
        free = set(range(len(image.truth.labels)))
        for result in sorted(found, key=lambda each: -each.confidence):
            best, most = best_match(image.truth, result.edges, free)
            confidences.append(result.confidence)
            right.append(best is not None and int(image.truth.labels[best]) == result.label)
            if best is not None:
                free.discard(best)
                overlaps.append(most)
    f1 = 2 * len(overlaps) / max(len(confidences) + objects, 1)
    return Score(f1, float(numpy.mean(overlaps)), calibration_error(confidences, right))


def best_match(truth: Boxes, edges: numpy.ndarray, free: set[int]) -> tuple[int | None, float]:
    if not free:
        return None, 0.0
    candidates = sorted(free)
    overlaps = overlap(truth.edges[candidates], edges)
    best = int(overlaps.argmax())
    return (candidates[best], float(overlaps[best])) if overlaps[best] >= 0.5 else (None, 0.0)


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error. Source: C. Guo et al., On Calibration of Modern Neural Networks (2017)."""
    confidence, correct = numpy.array(confidences), numpy.array(right, dtype=float)
    bins = numpy.minimum((confidence * 10).astype(int), 9)
    return sum(
        (bins == each).mean() * abs(confidence[bins == each].mean() - correct[bins == each].mean())
        for each in numpy.unique(bins)
    )


def measure(team, draw, seeds: Sequence[int], number: int) -> dict[str, Score]:
    """The mean score of each way."""
    scores: dict[str, list[Score]] = {way: [] for way in WAYS}
    for seed in seeds:
        images = team_images(team, draw, number, numpy.random.default_rng(seed))
        for way, run in WAYS.items():
            scores[way].append(score(images, run(images)))
    return {way: Score(*numpy.mean(each, axis=0).tolist()) for way, each in scores.items()}


def verdict(scores: dict[str, Score]) -> str:
    """Where worker_quality is worse than the best of the others, and by how much."""
    ours, others = scores["worker_quality"], [each for way, each in scores.items() if way != "worker_quality"]
    behind = {
        "F1": max(each.f1 for each in others) - ours.f1,
        "IoU": max(each.iou for each in others) - ours.iou,
        "ECE": ours.ece - min(each.ece for each in others),
    }
    worse = [f"{name} by {by:.3f}" for name, by in behind.items() if by > SAME[name]]
    return "worse: " + ", ".join(worse) if worse else "no worse"


def speed(number: int = 500) -> dict[str, float]:
    """Images per second of CPU time, five workers each, from Ground Truth's payload to the labels."""
    images = team_images(TEAMS[4], independent, number, numpy.random.default_rng(1))
    items = payload(images)
    ways = {
        "votes": lambda part: consolidate(part, "boxes", LABELS),
        "worker_quality": lambda part: consolidate(part, "boxes", LABELS, quality=WorkerQuality({})),
    }
    rates = {}
    for way, call in ways.items():
        times = []
        for _ in range(3):
            began = time.process_time()
            for start in range(0, number, CALL):
                call(items[start : start + CALL])
            times.append(time.process_time() - began)
        rates[way] = number / min(times)
    return rates


def read_options(description: str) -> tuple[Sequence[int], int]:
    """The seeds, and how many images of a team and a seed."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="one seed instead of six")
    parser.add_argument("--seeds", type=int, nargs="+", help="others than the usual ones")
    parser.add_argument("--images", type=int, default=IMAGES, help="of a team and a seed")
    arguments = parser.parse_args()
    return arguments.seeds or SEEDS[: 1 if arguments.quick else len(SEEDS)], arguments.images


def main() -> None:
    seeds, number = read_options(__doc__.splitlines()[0])
    table = Table("simulator", "team", *(f"{way}\nF1 / IoU / ECE" for way in WAYS), "worker_quality is")
    for simulator, draw in SIMULATORS.items():
        for team in TEAMS:
            scores = measure(team, draw, seeds, number)
            cells = (" ".join(f"{figure:.3f}" for figure in scores[way]) for way in WAYS)
            table.add_row(simulator, team.name, *cells, verdict(scores))
    console = Console(width=170)
    console.print(table)
    print(f"{len(seeds)} seeds, {number} images each; differences up to {SAME} count as none.")
    for way, rate in speed().items():
        print(f"{way}: {rate:.0f} images per second on one core (goal: 2000)")


if __name__ == "__main__":
    main()
