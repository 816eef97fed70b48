"""`labelloop bench`: the benchmarks one after the other, each a process of its own; tables in one file."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from rich.console import Console

from orchestration.home import Home
from orchestration.loop import PROJECT
from orchestration.machine import chromium, machine
from orchestration.serving import stop_group


class UnknownBenchmark(ValueError):
    """The message lists those there are."""


@dataclass(frozen=True)
class Benchmark:
    """A module of ``benchmarks/`` with its options, and those for sizes that only show that it runs.

    ``lacks`` says what this machine has not that it needs, or nothing.
    """

    name: str
    module: str
    options: str = ""
    quick: str = ""
    lacks: Callable[[], str] = lambda: ""


def bccd() -> str:
    folder = Path(os.environ.get("LABELLOOP_BCCD") or PROJECT.parent / "shared" / "data" / "bccd")
    return (
        "" if folder.is_dir() else f"the BCCD data set: {folder} is not there, LABELLOOP_BCCD names another"
    )


def trainer_of_masks() -> str:
    return "" if (PROJECT / "detector" / "train_masks.py").is_file() else "a trainer of masks"


def browser() -> str:
    return "" if find_spec("playwright") and chromium() else "playwright and Chromium"


def moto() -> str:
    return "" if shutil.which("moto_server") else "moto_server"


BRIEF = "--minutes 0.1 --seeds 0 --image-size 96"
FEW = "--photographs 12"

BENCHMARKS = (
    Benchmark(
        "detector",
        "detector",
        "--data bccd --minutes 10 --seeds 0 1 2 --retrain 0",
        f"--data bccd --retrain 0 {BRIEF}",
        bccd,
    ),
    Benchmark(
        "detector-packs",
        "detector",
        "--data packs --minutes 1 3 5 10 --seeds 0 --retrain 3",
        f"--data packs --retrain 0.1 {FEW} {BRIEF}",
    ),
    Benchmark(
        "detector-masks",
        "detector",
        "--data masks --minutes 5 --seeds 0 --retrain 0",
        f"--data masks --retrain 0 {FEW} {BRIEF}",
        trainer_of_masks,
    ),
    Benchmark(
        "endpoint",
        "endpoint",
        "--requests 4000",
        quick=f"{FEW} --minutes 0.1 --latencies 20 --seconds 2 --requests 200 --images 30",
    ),
    Benchmark("consolidation", "consolidation", quick="--quick"),
    Benchmark("consolidation-quality", "consolidation_quality", quick="--quick --images 40"),
    Benchmark("ask-again", "ask_again", "--seeds 171 172", "--quick --images 40"),
    Benchmark("mask-consolidation", "mask_consolidation", "--seeds 271", "--quick"),
    Benchmark(
        "selection",
        "selection",
        "--seeds 2 --steps 200",
        "--pool 24 --held-out 8 --start 8 --added 8 --steps 4 --image-size 96 --seeds 1",
    ),
    Benchmark("incremental", "incremental", quick="--images 20"),
    Benchmark("painting", "masks", quick="--size 400x300 --strokes 5", lacks=browser),
    Benchmark("stand-in", "stand_in", quick="--quick", lacks=moto),
)


def choose(names: Sequence[str]) -> list[Benchmark]:
    """Those of these names, in their order; all if there are none. Raises UnknownBenchmark."""
    known = {benchmark.name: benchmark for benchmark in BENCHMARKS}
    for name in names:
        if name not in known:
            raise UnknownBenchmark(f"there is no benchmark {name!r}: it is one of {', '.join(known)}")
    return [known[name] for name in names] or list(BENCHMARKS)


def run_benchmarks(home: Path, names: Sequence[str], *, quick: bool, console: Console) -> bool:
    """Run them, show what they print and keep it in the home folder; whether all that could run did.

    What a benchmark lacks keeps it from running: without names it is left out, named it fails. Raises
    UnknownBenchmark.
    """
    chosen = choose(names)
    folder = Home(home).benchmarks
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{time.strftime('%Y-%m-%d-%H%M%S')}{'-quick' if quick else ''}.txt"
    with file.open("w") as tables:
        paper, began = Paper(tables, console), time.monotonic()
        paper.say(machine() + (", tiny sizes: its figures say nothing" if quick else ""))
        done = [run(benchmark, paper, quick=quick, named=bool(names)) for benchmark in chosen]
        paper.say(f"\n{(time.monotonic() - began) / 60:.1f} min in all")
    console.print(f"All of this is in {file}", highlight=False, soft_wrap=True)
    return all(done)


def run(benchmark: Benchmark, paper: "Paper", *, quick: bool, named: bool) -> bool:
    options = benchmark.quick if quick else benchmark.options
    paper.say(f"\n== {benchmark.name} {options}")
    if missing := benchmark.lacks():
        paper.say(f"{'cannot run' if named else 'left out'}: it needs {missing}")
        return not named
    began = time.monotonic()
    with program(f"benchmarks.{benchmark.module}", *options.split()) as process:
        for line in process.stdout:
            paper.say(line.rstrip("\n"))
        status, seconds = process.wait(), time.monotonic() - began
    paper.say(f"-- {benchmark.name}: {seconds:.0f} s" + (f", FAILED with status {status}" if status else ""))
    return status == 0


@contextmanager
def program(module: str, *options: str) -> Iterator[subprocess.Popen]:
    """A module that runs as a program. If the body is broken off, so is the program with what it started, as
    by Ctrl-C: it then stops its stand-in, which has a process group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", module, *options],
        cwd=PROJECT,
        env=os.environ | {"COLUMNS": "120", "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        stop_group(process)


@dataclass(frozen=True)
class Paper:
    """What is said stands in the file at once: a run that is broken off has left what it had measured."""

    file: TextIO
    console: Console

    def say(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)
        self.file.write(line + "\n")
        self.file.flush()
