"""Where a prediction comes from: endpoint, model, splits, nearest label, workers' answers, image."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.content import place_of, places
from assets.picture_groups import read_fingerprints
from assets.records import read_record
from resources.loop import Loop
from resources.object_store import ObjectStore
from resources.served_model import ServedModel
from vision.images import inspect_image
from vision.manifest import ImageLabel, read_labeled
from vision.nearest import Nearest, Question, nearest_label
from vision.seen import Seen

Origin = dict[str, Any]  # of a label, as assets.labels.Label.origin gives it


@dataclass(frozen=True)
class Explanation:
    """The chain from a served prediction back to people's answers; its ends may be missing, and say so."""

    image: str
    seen: Seen  # what was predicted
    served: ServedModel
    nearest: Nearest
    origin: Origin | None  # None where no history tells of the label
    image_now: str | None  # where the nearest label's image lies now; None when its bytes are gone
    answers_gone: list[str]  # those of the answer files that somebody has deleted

    @property
    def answers(self) -> list[str]:
        """URIs of the files with what workers answered about the nearest label's image."""
        return (self.origin or {}).get("answers", [])


@dataclass(frozen=True)
class TrainedOn:
    """What a model learned from, as it was then."""

    images: list[ImageLabel]
    etags: dict[str, str]  # by URI; those of images that nothing tells of any more are missing


class History:
    """The labels' history, in which an image may have another name than when a model was trained."""

    def __init__(self, origins_by_image: Mapping[str, Sequence[Origin]]):
        self._by_name: dict[tuple, Origin] = {}
        self._by_content: dict[tuple, Origin] = {}
        for uri, origins in origins_by_image.items():
            for origin in origins:
                made = origin["job"], origin["created"]
                self._by_content[(origin["etag"], *made)] = origin
                self._by_name[(origin["image"], *made)] = self._by_name[(uri, *made)] = origin

    def find(self, label: ImageLabel, etag: str | None = None) -> Origin | None:
        """Of a label as a training manifest has it."""
        made = label.job, label.created
        return self._by_content.get((etag, *made)) or self._by_name.get((label.uri, *made))


def explain(
    store: ObjectStore,
    loop: Loop,
    served: ServedModel,
    name: str,
    image: bytes,
    seen: Seen,
    etags: Collection[str] = (),
) -> Explanation:
    """``seen`` is what the endpoint saw in the ``image``; ``name`` is how it is shown.

    ``etags`` are what S3 calls the image where that is not the MD5 of its bytes. Raises dg.Failure where the
    chain breaks before it gets to a label, and vision.images.ImageProblem.
    """
    history = read_history(store, loop)
    trained_on = read_trained_on(store, loop, served, history)
    nearest = nearest_label(
        question(image, seen, etags), trained_on.images, trained_on.etags, read_fingerprints(store, loop)
    )
    etag = trained_on.etags.get(nearest.image.uri)
    origin = history.find(nearest.image, etag)
    where = places(read_record(store, loop, "raw_images")["images"])
    return Explanation(
        image=name,
        seen=seen,
        served=served,
        nearest=nearest,
        origin=origin,
        image_now=place_of(where, nearest.image.uri, etag) if etag else None,
        answers_gone=[uri for uri in (origin or {}).get("answers", ()) if not store.exists(uri)],
    )


def question(image: bytes, seen: Seen, etags: Collection[str]) -> Question:
    facts = inspect_image(image)
    md5 = hashlib.md5(image, usedforsecurity=False).hexdigest()
    asked = {md5, *etags}, facts.difference_hash, facts.width, facts.height
    return Question(*asked, seen.label, seen.box)


def read_history(store: ObjectStore, loop: Loop) -> History:
    """Raises dg.Failure for a loop whose labels have none yet."""
    labels = read_record(store, loop, "labels")
    if "history" not in labels:
        raise dg.Failure(
            "The record of labels does not name their history, as it was written by an earlier version: "
            "materialize labels once more.",
            allow_retries=False,
        )
    return History(store.read_json(labels["history"]))


def read_trained_on(store: ObjectStore, loop: Loop, served: ServedModel, history: History) -> TrainedOn:
    """The train split of the served model, which may be older than that of now. Raises dg.Failure."""
    uri = served.channels["train"]
    try:
        body = store.read(uri)
    except FileNotFoundError as error:
        raise dg.Failure(
            f"{served.training_job} has trained {served.model} on {uri}, and there is no such file any more.",
            allow_retries=False,
        ) from error
    images = read_labeled(body, served.attribute, served.labels, form=loop.label_form).images
    if not images:
        raise dg.Failure(
            f"{uri}, which {served.training_job} was trained on, has no label that can be read under "
            f"{served.attribute!r} for the labels {served.labels}.",
            allow_retries=False,
        )
    return TrainedOn(images, split_etags(store, uri) or dict(known_etags(images, history)))


def split_etags(store: ObjectStore, manifest: str) -> dict[str, str]:
    """As the split's own version tells them; none of splits that earlier versions of this program made."""
    try:
        return store.read_json(f"{manifest.removesuffix('.manifest')}.json")["etags"]
    except FileNotFoundError:
        return {}


def known_etags(images: Sequence[ImageLabel], history: History) -> Iterator[tuple[str, str]]:
    for image in images:
        if origin := history.find(image):
            yield image.uri, origin["etag"]
