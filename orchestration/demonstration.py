"""The whole loop on one machine, without an AWS account and without people: `labelloop demo`."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TaskID

from orchestration.headless import HeadlessLoop
from orchestration.home import Home
from orchestration.label_results import label_results
from orchestration.loop import DEFAULT_LOOP, LoopError, load_loop
from orchestration.photographs import loop_of, upload, write_truth
from orchestration.progress import job_progress
from orchestration.stand_in import running_stand_in, use_stand_in_of
from resources.aws import Aws
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.exchange import Dataset, read_coco, read_voc
from vision.measures import names, read_measures
from vision.over_time import of_label

SEED = 7


def run_demonstration(
    home_folder: Path,
    console: Console,
    *,
    loop_file: Path | None,
    voc: Path | None,
    coco: Path | None,
    photographs: int,
    workers: int,
    noise: float,
) -> None:
    """Everything of the run is under ``home_folder``; whatever an earlier run finished is adopted.

    The photographs are those of ``voc`` or ``coco`` or, for a loop about packaging, made here.
    """
    from demo.crowd import run_crowd
    from demo.noise import Noise

    home, began = Home(home_folder.absolute()), time.monotonic()
    given = read_voc(voc) if voc else read_coco(coco) if coco else None
    file = loop_file or DEFAULT_LOOP
    loop, file = loop_of(given, home) if given else (load_loop(file), file)
    if not given:
        require_packaging(loop)
    home.remember_loop(file)
    with running_stand_in(home.stand_in), home.dagster_instance() as instance:
        store = ObjectStore(aws=Aws(region=loop.region))
        headless = HeadlessLoop(loop, instance, store)
        with job_progress(loop.slug, console) as progress:
            dataset = given or packaging_photographs(home, photographs, progress)
            report_problems(dataset, progress.console)
            count(progress, "uploading photographs", upload(dataset.images, loop, store), len(dataset.images))
            truth = write_truth(dataset, home, loop)
            headless.run(
                label=lambda: run_crowd(
                    truth=truth, workers=workers, noise=Noise().scaled(noise), job_prefix=loop.slug
                ),
                announce=lambda text: progress.console.print(text),
            )
            lines: list[tuple[str, str]] = []
            if loop.label_form != "bounding_box":
                lines += label_results(loop, store, dataset.truth, home.labels / loop.name).items()
            if loop.can_train:
                picture = save_prediction(headless, headless.record("evaluation")["sample"], home)
                lines += model_results(headless, picture)
        report(console, loop, lines, home, minutes=(time.monotonic() - began) / 60)


def predict_file(home_folder: Path, image: Path, *, loop_file: Path | None, console: Console) -> None:
    """Upload one image, ask the live endpoint about it, and save the drawn answer."""
    home = Home(home_folder.absolute())
    loop = load_loop(loop_file or home.last_loop())
    with running_stand_in(home.stand_in), home.dagster_instance() as instance:
        store = ObjectStore(aws=Aws(region=loop.region))
        uri = store.write(loop.uri(f"questions/{image.name}"), image.read_bytes())
        picture = save_prediction(HeadlessLoop(loop, instance, store), uri, home)
    console.print(f"Drawn prediction: {picture}", soft_wrap=True, highlight=False)


def require_packaging(loop: Loop) -> None:
    """Raises LoopError for labels that nothing on the photographs of packaging has."""
    from demo.packs import CLASSES, LABELS
    from demo.reviewing import BAD, GOOD

    known = {"image_classification": CLASSES, "label_verification": (GOOD, BAD)}.get(loop.label_form, LABELS)
    if unknown := [label for label in loop.labels if label not in known]:
        raise LoopError(
            f"{loop.name}: labels: the simulated workers know {', '.join(known)} on their photographs of "
            f"packaging, not {', '.join(unknown)}. For photographs of your own use --voc or --coco, or "
            "`labelloop up` and people"
        )


def packaging_photographs(home: Home, number: int, progress: Progress) -> Dataset:
    from demo.photographs import make_photographs

    bar = progress.add_task("making photographs", total=number)
    folder = home.photographs / "packaging"
    truth = make_photographs(folder, number, SEED, lambda done, _: progress.update(bar, completed=done))
    progress.update(bar, completed=number)
    return read_coco(truth)


def report_problems(dataset: Dataset, console: Console) -> None:
    for problem in dataset.problems:
        console.print(f"left out: {problem}", style="yellow", markup=False)


def count(progress: Progress, title: str, steps: Iterable, total: int) -> None:
    bar = progress.add_task(title, total=total)
    for _ in steps:
        progress.advance(bar)


def save_prediction(headless: HeadlessLoop, image_uri: str, home: Home) -> Path:
    answer = headless.predict(image_uri)
    home.predictions.mkdir(parents=True, exist_ok=True)
    file = home.predictions / f"{headless.loop.name}-{Path(image_uri).stem}.png"
    file.write_bytes(headless.store.read(answer["picture"]))
    return file


def model_results(headless: HeadlessLoop, picture: Path) -> Iterator[tuple[str, str]]:
    result = read_measures(headless.record("evaluation"))
    named = names(result)
    yield f"test {named.main}", f"{result.main:.3f} ({named.second} {result.second:.3f})"
    for label, values in result.per_class.items():
        score, truths = of_label(result, label), values["truths"]
        none = f"no {named.counted} in the test split"
        yield f"  {label}", none if score is None else f"{score:.3f} on {truths:,} {named.counted}"
    yield "drawn prediction", str(picture)
    yield "endpoint", headless.loop.endpoint_name


def report(
    console: Console, loop: Loop, lines: Sequence[tuple[str, str]], home: Home, minutes: float
) -> None:
    here = "" if home.is_default else f" --home {home.root}"
    console.print(f"\n{loop.name}: done in {minutes:.1f} min", style="bold", highlight=False)
    for name, value in (*lines, ("open the UI", f"./labelloop up{here}")):
        console.print(f"{name:18}{value}", soft_wrap=True, highlight=False, markup=False)


def answer_tasks(
    home_folder: Path, *, truth: Path, workers: int, noise: float, until_idle: bool, console: Console
) -> None:
    """Let a simulated crowd loose on the AWS that the environment names, or on the stand-in of the folder."""
    from demo.crowd import run_crowd
    from demo.noise import Noise

    if "AWS_ENDPOINT_URL" not in os.environ:
        use_stand_in_of(Home(home_folder.absolute()).stand_in)
    with Progress(console=console) as progress:
        bars: dict[str, TaskID] = {}

        def show(job: str, answers: int) -> None:
            if job not in bars:
                bars[job] = progress.add_task(job, total=None)
            progress.update(bars[job], completed=answers, description=f"{job}: {answers} answers")

        report = run_crowd(
            truth=truth, workers=workers, noise=Noise().scaled(noise), until_idle=until_idle, progress=show
        )
    for source in sorted(report.declined):
        console.print(f"declined, not in {truth}: {source}", style="yellow", markup=False)
    console.print(f"{sum(report.answers.values())} answers in {len(report.answers)} labeling jobs")
