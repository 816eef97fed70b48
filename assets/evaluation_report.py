"""The report of an evaluation: a page in S3 that people open from the UI."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.gate import AgainstLive
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore
from vision.boxes import Box
from vision.manifest import LabeledImage
from vision.over_time import Beside, Measured
from vision.report import evaluation_report


def write_report(
    store: ObjectStore,
    loop: Loop,
    truth: Mapping[str, LabeledImage],
    boxes: Mapping[str, list[Box]],
    compared: AgainstLive,
    past: Sequence[Measured],
    beside: Beside | None,
) -> dict[str, Any]:
    """Metadata: a link that works for a week, and where the page stays. ``past`` ends with its evaluation."""
    page = evaluation_report(
        compared.model,
        past[-1].result,
        truth,
        boxes,
        store.read,
        score_floor=loop.score_floor,
        live=compared.live,
        difference=compared.difference,
        past=past,
        beside=beside,
    )
    # Not by its model alone: the same model beside another live one is another page.
    uri = loop.uri(f"reports/{compared.model}-{sha256(page)[:12]}.html")
    store.write(uri, page, "text/html; charset=utf-8")
    return {"report": dg.MetadataValue.url(store.link(uri)), "report_uri": uri}
