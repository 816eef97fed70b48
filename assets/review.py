"""The labels that a review is about."""

import dagster as dg

from assets.records import record_uri
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.lines import parse_lines


def reviewed_lines(store: ObjectStore, loop: Loop) -> dict[str, dict]:
    """Manifest lines with a label under ``review.attribute``, by image. Raises dg.Failure.

    They are those of the reviewed loop's `labels` or of the manifest that the settings name.
    """
    uri = loop.review.manifest or _labels_of_loop(store, loop)
    try:
        body = store.read(uri)
    except FileNotFoundError as error:
        raise dg.Failure(f"review.manifest: there is no {uri}.", allow_retries=False) from error
    lines, problems = parse_lines(body, limits=False)
    if problems:
        raise dg.Failure(f"{uri} cannot be reviewed: {problems[0]}", allow_retries=False)
    labeled = {
        line["source-ref"]: line
        for _, line in lines
        if "source-ref" in line and loop.review.attribute in line
    }
    if not labeled:
        names = sorted({name for _, line in lines for name in line} - {"source-ref", "source"})
        raise dg.Failure(
            f"review.attribute: no line of {uri} has a label {loop.review.attribute!r}; it has {names}",
            allow_retries=False,
        )
    return labeled


def reviewed_uri(loop: Loop) -> str:
    """The object that changes when there is something else to review."""
    if loop.review.manifest:
        return loop.review.manifest
    return record_uri(loop.model_copy(update={"name": loop.review.loop}), "labels")


def _labels_of_loop(store: ObjectStore, loop: Loop) -> str:
    try:
        return store.read_json(reviewed_uri(loop))["manifest"]
    except FileNotFoundError as error:
        raise dg.Failure(
            f"review.loop: the loop {loop.review.loop} has no labels in the bucket {loop.bucket} yet: "
            f"materialize its `labels` first (there is no {error}).",
            allow_retries=False,
        ) from error
