"""One label per image, whichever batch it came in."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg

from assets.content import place_of, places
from assets.label_checks import (
    CLASS_IDS_ARE_STABLE,
    CLASS_MIX_IS_STABLE,
    class_ids_are_stable,
    class_mix_is_stable,
)
from assets.labeled_manifest import labeled_manifest
from assets.raw_images import raw_images
from assets.records import OWNERS, batch_records, publish, read_record
from assets.tables import count_labels
from assets.training_manifest import training_manifest
from resources.loop import Loop
from resources.names import content_hash, sha256
from resources.object_store import ObjectStore
from vision.label_quality import class_map
from vision.manifest import FORMS, ImageLabel, read_labeled


@dataclass(frozen=True)
class Label:
    """An accepted label, and where it is from."""

    image: ImageLabel
    etag: str  # of the image's bytes that the workers saw
    batch: str
    answers: list[str] | None = None  # the workers' answer files; None where nobody noted them
    functions: dict[str, Any] | None = None  # of the labeling job: see assets.function_versions

    def origin(self) -> dict[str, Any]:
        noted = {"answers": self.answers, "functions": self.functions}
        return {
            "batch": self.batch,
            "image": self.image.uri,
            "etag": self.etag,
            "job": self.image.job,
            "created": self.image.created,
            "objects": len(self.image.names),
        } | {name: value for name, value in noted.items() if value is not None}


@dg.asset(
    deps=[raw_images, dg.AssetDep(labeled_manifest, partition_mapping=dg.AllPartitionMapping())],
    check_specs=[CLASS_IDS_ARE_STABLE, CLASS_MIX_IS_STABLE],
    group_name="labels",
    kinds={"s3", "json"},
    owners=OWNERS,
    code_version="1",
)
def labels(loop: dg.ResourceParam[Loop], store: ObjectStore) -> dg.MaterializeResult:
    """The labels of all batches as one augmented manifest.

    A label belongs to the bytes that the workers saw. It follows an image that is renamed, and goes when the
    image is deleted or gets other bytes; of copies of an image one has it. Content that was labeled more than
    once has its latest accepted label; all others stay in the history, each with the batch, the labeling job,
    the functions' code and the workers' answer files that made it. `labelloop explain` walks them.
    """
    history = merge(read_batches(store, loop))
    if not history:
        raise dg.Failure(
            "No image is labeled yet: materialize labeled_manifest, or wait for workers who are asked again.",
            allow_retries=False,
        )
    current = current_labels(history, read_record(store, loop, "raw_images")["images"])
    if not current:
        raise dg.Failure(
            f"None of the {len(history)} labeled images is under {loop.images_uri} any more.",
            allow_retries=False,
        )
    body = training_manifest(loop, [label.image for label in current.values()])
    manifest = store.update(loop.uri(f"labels/{sha256(body)[:12]}.manifest"), body)
    origins = origins_by_image(history, current)
    history_uri = store.update_json(loop.uri(f"labels/history-{content_hash(origins)[:12]}.json"), origins)
    return publish(
        store,
        loop,
        "labels",
        {
            "manifest": manifest,
            "sha256": sha256(body),
            "etags": {uri: label.etag for uri, label in current.items()},
            "history": history_uri,
        },
        metadata=numbers(history, current, FORMS[loop.label_form].noun)
        | {"manifest": manifest, "history": history_uri},
        check_results=[
            class_ids_are_stable(loop, class_maps(loop, history)),
            class_mix_is_stable(loop, class_mixes(current)),
        ],
    )


def read_batches(store: ObjectStore, loop: Loop) -> Iterator[Label]:
    batches = list(batch_records(store, loop, "labeled_manifest"))
    manifests = store.read_all(record["manifest"] for _, record in batches)
    for (batch, record), body in zip(batches, manifests, strict=True):
        answers, functions = record.get("answers"), record.get("functions")
        for image in accepted(loop, record["manifest"], body):
            files = answers and [answers["prefix"] + name for name in answers["files"].get(image.uri, ())]
            yield Label(image, record["etags"][image.uri], batch, files, functions)


def read_accepted(store: ObjectStore, loop: Loop, record: dict[str, Any]) -> list[ImageLabel]:
    """The images of a manifest that a record names. It had no problems when it was written, so one that it
    has now comes from changed settings and raises dg.Failure.
    """
    return accepted(loop, record["manifest"], store.read(record["manifest"]))


def accepted(loop: Loop, uri: str, body: bytes) -> list[ImageLabel]:
    """What the manifest at ``uri`` says. Raises dg.Failure."""
    manifest = read_labeled(body, loop.kept_attribute, loop.labels, form=loop.label_form)
    if manifest.problems:
        raise dg.Failure(
            f"{uri} does not fit the loop's file any more: {manifest.problems[0]}. "
            "Put the label back into `labels`, or label these images again.",
            allow_retries=False,
        )
    return manifest.images


def merge(labels: Iterable[Label]) -> dict[str, list[Label]]:
    """Every label of each content, by its ETag, the oldest first."""
    history: dict[str, list[Label]] = {}
    for label in sorted(labels, key=lambda label: (label.image.uri, label.image.created or "", label.batch)):
        history.setdefault(label.etag, []).append(label)
    for versions in history.values():  # content that was labeled under two keys
        versions.sort(key=lambda label: (label.image.created or "", label.batch))
    return history


def class_maps(loop: Loop, history: Mapping[str, list[Label]]) -> Iterator[tuple[str, dict[int, str]]]:
    """What the class ids stood for in each batch, by its labels' own account."""
    for versions in history.values():
        for label in versions:
            yield label.batch, class_map(label.image.line, loop.kept_attribute)


def class_mixes(current: Mapping[str, Label]) -> list[tuple[str, Counter]]:
    """Objects per label of each batch, of the labels that count now; the oldest batch first."""
    mixes: dict[str, Counter] = {}
    for label in sorted(current.values(), key=lambda label: label.image.created or ""):
        mixes.setdefault(label.batch, Counter()).update(label.image.names)
    return list(mixes.items())


def current_labels(
    history: Mapping[str, list[Label]], images: Iterable[Mapping[str, Any]]
) -> dict[str, Label]:
    """The latest label of all content that is still there, as a label of the image that has it now."""
    where, current = places(images), {}
    for etag, versions in history.items():
        latest = versions[-1]
        uri = place_of(where, latest.image.uri, etag)
        if uri is not None:
            current[uri] = replace(latest, image=replace(latest.image, uri=uri))
    return dict(sorted(current.items()))


def origins_by_image(
    history: Mapping[str, list[Label]], current: Mapping[str, Label]
) -> dict[str, list[dict[str, Any]]]:
    """All labels ever accepted, under the image that has the content now or, if it is gone, had it last."""
    now = {label.etag: uri for uri, label in current.items()}
    origins: dict[str, list[dict[str, Any]]] = {}
    for etag in sorted(history, key=lambda etag: etag in now):  # what counts comes last
        uri = now.get(etag, history[etag][-1].image.uri)
        origins.setdefault(uri, []).extend(label.origin() for label in history[etag])
    return dict(sorted(origins.items()))


def numbers(history: Mapping[str, list[Label]], current: Mapping[str, Label], noun: str) -> dict[str, Any]:
    images = [label.image for label in current.values()]
    return {
        "images": len(images),
        **count_labels(noun, images),
        "empty_images": sum(not image.names for image in images),
        "batches": len({label.batch for versions in history.values() for label in versions}),
        "labeled_again": sum(len(versions) > 1 for versions in history.values()),
        "renamed": sum(uri != history[label.etag][-1].image.uri for uri, label in current.items()),
        "deleted_or_changed": len(history) - len(current),
    }
