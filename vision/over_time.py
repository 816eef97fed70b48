"""How good the models have been: one evaluation beside the one before it, and all of them in a row."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vision.evaluation import Evaluation
from vision.measures import Measures, names, read_measures
from vision.pictures import PALETTE, markdown_picture

MOST_LINES = 6  # labels: there are so many colours


@dataclass(frozen=True)
class Measured:
    """One evaluation of a model on a test split, which ``test`` names by the hash of its manifest."""

    model: str
    test: str
    result: Measures

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, for ``from_dict``."""
        return {"model": self.model, "test": self.test, **self.result.as_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Measured":
        own = {name: values[name] for name in ("model", "test")}
        result = {name: value for name, value in values.items() if name not in own}
        return cls(result=read_measures(result), **own)

    @property
    def short_model(self) -> str:
        """Without what all models of a loop are called."""
        return self.model.rpartition("-")[2]


@dataclass(frozen=True)
class Beside:
    """What a new model is shown beside; ``title`` says which model on which images."""

    title: str
    result: Measures


def commonest(result: Measures, most: int = MOST_LINES) -> list[str]:
    """The labels with the most boxes or pixels in the truth, in the order of all labels."""
    common = sorted(result.per_class, key=lambda label: -result.per_class[label]["truths"])[:most]
    return [label for label in result.per_class if label in common]


def of_label(result: Measures, label: str) -> float | None:
    """None for a label that was not in the truth, or not yet among the labels."""
    return result.of_label(label)[0]


def change(new: float | None, old: float | None) -> float | None:
    return None if new is None or old is None else new - old


def rows_over_time(past: Sequence[Measured]) -> list[tuple[str, list[float | None], float | None]]:
    """(what, its value in each evaluation, the last change): both means, then the value of each label."""
    named = names(past[-1].result)
    values = [
        (named.main, [each.result.main for each in past]),
        (named.second, [each.result.second for each in past]),
        *((label, [of_label(each.result, label) for each in past]) for label in past[-1].result.per_class),
    ]
    return [(what, row, change(row[-1], row[-2]) if len(row) > 1 else None) for what, row in values]


def over_time_picture(past: Sequence[Measured]) -> str:
    """Both means of each evaluation, the second thinner, as markdown; Dagster shows ten of them inline."""
    named = names(past[-1].result)
    lines = (
        (2, [each.result.main for each in past]),
        (0.7, [each.result.second for each in past]),
    )
    paths = "".join(
        f"<path stroke-width='{width}' d='{_path(_places(values, 5, 93, 60, 57))}'/>"
        for width, values in lines
    )
    picture = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 99 68' width='400' font-size='5'>"
        f"<g fill='none' stroke='{PALETTE[0]}' stroke-linecap='round'>"
        f"<path stroke='#999' stroke-width='.5' d='M5 3V60H98'/>{paths}</g>"
        "<text x='7' y='6'>1</text>"
        f"<text x='98' y='66' text-anchor='end'>{named.main} (thin: {named.second})</text></svg>"
    )
    return markdown_picture(picture.encode(), f"{named.main} over time")


def curves_beside(new: Evaluation, old: Evaluation) -> str:
    """Precision over recall of the commonest labels as markdown; those of ``old`` are dashed."""
    shapes, labels = [], commonest(new)
    for number, label in enumerate(labels):
        colour, name = PALETTE[number % len(PALETTE)], html.escape(label[:40])
        for curve, style in ((new.curves[label], ""), (old.curves.get(label, []), " stroke-dasharray='5 4'")):
            points = [(40 + recall * 350, 250 - precision * 240) for recall, precision in curve]
            shapes.append(
                f"<path fill='none' stroke='{colour}' stroke-width='2'{style} d='{_path(points)}'/>"
            )
        shapes.append(f"<text x='50' y='{242 - (len(labels) - number) * 16}' fill='{colour}'>{name}</text>")
    picture = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 400 285' width='800' font-size='12'>"
        f"<path fill='none' stroke='#999' d='M40 10V250H390'/>{''.join(shapes)}"
        "<text x='50' y='242'>dashed: before</text><text x='390' y='270' text-anchor='end'>recall</text>"
        "<text x='28' y='16'>1</text></svg>"
    )
    return markdown_picture(picture.encode(), "precision over recall, dashed before")


def chart(past: Sequence[Measured], most: int) -> list[tuple[str, str, str, list[tuple[float, float]]]]:
    """(name, colour, SVG path, points) of the main mean and the commonest labels, ``most`` of them: a plot of
    406 x 254 units.
    """
    lines = [(names(past[-1].result).main, "#16191f", [each.result.main for each in past])]
    for number, label in enumerate(commonest(past[-1].result, most)):
        lines.append((label, PALETTE[number % len(PALETTE)], [of_label(each.result, label) for each in past]))
    placed = [(name, colour, _places(values, 44, 406, 264, 254)) for name, colour, values in lines]
    return [(name, colour, _path(points), points) for name, colour, points in placed]


def _places(
    values: Sequence[float | None], left: float, width: float, bottom: float, height: float
) -> list[tuple[float, float]]:
    """Points from left to right, one for each value that is known; a single one is in the middle."""
    step = width / (len(values) - 1) if len(values) > 1 else 0
    start = left if len(values) > 1 else left + width / 2
    return [
        (round(start + number * step, 1), round(bottom - value * height, 1))
        for number, value in enumerate(values)
        if value is not None
    ]


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Empty without points; a single point is a line of no length, which a round cap makes a dot."""
    if not points:
        return ""
    places = [f"{x:.0f} {y:.0f}" for x, y in points]
    return "M" + " ".join(places if len(places) > 1 else places * 2)
