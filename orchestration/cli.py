"""`labelloop`: the loop on one machine, from the command line."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestration.home import DEFAULT_HOME
from orchestration.loop import DEFAULT_LOOP, PROJECT, LoopError, find_loop
from orchestration.machine import cores
from orchestration.stand_in import StandInError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console()

HomeFolder = Annotated[
    Path, typer.Option("--home", envvar="LABELLOOP_HOME", help="The folder that holds everything of a run")
]
LoopName = Annotated[
    str | None,
    typer.Option("--loop", help="A loop's file, or the name of one in loops/; else the last demo's"),
]
Noise = Annotated[float, typer.Option(min=0, max=5, help="The workers' errors: 0 is perfect, 1 is ordinary")]


@app.command()
def demo(
    loop: Annotated[
        str | None,
        typer.Option(help="A loop's file, or the name of one in loops/: foods_and_cosmetics if not given"),
    ] = None,
    voc: Annotated[Path | None, typer.Option(help="Your own photographs: a Pascal VOC folder")] = None,
    coco: Annotated[Path | None, typer.Option(help="Your own photographs: a COCO instances file")] = None,
    photographs: Annotated[int, typer.Option(min=20, help="How many packaging photographs to make")] = 240,
    workers: Annotated[int, typer.Option(min=1, max=9, help="Simulated workers")] = 3,
    noise: Noise = 1.0,
    home: HomeFolder = DEFAULT_HOME,
):
    """Photographs, simulated labelers, training, a live endpoint, and one predicted image, drawn.

    A loop about classes, which has no trainer, ends with its labels, compared with the truth.
    """
    from orchestration.demonstration import run_demonstration

    if sum(map(bool, (loop, voc, coco))) > 1:
        raise typer.BadParameter("give one of --loop, --voc and --coco")
    run_demonstration(
        home,
        console,
        loop_file=find_loop(loop) if loop else None,
        voc=voc,
        coco=coco,
        photographs=photographs,
        workers=workers,
        noise=noise,
    )


@app.command()
def up(
    port: Annotated[int, typer.Option(help="The port of the Dagster UI")] = 3000,
    loop: Annotated[
        list[str] | None,
        typer.Option(
            help="A loop's file, or the name of one in loops/; may be given several times. "
            "All of loops/ and the last demo's if not given"
        ),
    ] = None,
    home: HomeFolder = DEFAULT_HOME,
):
    """The stand-in and the Dagster UI with the loops side by side; Ctrl-C stops all of it."""
    from orchestration.serving import serve

    serve(home, port=port, loop_files=[find_loop(name) for name in loop or ()], console=console)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Small letters, digits and underscores")],
    like: Annotated[str, typer.Option(help="A loop's file, or the name of one in loops/, to begin with")] = (
        DEFAULT_LOOP.stem
    ),
):
    """A new loop: its commented file in loops/, its code location and its entry in workspace.yaml."""
    from orchestration.scaffold import add_loop

    file = add_loop(name, find_loop(like))
    console.print(f"Made {file}. Say there what to label: labels, labeling, bucket, images.", soft_wrap=True)
    console.print(f"Then: ./labelloop preview-task {name}, and ./labelloop up --loop {name}", soft_wrap=True)


@app.command()
def crowd(
    truth: Annotated[Path, typer.Option(help="COCO file with what the workers shall see")],
    workers: Annotated[int, typer.Option(min=1, max=9)] = 3,
    noise: Noise = 1.0,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when no task is open")] = False,
    home: HomeFolder = DEFAULT_HOME,
):
    """Answer the open tasks of every labeling job as simulated workers, through the portal."""
    from orchestration.demonstration import answer_tasks

    answer_tasks(home, truth=truth, workers=workers, noise=noise, until_idle=until_idle, console=console)


@app.command()
def invite(
    username: Annotated[str, typer.Argument(help="The name that the worker signs in with")],
    loop: LoopName = None,
    home: HomeFolder = DEFAULT_HOME,
):
    """Let a person label: a place in the loop's work team, and a first password for the portal."""
    from orchestration.people import invite

    invitation = invite(home, find_loop(loop) if loop else None, username)
    console.print(f"portal          {invitation.portal}", highlight=False, soft_wrap=True)
    console.print(f"user name       {invitation.username}", highlight=False, markup=False)
    console.print(f"first password  {invitation.first_password}", highlight=False, markup=False)


@app.command()
def requester(
    loop: LoopName = None,
    home: HomeFolder = DEFAULT_HOME,
):
    """Print a link to the page that shows how the labeling jobs get on."""
    from orchestration.people import requester_link

    typer.echo(requester_link(home, find_loop(loop) if loop else None))


@app.command()
def predict(
    image: Annotated[Path, typer.Argument(help="A JPEG or PNG file", exists=True, dir_okay=False)],
    loop: LoopName = None,
    home: HomeFolder = DEFAULT_HOME,
):
    """Ask the live endpoint about one image and draw its answer."""
    from orchestration.demonstration import predict_file

    predict_file(home, image, loop_file=find_loop(loop) if loop else None, console=console)


@app.command()
def explain(
    image: Annotated[
        str, typer.Argument(help="A JPEG or PNG file, an S3 URI, or a key in the loop's bucket")
    ],
    in_json: Annotated[bool, typer.Option("--json", help="The same as JSON, for scripts")] = False,
    loop: LoopName = None,
    home: HomeFolder = DEFAULT_HOME,
):
    """What is behind the live endpoint's answer: model, splits, nearest label, workers' answers."""
    from orchestration.explain import explain_image

    explain_image(home, image, loop_file=find_loop(loop) if loop else None, in_json=in_json, console=console)


@app.command("preview-task")
def preview_task(
    loop: Annotated[str, typer.Argument(help="A loop's file, or the name of one in loops/")],
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Show it in the browser")] = True,
    home: HomeFolder = DEFAULT_HOME,
):
    """The task of the loop's first image as workers will see it, before any labeling job is created."""
    from orchestration.preview import preview

    preview(home, find_loop(loop), open_browser=open_browser, console=console)


@app.command("import")
def import_labels(
    coco: Annotated[Path | None, typer.Option(help="A COCO instances file, its images beside it")] = None,
    voc: Annotated[Path | None, typer.Option(help="A Pascal VOC folder")] = None,
    yolo: Annotated[Path | None, typer.Option(help="A YOLO folder: data.yaml, labels and images")] = None,
    loop: LoopName = None,
    home: HomeFolder = DEFAULT_HOME,
):
    """Upload images that are labeled already, as a batch of the loop that no worker is asked about."""
    from orchestration.importing import import_dataset
    from vision.exchange import read_coco, read_voc, read_yolo

    readers = ((coco, read_coco), (voc, read_voc), (yolo, read_yolo))
    given = [(read, path) for path, read in readers if path]
    if len(given) != 1:
        raise typer.BadParameter("give one of --coco, --voc and --yolo")
    ((read, path),) = given
    import_dataset(home, find_loop(loop) if loop else None, dataset=read(path), console=console)


@app.command("export")
def export_labels(
    coco: Annotated[Path | None, typer.Option(help="A new folder for instances.json and images")] = None,
    voc: Annotated[Path | None, typer.Option(help="A new folder for Annotations and JPEGImages")] = None,
    yolo: Annotated[Path | None, typer.Option(help="A new folder for data.yaml, labels and images")] = None,
    loop: LoopName = None,
    home: HomeFolder = DEFAULT_HOME,
):
    """Write the loop's labels and their images as a COCO, Pascal VOC or YOLO data set."""
    from orchestration.exchange import export

    given = {form: folder for form, folder in (("coco", coco), ("voc", voc), ("yolo", yolo)) if folder}
    if len(given) != 1:
        raise typer.BadParameter("give one of --coco, --voc and --yolo")
    ((form, folder),) = given.items()
    export(home, find_loop(loop) if loop else None, form=form, folder=folder, console=console)


@app.command("labeling-service")
def labeling_service(
    home: Annotated[Path, typer.Option(help="The folder that holds its jobs, teams and answers")] = (
        DEFAULT_HOME / "labeling-service"
    ),
    host: Annotated[str, typer.Option(help="The address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="For SageMaker's API; 0 is the last one")] = 0,
    portal_port: Annotated[int, typer.Option(help="For the workers' portal; 0 is the last one")] = 0,
    url: Annotated[str, typer.Option(help="The API's address, where a proxy stands before it")] = "",
    portal_url: Annotated[str, typer.Option(help="The portal's address, likewise")] = "",
    s3_endpoint: Annotated[str, typer.Option(help="AWS's own if not given; so are the next three")] = "",
    lambda_endpoint: str = "",
    cognito_endpoint: str = "",
    sts_endpoint: str = "",
):
    """Ground Truth's labeling alone, beside AWS's own S3, Lambda and Cognito; Ctrl-C stops it."""
    from orchestration.labeling_service import serve

    options = {
        "host": host,
        "port": str(port),
        "portal-port": str(portal_port),
        "url": url,
        "portal-url": portal_url,
        "s3-endpoint": s3_endpoint,
        "lambda-endpoint": lambda_endpoint,
        "cognito-endpoint": cognito_endpoint,
        "sts-endpoint": sts_endpoint,
    }
    serve(home, options, console)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="With crashes and whole loops")] = False,
):
    """The tests in several processes; arguments go to pytest."""
    chosen = [] if everything else ["-m", "not slow"]
    # Each process gets its part of the files, and what is left of another's when it is done: so what a file's
    # tests share (servers, a browser, a trained model) is made once. One process more than there are cores,
    # since a test waits for its servers for a good part of its time.
    shared = ["-n", str(cores() + 1), "--dist", "worksteal"]
    command = [sys.executable, "-m", "pytest", *shared, *chosen, *context.args]
    raise typer.Exit(subprocess.call(command, cwd=PROJECT))


@app.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Which of them; all if not given")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Tiny sizes: only whether they run")] = False,
    home: HomeFolder = DEFAULT_HOME,
):
    """The benchmarks one after the other; their tables are kept in the home folder."""
    from orchestration.benchmarking import UnknownBenchmark, run_benchmarks

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or what was started would go on
    try:
        well = run_benchmarks(home, names or (), quick=quick, console=console)
    except UnknownBenchmark as problem:
        console.print(f"labelloop: {problem}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from problem
    raise typer.Exit(0 if well else 1)


def main() -> None:
    """Errors that a person can mend are one line; only our own mistakes show a traceback."""
    import dagster as dg

    from vision.exchange import DatasetProblem

    # A shell that starts us in the background ignores SIGINT, and Dagster's processes would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    try:
        app()
    except (StandInError, DatasetProblem, LoopError, dg.Failure) as problem:
        message = getattr(problem, "description", None) or problem
        console.print(f"labelloop: {message}", style="red", markup=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
