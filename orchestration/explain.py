"""What stands behind a prediction, back to the workers' answers: `labelloop explain`."""

import json
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from rich.console import Console

from assets.explanation import Explanation, explain
from assets.explanation_text import as_json, steps
from assets.live_endpoint import predict
from orchestration.home import Home
from orchestration.loop import LoopError, load_loop
from orchestration.preview import aws_of
from resources.aws import Aws
from resources.endpoints import Endpoints
from resources.loop import Loop
from resources.object_store import ObjectStore
from resources.served_model import served_model
from vision.images import ImageProblem
from vision.predictions import PredictionProblem

COLUMN = 18


@dataclass(frozen=True)
class AskedImage:
    name: str  # how it is shown: a path, or an S3 URI
    body: bytes
    etags: tuple[str, ...] = ()


def explain_image(
    home_folder: Path, image: str, *, loop_file: Path | None, in_json: bool, console: Console
) -> None:
    """Ask the live endpoint about the image and print the chain behind its answer, step by step.

    Raises LoopError for an image that is not there, and dg.Failure where the chain breaks.
    """
    home = Home(home_folder.absolute())
    loop = load_loop(loop_file or home.last_loop())
    with aws_of(home):
        aws = Aws(region=loop.region)
        found = explanation_of(loop, aws, image)
    if in_json:
        print(json.dumps(as_json(found), indent=1, ensure_ascii=False))
        return
    for name, text in steps(found):
        console.print(
            f"{name:{COLUMN}}{printable(text)}", soft_wrap=True, highlight=False, markup=False, emoji=False
        )


def explanation_of(loop: Loop, aws: Aws, image: str) -> Explanation:
    if not loop.can_train:
        raise LoopError(
            f"{loop.name}: a loop of {loop.label_form} has no model, so there is nothing to explain"
        )
    store, endpoints = ObjectStore(aws=aws), Endpoints(aws=aws)
    asked = read_image(store, loop, image)
    served = served_model(aws, loop.endpoint_name)
    if served.status in ("Creating", "Failed", "Deleting", "OutOfService"):
        raise dg.Failure(f"The endpoint {served.endpoint} is {served.status}: it answers nothing.")
    try:
        answer = predict(endpoints, loop, served.labels, asked.body)
        return explain(store, loop, served, asked.name, asked.body, answer.seen, asked.etags)
    except ImageProblem as problem:
        raise LoopError(f"{asked.name}: {problem}") from problem
    except PredictionProblem as problem:
        raise dg.Failure(f"The endpoint {served.endpoint} answers {asked.name} with {problem}") from problem


def read_image(store: ObjectStore, loop: Loop, image: str) -> AskedImage:
    """``image`` is a file, an S3 URI, or a key in the loop's bucket. Raises LoopError."""
    if not image.startswith("s3://") and Path(image).is_file():
        return AskedImage(image, Path(image).read_bytes())
    uri = image if image.startswith("s3://") else f"s3://{loop.bucket}/{image}"
    etags = tuple(found.etag for found in store.list(uri) if found.uri == uri) if "/" in uri[5:] else ()
    if not etags:
        raise LoopError(f"{image}: there is neither such a file nor an object {uri}")
    return AskedImage(uri, store.read(uri), etags)


def printable(text: str) -> str:
    """A name may hold anything: nothing in it moves the cursor, or begins another line."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
