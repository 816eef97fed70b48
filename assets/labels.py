"""One label per image, whichever batch it came in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.labeled_manifest import labeled_manifest
from assets.records import OWNERS, batch_records, publish
from assets.tables import count_labels
from assets.training_manifest import training_manifest
from resources.loop import Loop
from resources.names import content_hash, sha256
from resources.object_store import ObjectStore
from vision.manifest import FORMS, ImageLabel, read_labeled


@dataclass(frozen=True)
class Label:
    """An accepted label, and where it is from."""

    image: ImageLabel
    etag: str  # of the image's bytes that the workers saw
    batch: str

    def origin(self) -> dict[str, Any]:
        return {
            "batch": self.batch,
            "etag": self.etag,
            "job": self.image.job,
            "created": self.image.created,
            "objects": len(self.image.names),
        }


@dg.asset(
    deps=[dg.AssetDep(labeled_manifest, partition_mapping=dg.AllPartitionMapping())],
    group_name="labels",
    kinds={"s3", "json"},
    owners=OWNERS,
    code_version="1",
)
def labels(loop: dg.ResourceParam[Loop], store: ObjectStore) -> dg.MaterializeResult:
    """The labels of all batches as one augmented manifest.

    An image that was labeled more than once has its latest accepted label; the earlier ones stay in the
    history, with the batch and the labeling job that made them.
    """
    history = merge(read_batches(store, loop))
    if not history:
        raise dg.Failure("No image is labeled yet: materialize labeled_manifest.", allow_retries=False)
    images = [versions[-1].image for versions in history.values()]
    body = training_manifest(loop, images)
    origins = {uri: [label.origin() for label in versions] for uri, versions in history.items()}
    manifest = store.write(loop.uri(f"labels/{sha256(body)[:12]}.manifest"), body)
    history_uri = store.write_json(loop.uri(f"labels/history-{content_hash(origins)[:12]}.json"), origins)
    return publish(
        store,
        loop,
        "labels",
        {
            "manifest": manifest,
            "sha256": sha256(body),
            "etags": {uri: versions[-1].etag for uri, versions in history.items()},
        },
        metadata=numbers(history, FORMS[loop.label_form].noun)
        | {"manifest": manifest, "history": history_uri},
    )


def read_batches(store: ObjectStore, loop: Loop) -> Iterator[Label]:
    for batch, record in batch_records(store, loop, "labeled_manifest"):
        for image in read_accepted(store, loop, record):
            yield Label(image, record["etags"][image.uri], batch)


def read_accepted(store: ObjectStore, loop: Loop, record: dict[str, Any]) -> list[ImageLabel]:
    """The images of a manifest that a record names. It had no problems when it was written, so one that it
    has now comes from changed settings and raises dg.Failure.
    """
    body = store.read(record["manifest"])
    manifest = read_labeled(body, loop.kept_attribute, loop.labels, form=loop.label_form)
    if manifest.problems:
        raise dg.Failure(
            f"{record['manifest']} does not fit the loop's file any more: {manifest.problems[0]}. "
            "Put the label back into `labels`, or label these images again.",
            allow_retries=False,
        )
    return manifest.images


def merge(labels: Iterable[Label]) -> dict[str, list[Label]]:
    """Every label of each image, the oldest first, images in the order of their URIs."""
    history: dict[str, list[Label]] = {}
    for label in sorted(labels, key=lambda label: (label.image.uri, label.image.created or "", label.batch)):
        history.setdefault(label.image.uri, []).append(label)
    return history


def numbers(history: dict[str, list[Label]], noun: str) -> dict[str, Any]:
    images = [versions[-1].image for versions in history.values()]
    return {
        "images": len(images),
        **count_labels(noun, images),
        "empty_images": sum(not image.names for image in images),
        "batches": len({label.batch for versions in history.values() for label in versions}),
        "labeled_again": sum(len(versions) > 1 for versions in history.values()),
    }
