"""What the live endpoint was asked about, as images to be labeled."""

import hashlib
from collections.abc import Iterator

import dagster as dg

from assets.records import OWNERS, publish, record_uri
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore, StoredObject
from vision.captures import CaptureProblem, captured_inputs
from vision.images import ImageProblem, inspect_image

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png"}


@dg.asset(group_name="images", kinds={"s3", "sagemaker"}, owners=OWNERS, code_version="1")
def captured_images(
    context: dg.AssetExecutionContext, loop: dg.ResourceParam[Loop], store: ObjectStore
) -> dg.MaterializeResult:
    """Images that the live endpoint was asked about, copied among the loop's own: they join the next batch.

    They lie under `captured/`, named by their content, so one that was asked about twice is there once.
    Images that the loop has already are not copied. Each file of the data capture is read once: an image that
    is deleted there does not come back.
    """
    files, before = capture_files(store, loop), read_before(store, loop)
    unread = [file for file in files if file.key not in before]
    known = {stored.uri for stored in store.list(captured_uri(loop))}
    own, copied, passed_over = own_contents(store, loop), set(), 0
    for image in inputs(context, store, unread):
        try:
            uri = f"{captured_uri(loop)}{sha256(image)[:32]}{SUFFIXES[inspect_image(image).format]}"
        except ImageProblem:
            passed_over += 1
            continue
        if uri not in known | copied and hashlib.md5(image, usedforsecurity=False).hexdigest() not in own:
            copied.add(store.write(uri, image, "image/png" if uri.endswith(".png") else "image/jpeg"))
    return publish(
        store,
        loop,
        "captured_images",
        {"files": sorted(file.key for file in files)},  # of those that are still there
        metadata={
            "images_copied_now": len(copied),
            "files_read_now": len(unread),
            "no_images": passed_over,
            "images": len(known | copied),
        },
    )


def captured_uri(loop: Loop) -> str:
    return f"{loop.images_uri}captured/"


def capture_files(store: ObjectStore, loop: Loop) -> list[StoredObject]:
    return [found for found in store.list(loop.capture_uri + "/") if found.key.endswith(".jsonl")]


def read_before(store: ObjectStore, loop: Loop) -> set[str]:
    """Keys of the capture files whose images are copied."""
    try:
        return set(store.read_json(record_uri(loop, "captured_images"))["files"])
    except FileNotFoundError:
        return set()


def own_contents(store: ObjectStore, loop: Loop) -> set[str]:
    """The ETags of the loop's images: MD5 of their bytes, but for uploads in parts and with keys of KMS."""
    try:
        record = store.read_json(record_uri(loop, "raw_images"))
    except FileNotFoundError:
        return set()
    return {row["etag"] for row in record["images"]}


def inputs(
    context: dg.AssetExecutionContext, store: ObjectStore, files: list[StoredObject]
) -> Iterator[bytes]:
    """One file at a time in memory. One that is damaged holds none of the others up."""
    for file in files:
        try:
            yield from captured_inputs(store.read(file.uri))
        except FileNotFoundError:
            context.log.warning(f"{file.uri} was deleted while the files were listed")
        except CaptureProblem as problem:
            context.log.warning(f"{file.uri}: {problem}")
