"""Tables for the pages of assets."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import dagster as dg

from vision.provenance import ImageLabel


def table(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> dg.MetadataValue:
    """Rows by column name; ``columns`` gives the types, so that an empty table shows its columns too."""
    return dg.MetadataValue.table(
        records=[dg.TableRecord(dict(row)) for row in rows],
        schema=dg.TableSchema([dg.TableColumn(name, type=kind) for name, kind in columns.items()]),
    )


def count_labels(noun: str, images: Collection[ImageLabel]) -> dict[str, Any]:
    """How many objects the labels name, in numbers and per label; ``noun`` says what is counted."""
    names = [name for image in images for name in image.names]
    counts = Counter(names).most_common()
    return {
        noun: len(names),
        f"{noun}_per_label": table(
            {"label": "string", noun: "int"}, ({"label": label, noun: count} for label, count in counts)
        ),
    }
