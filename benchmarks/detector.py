"""What the detector learns from scratch in so many minutes, and what an earlier model is worth to begin with.

    python -m benchmarks.detector --data bccd --minutes 1 3 5 10 20 --seeds 0 1 2
    python -m benchmarks.detector --data packs
    python -m benchmarks.detector --data masks --minutes 10

Minutes are those of the training program's own setting, on all cores; reading the images and writing the
model come on top. Every choice, such as which epoch's model is kept, is made by validation images, which are
a part of those to learn from; the scores are the written model's on test images that no training saw. The
test split of BCCD is its own; the photographs of packs are those that the demo makes.

The second table: an earlier model, then a tenth more images, and a quarter of its time for a new one.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.trainings import BCCD, DETECTOR, Data, NotThere, Trained, read_bccd, read_packs, score, train
from orchestration.machine import machine

MORE = 0.1  # of the earlier labels, that come on top
QUARTER = 0.25  # of the earlier training's time
SETTINGS = {"bccd": ("--orientation", "any")}  # blood cells have no upper side


@dataclass(frozen=True)
class Result:
    trained: Trained
    scores: dict[str, float]


class Bench:
    def __init__(self, data: Data, folder: Path, settings: Sequence[str], console: Console):
        self.data, self.folder, self.settings, self.console = data, folder, settings, console
        self.results: dict[tuple, Result] = {}

    def measure(self, names: Sequence[str], minutes: float, seed: int, *options: str) -> Result:
        """What was measured before is not measured again."""
        run = (*names, minutes, seed, *options)
        if run not in self.results:
            self.results[run] = self._measure(names, minutes, seed, *options)
        return self.results[run]

    def _measure(self, names: Sequence[str], minutes: float, seed: int, *options: str) -> Result:
        settings = ("--minutes", f"{minutes:g}", "--seed", str(seed), *self.settings)
        trained = train(self.data, names, self.folder / f"run-{len(self.results)}", *settings, *options)
        result = Result(trained, score(self.data, trained.model))
        shown = ", ".join(f"{name} {value:.3f}" for name, value in result.scores.items())
        self.console.print(
            f"{minutes:g} minutes, seed {seed}: {trained.epochs} epochs, {shown} ({trained.seconds:.0f} s)",
            highlight=False,
        )
        return result

    def retrain(self, minutes: float, seed: int) -> dict[str, Result]:
        """An earlier model on a part of the images, and what follows with all of them."""
        everything = self.data.train
        earlier = everything[: round(len(everything) / (1 + MORE))]
        old = self.measure(earlier, minutes, seed)
        quarter, init_from = QUARTER * minutes, ("--init_from", str(old.trained.model))
        counts = f"{len(earlier)} images", f"{len(everything)} images"
        return {
            f"earlier model: {counts[0]}, {minutes:g} min": old,
            f"init_from it: {counts[1]}, {quarter:g} min": self.measure(
                everything, quarter, seed, *init_from
            ),
            f"from scratch: {counts[1]}, {quarter:g} min": self.measure(everything, quarter, seed),
            f"from scratch: {counts[1]}, {minutes:g} min": self.measure(everything, minutes, seed),
        }


def spread(values: Sequence[float]) -> str:
    """The median, and what lies furthest to either side."""
    middle = f"{statistics.median(values):.3f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.3f} - {max(values):.3f})"


def show(title: str, rows: dict[str, list[Result]], console: Console) -> None:
    names = list(next(iter(rows.values()))[0].scores)
    table = Table("training", "epochs", *names, "seeds", title=title)
    for label, results in rows.items():
        epochs = statistics.median(result.trained.epochs for result in results)
        scores = (spread([result.scores[name] for result in results]) for name in names)
        table.add_row(label, f"{epochs:g}", *scores, str(len(results)))
    console.print(table)


def from_scratch(bench: Bench, options: argparse.Namespace) -> None:
    rows = {
        f"{minutes:g} min": [bench.measure(bench.data.train, minutes, seed) for seed in options.seeds]
        for minutes in options.minutes
    }
    show(f"{options.data}: from scratch, {len(bench.data.test)} test images", rows, bench.console)


def fine_tuning(bench: Bench, options: argparse.Namespace) -> None:
    rows: dict[str, list[Result]] = {}
    for seed in options.seeds:
        for label, result in bench.retrain(options.retrain, seed).items():
            rows.setdefault(label, []).append(result)
    show(f"{options.data}: a tenth more images", rows, bench.console)
    main = next(iter(next(iter(rows.values()))[0].scores))
    old, new = (
        statistics.median(result.scores[main] for result in results) for results in list(rows.values())[:2]
    )
    reached = "yes" if new >= old > 0 else f"NO, {old:.3f} before and {new:.3f} now"
    bench.console.print(f"The earlier model's {main} in a quarter of its time: {reached}", highlight=False)


def read(options: argparse.Namespace) -> Data:
    """Raises NotThere."""
    if options.data == "bccd":
        return read_bccd(options.bccd)
    masks = options.data == "masks"
    if masks and not (DETECTOR / "train_masks.py").is_file():
        raise NotThere("there is no detector/train_masks.py: this version does not train on masks")
    folder = options.folder or Path(tempfile.gettempdir()) / "labelloop-photographs"
    return read_packs(folder, options.photographs, masks=masks)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=("bccd", "packs", "masks"), default="packs")
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 3, 5, 10, 20])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--retrain", type=float, default=4, help="minutes of the earlier model; 0: leave out")
    parser.add_argument("--bccd", type=Path, default=BCCD, help="the data set's folder BCCD")
    parser.add_argument("--photographs", type=int, default=300, help="of packs, to learn from")
    parser.add_argument("--folder", type=Path, help="where the photographs of packs are kept")
    parser.add_argument("--image-size", type=int, default=320, help="of the network")
    return parser.parse_args()


def main() -> None:
    options, console, began = parse(), Console(width=120), time.perf_counter()
    try:
        data = read(options)
    except NotThere as problem:
        sys.exit(f"benchmarks.detector: {problem}")
    console.print(machine(), highlight=False)
    counts = f"{len(data.train)} images to learn from, {len(data.validation)} for choices"
    console.print(f"{counts}, {len(data.test)} to test", highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        settings = ("--image_size", str(options.image_size), *SETTINGS.get(options.data, ()))
        bench = Bench(data, Path(folder), settings, console)
        from_scratch(bench, options)
        if options.retrain:
            fine_tuning(bench, options)
    console.print(f"{(time.perf_counter() - began) / 60:.1f} min in all", highlight=False)


if __name__ == "__main__":
    main()
