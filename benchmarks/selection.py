"""What it is worth to choose the images that are labeled next, on photographs held out, at equal compute.

    .venv/bin/python -m benchmarks.selection
    .venv/bin/python -m benchmarks.selection --voc DIR

A model is trained on a start set; then images are added to it, chosen by each strategy of the loop's setting
`automation.selection`, and a model is trained anew on both. All trainings take the same number of steps (to
the nearest epoch), the one on the start set too: what it lacks are labels and not compute. Every seed draws
another start set and begins with other weights; the photographs held out stay the same. Without --voc the
photographs are those of packaging that the demo makes, and what helps on them need not help elsewhere.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random

from PIL import Image
from rich.console import Console
from rich.table import Table

from demo.photographs import make_photographs
from resources.loop import Loop
from vision.exchange import Dataset, read_coco, read_voc
from vision.likeness import difference_hash
from vision.selection import by_diversity, by_uncertainty, in_random_order

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "detector"))

START = "start set alone"
STRATEGIES = ("random", "uncertainty", "diversity")
SCORE_FLOOR = Loop.model_fields["score_floor"].default


@dataclass(frozen=True)
class Plan:
    """``start`` images, ``added`` to them, ``held_out`` to measure by; ``steps`` of every training."""

    start: int
    added: int
    held_out: int
    steps: int
    image_size: int


@dataclass(frozen=True)
class Result:
    seed: int
    strategy: str
    ap50: float
    boxes: int  # that people would have drawn on the images added
    seconds: float


class Bench:
    """The photographs in memory, and the detector's own training on any of them."""

    def __init__(self, dataset: Dataset, plan: Plan):
        from data import read_examples

        self.plan, self.labels = plan, tuple(dataset.labels)
        names = sorted(path.name for path in dataset.images)
        Random("held out").shuffle(names)
        paths = {path.name: path for path in dataset.images}
        self.held_out, self.pool = names[: plan.held_out], names[plan.held_out :]
        pairs = ((name, paths[name].read_bytes(), label_of(dataset, name)) for name in names)
        self.examples = dict(zip(names, read_examples(pairs, plan.image_size, self.labels), strict=True))
        self.fingerprints = {}
        for name in self.pool:
            with Image.open(paths[name]) as picture:
                if fingerprint := difference_hash(picture):
                    self.fingerprints[name] = fingerprint

    def measure(self, seed: int) -> Iterator[Result]:
        """One result per strategy; the model of the start set tells where it is unsure."""
        shuffled = Random(f"start {seed}").sample(self.pool, len(self.pool))
        # Strategies break ties in the order of the names, which must be another one for every seed.
        numbers = {name: f"{number:06}" for number, name in enumerate(shuffled)}
        start, rest = shuffled[: self.plan.start], shuffled[self.plan.start :]
        began = time.perf_counter()
        model = self.train(start, seed)
        yield Result(seed, START, self.ap50(model), 0, time.perf_counter() - began)
        for strategy in STRATEGIES:
            began = time.perf_counter()
            added = self.choose(strategy, model, start, rest, numbers)
            ap50 = self.ap50(self.train(start + added, seed))
            boxes = sum(len(self.examples[name].boxes) for name in added)
            yield Result(seed, strategy, ap50, boxes, time.perf_counter() - began)

    def choose(
        self, strategy: str, model, start: Sequence[str], rest: Sequence[str], numbers: Mapping[str, str]
    ) -> list[str]:
        names = {number: name for name, number in numbers.items()}
        waiting = [numbers[name] for name in rest]
        if strategy == "uncertainty":
            scores = {numbers[name]: found for name, found in self.scores(model, rest).items()}
            order = by_uncertainty(waiting, scores, SCORE_FLOOR)
        elif strategy == "diversity":
            fingerprints = {numbers[name]: bits for name, bits in self.fingerprints.items()}
            order = by_diversity(waiting, fingerprints, [numbers[name] for name in start], self.plan.added)
        else:
            order = in_random_order(waiting)
        return [names[number] for number in order[: self.plan.added]]

    def train(self, names: Sequence[str], seed: int):
        from batches import batches_in_epoch
        from team import Team
        from training import train

        examples = [self.examples[name] for name in names]
        epochs = round(self.plan.steps / batches_in_epoch(self.settings(seed, 1), examples))
        # No validation: the last model counts, and nothing is chosen by the photographs that are held out.
        return train(Team(), self.settings(seed, max(epochs, 1)), examples, [])[0]

    def settings(self, seed: int, epochs: int):
        from settings import Settings

        return Settings(self.labels, epochs=epochs, image_size=self.plan.image_size, seed=seed)

    def ap50(self, model) -> float:
        from team import Team
        from training import evaluate

        examples = [self.examples[name] for name in self.held_out]
        return evaluate(Team(), model, self.settings(0, 1), examples)["validation:mAP"]

    def scores(self, model, names: Sequence[str]) -> dict[str, list[float]]:
        """Those of the model's boxes on each photograph, as the served model would give them."""
        import torch
        from serve import pad, select_boxes

        found = {}
        for name in names:
            pixels = pad(self.examples[name].pixels, self.plan.image_size)
            with torch.no_grad():
                corners, logits = model(torch.from_numpy(pixels)[None])
            _, scores, _ = select_boxes(corners[0].float().numpy(), logits[0].float().sigmoid().numpy())
            found[name] = scores.tolist()
        return found


def label_of(dataset: Dataset, name: str) -> str:
    """The boxes of a photograph as the detector reads them from a manifest."""
    annotations = [
        {
            "class_id": dataset.labels.index(box.label),
            "left": box.left,
            "top": box.top,
            "width": box.width,
            "height": box.height,
        }
        for box in dataset.truth[name].boxes
    ]
    return json.dumps({"annotations": annotations})


def measure(dataset: Dataset, plan: Plan, seed: int) -> list[Result]:
    """In a process of its own, on one core: threads would only fight for the others."""
    import torch

    torch.set_num_threads(1)
    return list(Bench(dataset, plan).measure(seed))


def show(results: Sequence[Result], plan: Plan, console: Console) -> None:
    seeds = sorted({result.seed for result in results})
    table = Table(
        "labeled", *(f"seed {seed}" for seed in seeds), "mean AP50", "against random", "boxes drawn"
    )
    random = {result.seed: result.ap50 for result in results if result.strategy == "random"}
    for strategy in (START, *STRATEGIES):
        mine = {result.seed: result for result in results if result.strategy == strategy}
        gains = [mine[seed].ap50 - random[seed] for seed in seeds]
        spread = f" ± {statistics.stdev(gains):.3f}" if len(seeds) > 1 else ""
        table.add_row(
            f"{plan.start}, {strategy}" if strategy == START else f"{plan.start} + {plan.added} {strategy}",
            *(f"{mine[seed].ap50:.3f}" for seed in seeds),
            f"{statistics.mean(result.ap50 for result in mine.values()):.3f}",
            "" if strategy == "random" else f"{statistics.mean(gains):+.3f}{spread}",
            f"{statistics.mean(result.boxes for result in mine.values()):.0f}",
        )
    console.print(table)
    console.print(
        f"AP50 on {plan.held_out} photographs held out; {plan.steps} training steps each; ± is the standard "
        "deviation of the difference over the seeds, and a difference that is no larger says nothing."
    )


def photographs(options: argparse.Namespace, console: Console) -> Dataset:
    if options.voc:
        return read_voc(options.voc)
    folder = options.photographs or Path(tempfile.gettempdir()) / "labelloop-photographs"
    number = options.pool + options.held_out
    console.print(f"{number} photographs of packaging in {folder}", highlight=False)
    return read_coco(make_photographs(folder, number, seed=1))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--voc", type=Path, help="folder of labelled photographs in Pascal VOC's format")
    parser.add_argument("--photographs", type=Path, help="where those that are made are kept")
    parser.add_argument("--pool", type=int, default=300, help="photographs made to choose from")
    parser.add_argument("--held-out", type=int, default=100)
    parser.add_argument("--start", type=int, default=40)
    parser.add_argument("--added", type=int, default=40)
    parser.add_argument("--steps", type=int, default=300, help="of batches of 8, in every training")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def main() -> None:
    options, console = parse(), Console(width=120)
    dataset, began = photographs(options, console), time.perf_counter()
    plan = Plan(options.start, options.added, options.held_out, options.steps, options.image_size)
    needed = plan.held_out + plan.start + plan.added
    if len(dataset.images) <= needed:
        sys.exit(
            f"There are {len(dataset.images)} photographs: to choose among some, give more than {needed}"
        )
    results = []
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as processes:
        for measured in processes.map(partial(measure, dataset, plan), range(options.seeds)):
            results += measured
            console.print(
                f"seed {measured[0].seed}: {sum(result.seconds for result in measured):.0f} s",
                highlight=False,
            )
    show(results, plan, console)
    console.print(
        f"{(time.perf_counter() - began) / 60:.1f} min, {options.processes} processes of one thread each"
    )


if __name__ == "__main__":
    main()
