"""Which of the waiting images go first, as `automation.selection` of the loop's file says."""

import csv
import io
from collections.abc import Callable, Mapping

from assets.batches import Batch, Member
from assets.picture_groups import read_fingerprints
from assets.records import record_uri
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.selection import by_diversity, by_uncertainty, in_random_order

# The first images of those given, so many as asked for.
Select = Callable[[list[Member], int], list[Member]]


def selection(store: ObjectStore, loop: Loop, opened: Mapping[str, Batch]) -> Select:
    """Reads what it goes by when it is asked. ``opened``: all batches, whose images count as labeled."""

    def select(members: list[Member], count: int) -> list[Member]:
        by_etag = {member["etag"]: member for member in members}
        if loop.automation.selection == "uncertainty":
            chosen = by_uncertainty(by_etag, predicted_scores(store, loop), loop.score_floor)
        elif loop.automation.selection == "diversity":
            seen = {member["etag"] for batch in opened.values() for member in batch.members}
            chosen = by_diversity(by_etag, read_fingerprints(store, loop), seen, count)
        else:
            chosen = in_random_order(by_etag)
        return [by_etag[etag] for etag in chosen[:count]]

    return select


def predicted_scores(store: ObjectStore, loop: Loop) -> dict[str, list[float]]:
    """The scores of the boxes on each image that the newest `batch_predictions` is about, by its ETag.

    Nothing where there are no predictions yet.
    """
    try:
        record = store.read_json(record_uri(loop, "batch_predictions"))
    except FileNotFoundError:
        return {}
    etags = record.get("etags", {})  # not in a record of an earlier version
    scores: dict[str, list[float]] = {etag: [] for etag in etags.values()}
    for row in csv.DictReader(io.StringIO(store.read(record["predictions"]).decode())):
        if row["image"] in etags:
            scores[etags[row["image"]]].append(float(row["score"]))
    return scores
