"""A worker's task before there is a labeling job: `labelloop preview-task`."""

import os
import signal
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from rich.console import Console

from assets.records import read_record
from assets.review import reviewed_lines
from assets.task_template import task_template
from orchestration.headless import HeadlessLoop
from orchestration.home import Home
from orchestration.loop import load_loop
from orchestration.stand_in import StandIn, StandInError, any_stand_in
from resources.aws import Aws
from resources.functions import FunctionFailed
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.images import ImageProblem, inspect_image

EVENT_VERSION = "2018-10-16"


@dataclass(frozen=True)
class PreviewedTask:
    html: str
    problems: list[str]
    image: str


def preview(home_folder: Path, loop_file: Path, *, open_browser: bool, console: Console) -> None:
    """Write the task's page under ``home_folder`` and say where it is and what is wrong with it.

    The page shows images and elements of the portal, so a stand-in that was started for it runs until Ctrl-C.
    Raises dg.Failure without images, and StandInError when the stand-in ends before.
    """
    home, loop = Home(home_folder.absolute()), load_loop(loop_file)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with aws_of(home) as started:
        task = render_task(loop, ObjectStore(aws=Aws(region=loop.region)))
        home.tasks.mkdir(parents=True, exist_ok=True)
        file = home.tasks / f"{loop.name}.html"
        file.write_text(task.html)
        console.print(f"Task of {task.image}: {file}", soft_wrap=True, highlight=False, markup=False)
        for problem in task.problems:
            console.print(f"problem: {problem}", style="red", soft_wrap=True, markup=False)
        if open_browser and task.html:
            webbrowser.open(file.as_uri())
        if started:
            console.print("Ctrl-C stops the portal that the page's image and tools come from.")
            while not stopping.wait(0.5):
                if started.process.poll() is not None:
                    raise StandInError(f"the stand-in ended with exit code {started.process.returncode}")


@contextmanager
def aws_of(home: Home) -> Iterator[StandIn | None]:
    """The AWS that the environment names, else the stand-in of the folder; given if it was started here."""
    if "AWS_ENDPOINT_URL" in os.environ:
        yield None
    else:
        with any_stand_in(home.stand_in) as started:
            yield started


def render_task(loop: Loop, store: ObjectStore) -> PreviewedTask:
    """The task of the loop's first image, by the loop's own template and deployed pre-annotation function."""
    line = first_line(loop, store)
    with dg.DagsterInstance.ephemeral() as instance:
        headless = HeadlessLoop(loop, instance, store)
        headless.materialize("labeling_functions")
        deployed = read_record(store, loop, "labeling_functions")
        question = {
            "version": EVENT_VERSION,
            "dataObject": line,
            "task": {
                "labels": loop.labels,
                "header": loop.labeling.description,
                **({"auditLabelAttributeName": loop.review.attribute} if loop.review else {}),
            },
        }
        resources = headless.definitions.resources
        try:
            answer = resources["functions"].invoke(deployed["pre_annotation"]["name"], question)
        except FunctionFailed as problem:
            raise dg.Failure(f"The pre-annotation function makes no task of {line}: {problem}") from problem
        page = resources["ground_truth"].render_template(
            task_template(loop), answer["taskInput"], deployed["role"]
        )
    return PreviewedTask(page.html, page.problems, line["source-ref"])


def first_line(loop: Loop, store: ObjectStore) -> dict[str, Any]:
    """The manifest line of the first image that workers could be shown. Raises dg.Failure without one."""
    lines = reviewed_lines(store, loop) if loop.review else None
    problems = []
    for found in store.list(loop.images_uri):
        if found.key.endswith("/") or (lines is not None and found.uri not in lines):
            continue
        try:
            inspect_image(store.read(found.uri))
        except ImageProblem as problem:
            problems.append(f"{found.uri}: {problem}")
            continue
        return lines[found.uri] if lines else {"source-ref": found.uri}
    raise dg.Failure(
        f"There is no image under {loop.images_uri} to make a task of: upload images there first"
        + (f" (not usable: {'; '.join(problems[:3])})" if problems else ""),
        allow_retries=False,
    )
