"""The report of an evaluation: a page in S3 that people open from the UI."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.gate import AgainstLive
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore
from vision.boxes import Box
from vision.evaluation import Evaluation
from vision.manifest import LabeledImage
from vision.report import evaluation_report


def write_report(
    store: ObjectStore,
    loop: Loop,
    result: Evaluation,
    truth: Mapping[str, LabeledImage],
    boxes: Mapping[str, list[Box]],
    compared: AgainstLive,
) -> dict[str, Any]:
    """Metadata: a link that works for a week, and where the page stays."""
    page = evaluation_report(
        compared.model,
        result,
        truth,
        boxes,
        store.read,
        score_floor=loop.score_floor,
        live=compared.live,
        difference=compared.difference,
    )
    # Not by its model alone: the same model beside another live one is another page.
    uri = loop.uri(f"reports/{compared.model}-{sha256(page)[:12]}.html")
    store.write(uri, page, "text/html; charset=utf-8")
    return {"report": dg.MetadataValue.url(store.link(uri)), "report_uri": uri}
