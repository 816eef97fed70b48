"""Tables for the pages of assets."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from vision.boxes import Box


def table(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> dg.MetadataValue:
    """Rows by column name; ``columns`` gives the types, so that an empty table shows its columns too."""
    return dg.MetadataValue.table(
        records=[dg.TableRecord(dict(row)) for row in rows],
        schema=dg.TableSchema([dg.TableColumn(name, type=kind) for name, kind in columns.items()]),
    )


def boxes_per_label(boxes: Iterable[Box]) -> dg.MetadataValue:
    counts = Counter(box.label for box in boxes).most_common()
    return table(
        {"label": "string", "boxes": "int"}, ({"label": label, "boxes": count} for label, count in counts)
    )
