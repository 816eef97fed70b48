"""What a model is, what it learned from and how good it is, on one page. What is not known says so.

After Mitchell et al., Model Cards for Model Reporting (2019), https://arxiv.org/abs/1810.03993
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from vision.provenance import ImageLabel

UNKNOWN = "not known"
NOBODY_SAYS = (
    "what the model is meant for, and what it must not be used for",
    "where, when and with which cameras the images were taken, beyond what `raw_images` shows",
    "how it does on images of another kind than those of the test split",
)
Card = dict[str, Any]


def describe_split(images: Iterable[ImageLabel], labels: Iterable[str], version: str) -> dict[str, Any]:
    """Of each label: how many objects bear it, and on how many images it is."""
    objects, occurring, count, empty, by_people = Counter(), Counter(), 0, 0, 0
    for image in images:
        objects.update(image.names)
        occurring.update(set(image.names))
        count, empty, by_people = count + 1, empty + (not image.names), by_people + image.human
    return {
        "version": version,
        "images": count,
        "images_without_label": empty,
        "images_labeled_by_people": by_people,
        "labels": {label: {"objects": objects[label], "images": occurring[label]} for label in labels},
    }


def describe_measures(
    means: Mapping[str, float],
    label_measure: str,
    per_label: Mapping[str, float | None],
    intervals: tuple[tuple[float, float], Mapping[str, tuple[float, float]]] | None,
    confidence: float,
) -> dict[str, Any]:
    """``means`` begins with the measure that counts; ``intervals`` are that one's and those of the labels,
    whose measure is called ``label_measure``."""
    main = next(iter(means))
    of_all, of_labels = intervals or (None, {})
    return {
        "means": {
            name: {"value": value, "interval": _list(of_all if name == main else None)}
            for name, value in means.items()
        },
        "label_measure": label_measure,
        "labels": {
            label: {"value": value, "interval": _list(of_labels.get(label))}
            for label, value in per_label.items()
        },
        "confidence": confidence,
        "method": "percentile bootstrap over the images of the test split",
    }


def not_known(card: Any, path: str = "") -> list[str]:
    """The places in a card that hold nothing, as ``training.libraries``."""
    if card is None:
        return [path]
    if not isinstance(card, Mapping):
        return []
    return [
        each
        for name, value in card.items()
        for each in not_known(value, f"{path}.{name}" if path else str(name))
    ]


def as_markdown(card: Card) -> str:
    """``card`` has ``model``, ``loop``, ``task``, ``data`` (splits by side), ``training`` and ``evaluation``,
    each of the last three None where nothing is known."""
    parts = [f"## Model {card['model']}", _table(("", ""), [("loop", card["loop"]), ("task", card["task"])])]
    for title, part in (("Data", _data), ("Training", _training), ("Evaluation", _evaluation)):
        facts = card.get(title.lower())
        parts += [f"### {title}", part(facts) if facts else UNKNOWN]
    parts += ["### Not known", "\n".join(f"- {each}" for each in (*NOBODY_SAYS, *not_known(card)))]
    return "\n\n".join(parts) + "\n"


def _data(splits: Mapping[str, Mapping[str, Any]]) -> str:
    labels = list(dict.fromkeys(label for split in splits.values() for label in split["labels"]))
    rows = [(name.replace("_", " "), *(split[name] for split in splits.values())) for name in _COUNTS]
    for label in labels:
        counts = (split["labels"].get(label) for split in splits.values())
        rows.append((label, *(f"{c['objects']} on {c['images']} images" if c else 0 for c in counts)))
    return _table(("", *splits), rows)


_COUNTS = ("version", "images", "images_without_label", "images_labeled_by_people")


def _training(facts: Mapping[str, Any]) -> str:
    return _table(("", ""), ((name.replace("_", " "), _text(value)) for name, value in facts.items()))


def _evaluation(facts: Mapping[str, Any]) -> str:
    sure = f"{facts['confidence']:.0%} interval"
    rows = [(f"**{name}**", *_measure(each)) for name, each in facts["means"].items()]
    rows += [(f"{facts['label_measure']} {name}", *_measure(each)) for name, each in facts["labels"].items()]
    return _table(("", "value", sure), rows) + f"\n\nIntervals: {facts['method']}."


def _measure(each: Mapping[str, Any]) -> tuple[str, str]:
    bounds = each["interval"]
    return _text(each["value"]), "{:.3f} to {:.3f}".format(*bounds) if bounds else UNKNOWN


def _text(value: Any) -> str:
    if value is None or value == {}:
        return UNKNOWN
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(head: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    def line(cells: Iterable[Any]) -> str:
        return "| " + " | ".join(_cell(cell) for cell in cells) + " |"

    head = list(head)
    return "\n".join([line(head), line(["---"] * len(head)), *map(line, rows)])


def _cell(value: Any) -> str:
    return str(value).replace("|", r"\|").replace("\n", " ")


def _list(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else list(interval)
