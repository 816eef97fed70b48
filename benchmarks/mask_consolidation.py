"""What consolidation makes of simulated teams' masks: worker_quality beside votes and the best single worker.

    python -m benchmarks.mask_consolidation [--quick]

Two simulators (mask_crowds.py), the teams of crowds.py, seeds that nothing was tuned on. Both ways run as the
deployed function does: answers as PNG files in Ground Truth's format, calls of 20 images, worker profiles
handed from call to call. mIoU and boundary F are counted over all images, as an evaluation counts them. ECE
is how far the confidence of an image is from the share of right pixels among those that anybody labeled, in
ten bins. The best single worker is the one whose masks are nearest to the truth, which nobody knows
beforehand; they are counted over the images that he was asked about.
"""

import argparse
import io
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy
from PIL import Image as Picture
from rich.console import Console
from rich.table import Table

from benchmarks.consolidation_quality import calibration_error
from benchmarks.crowds import TEAMS, Team
from benchmarks.mask_crowds import LABELS, Draw, Image, independent, team_images, together
from demo.painting import mask_answer
from vision.mask_evaluation import count_mask, evaluate_masks
from vision.masks import Mask

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lambdas" / "consolidation"))

from evidence import add
from handler import consolidate
from worker_quality import WorkerQuality

CALL = 20  # images
IMAGES = 100  # of a team and a seed
SEEDS = (271, 272, 273)
SAME = {"mIoU": 0.005, "boundary F": 0.005, "ECE": 0.01}  # differences that are none
SIMULATORS = {"independent": independent, "together": together}
WAYS = ("best single worker", "votes", "worker_quality")


class Score(NamedTuple):
    miou: float
    boundary: float
    ece: float  # not a number for a worker: he tells no confidence


class Found(NamedTuple):
    mask: Mask
    confidence: float


def payload(images: Sequence[Image]) -> list[dict]:
    """In Ground Truth's format."""
    return [
        {
            "datasetObjectId": str(number),
            "annotations": [
                {"workerId": worker, "annotationData": {"content": answer_text(mask)}}
                for worker, mask in image.answers.items()
            ],
        }
        for number, image in enumerate(images)
    ]


def answer_text(mask: Mask) -> str:
    return json.dumps({"crowd-semantic-segmentation": mask_answer(mask, LABELS)})


def consolidated(items: Sequence[dict], *, by_quality: bool) -> list[Found]:
    known: dict = {}
    found = []
    for start in range(0, len(items), CALL):
        quality = WorkerQuality(known) if by_quality else None
        files: dict[str, bytes] = {}
        part = items[start : start + CALL]
        results = consolidate(part, "masks", LABELS, None, keeping(files), quality)
        if quality:
            add(known, quality.evidence)
        found += [read_label(each["consolidatedAnnotation"]["content"]["masks"], files) for each in results]
    return found


def keeping(files: dict[str, bytes]) -> Callable[[str, bytes], str]:
    def keep(object_id: str, png: bytes) -> str:
        files[object_id] = png
        return object_id

    return keep


def read_label(label: dict, files: dict[str, bytes]) -> Found:
    mask = numpy.asarray(Picture.open(io.BytesIO(files[label["mask-ref"]])))
    return Found(mask, label["internal-color-map"]["0"]["confidence"])


def quality_of(images: Sequence[Image], masks: Sequence[Mask]) -> tuple[float, float]:
    """mIoU and boundary F."""
    pairs = zip(images, masks, strict=True)
    counts = {
        str(number): count_mask(image.truth, mask, len(LABELS)) for number, (image, mask) in enumerate(pairs)
    }
    evaluation = evaluate_masks(counts, LABELS)
    return evaluation.miou, evaluation.boundary_f


def score(images: Sequence[Image], found: Sequence[Found]) -> Score:
    right = [share_right(image, each.mask) for image, each in zip(images, found, strict=True)]
    quality = quality_of(images, [each.mask for each in found])
    return Score(*quality, calibration_error([each.confidence for each in found], right))


def share_right(image: Image, mask: Mask) -> float:
    """Among the pixels that any worker labeled; 1 where there are none."""
    labeled = numpy.any(list(image.answers.values()), axis=0)
    return float((mask == image.truth)[labeled].mean()) if labeled.any() else 1.0


def best_worker(images: Sequence[Image]) -> Score:
    workers = sorted({worker for image in images for worker in image.answers})
    scores = []
    for worker in workers:
        asked = [image for image in images if worker in image.answers]
        scores.append(quality_of(asked, [image.answers[worker] for image in asked]))
    return Score(*max(scores), float("nan"))


def measure(team: Team, draw: Draw, seeds: Sequence[int], number: int) -> dict[str, Score]:
    """The mean score of each way."""
    scores: dict[str, list[Score]] = {way: [] for way in WAYS}
    for seed in seeds:
        images = team_images(team, draw, number, numpy.random.default_rng(seed))
        items = payload(images)
        scores["best single worker"].append(best_worker(images))
        scores["votes"].append(score(images, consolidated(items, by_quality=False)))
        scores["worker_quality"].append(score(images, consolidated(items, by_quality=True)))
    return {way: Score(*numpy.mean(each, axis=0).tolist()) for way, each in scores.items()}


def verdict(scores: dict[str, Score]) -> str:
    """Where worker_quality is worse than votes, and by how much."""
    ours, votes = scores["worker_quality"], scores["votes"]
    behind = dict(
        zip(SAME, (votes.miou - ours.miou, votes.boundary - ours.boundary, ours.ece - votes.ece), strict=True)
    )
    worse = [f"{name} by {by:.3f}" for name, by in behind.items() if by > SAME[name]]
    return "worse: " + ", ".join(worse) if worse else "no worse"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="one seed instead of three, a fifth of the images"
    )
    parser.add_argument("--seeds", type=int, nargs="+", help="others than the usual ones")
    parser.add_argument("--images", type=int, help=f"of a team and a seed; {IMAGES}")
    arguments = parser.parse_args()
    seeds = arguments.seeds or SEEDS[: 1 if arguments.quick else len(SEEDS)]
    number, began = arguments.images or (IMAGES // 5 if arguments.quick else IMAGES), time.process_time()
    table = Table("simulator", "team", *(f"{way}\nmIoU / boundary F / ECE" for way in WAYS), "than votes")
    for simulator, draw in SIMULATORS.items():
        for team in TEAMS:
            scores = measure(team, draw, seeds, number)
            cells = (
                " ".join("-" if value != value else f"{value:.3f}" for value in scores[way]) for way in WAYS
            )
            table.add_row(simulator, team.name, *cells, verdict(scores))
    Console(width=150).print(table)
    print(f"{len(seeds)} seeds, {number} images each; differences up to {SAME} count as none.")
    print(f"{time.process_time() - began:.0f} s of one core")


if __name__ == "__main__":
    main()
