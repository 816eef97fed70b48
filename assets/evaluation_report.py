"""The report of an evaluation: a page in S3 that people open from the UI."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets.gate import AgainstLive
from assets.measuring import Found, Measuring
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore
from vision.over_time import Beside, Measured


def write_report(
    store: ObjectStore,
    loop: Loop,
    test: Measuring,
    found: Found,
    compared: AgainstLive,
    past: Sequence[Measured],
    beside: Beside | None,
) -> dict[str, Any]:
    """Metadata: a link that works for a week, and where the page stays. ``past`` ends with its evaluation."""
    page = test.report(
        found,
        model=compared.model,
        live=compared.live,
        difference=compared.difference,
        past=past,
        beside=beside,
    )
    # Not by its model alone: the same model beside another live one is another page.
    uri = loop.uri(f"reports/{compared.model}-{sha256(page)[:12]}.html")
    store.write(uri, page, "text/html; charset=utf-8")
    return {"report": dg.MetadataValue.url(store.link(uri)), "report_uri": uri}
