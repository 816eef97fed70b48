"""Evaluations in a row: what is not known is left out, and pictures stay small enough for the UI."""

import base64
import re
from xml.etree import ElementTree

import pytest

from vision.evaluation import Evaluation
from vision.over_time import Measured, chart, commonest, curves_beside, over_time_picture, rows_over_time


def result(map_50: float, truths: int = 3, **ap: float | None) -> Evaluation:
    per_class = {
        label: {"ap_50": value, "ap_50_95": value, "truths": truths - number, "predictions": 1}
        for number, (label, value) in enumerate(ap.items())
    }
    curves = {label: [(0.0, 1.0), (0.5, value)] if value else [] for label, value in ap.items()}
    return Evaluation(map_50, map_50 / 2, per_class, curves, images=4)


def measured(model: str, *values, **ap) -> Measured:
    return Measured(f"foods-model-{model}", "0123456789ab", result(*values, **ap))


def drawn(markdown: str) -> ElementTree.Element:
    return ElementTree.fromstring(base64.b64decode(re.search(r"base64,([^)]+)", markdown)[1]))


def test_an_evaluation_is_read_as_it_was_written():
    import json

    one = measured("one", 0.5, bar=0.25, square=None)
    assert Measured.from_dict(json.loads(json.dumps(one.as_dict()))) == one
    assert one.short_model == "one"


def test_each_row_ends_with_its_change_if_both_values_are_known():
    past = [measured("one", 0.5, bar=0.25), measured("two", 0.75, bar=0.5, square=0.5, circle=None)]
    assert rows_over_time(past) == [
        ("mAP50", [0.5, 0.75], 0.25),
        ("mAP50-95", [0.25, 0.375], 0.125),
        ("bar", [0.25, 0.5], 0.25),
        ("square", [None, 0.5], None),  # a label that came later
        ("circle", [None, None], None),
    ]
    assert rows_over_time(past[:1])[0] == ("mAP50", [0.5], None)


@pytest.mark.parametrize("count", [1, 2, 10])
def test_ten_evaluations_are_shown_inline(count):
    markdown = over_time_picture([measured(str(number), 1 / 3) for number in range(count)])
    assert len(markdown) < 1000
    paths = [path.get("d") for path in drawn(markdown).iter("{http://www.w3.org/2000/svg}path")]
    assert len(paths) == 3 and all(len(path.split()) == 2 * max(count, 2) for path in paths[1:])


def test_better_is_higher_and_later_is_further_right():
    [(_, _, _, means), (name, _, path, points)] = chart(
        [measured("one", 0.5), measured("two", 0.6, bar=0.25), measured("three", 1, bar=1.0)], most=8
    )
    assert means == [(44, 137), (247, 111.6), (450, 10)]
    assert (name, points) == ("bar", [(247, 200.5), (450, 10)])
    assert path == "M247 200 450 10"


def test_the_curves_of_before_are_dashed_beside_the_new_ones():
    new, old = result(0.5, **{"a <b> & c": 0.5, "other": 0.5}), result(0.5, **{"a <b> & c": 0.25})
    picture = drawn(curves_beside(new, old))
    paths = [
        path for path in picture.iter("{http://www.w3.org/2000/svg}path") if path.get("stroke") != "#999"
    ]
    dashed = [path.get("d") for path in paths if path.get("stroke-dasharray")]
    assert dashed == ["M40 10 215 190", ""], "the old model did not know the other label"
    assert "a <b> & c" in [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]


def test_the_commonest_labels_keep_their_order():
    assert commonest(result(0.5, a=0.1, b=0.1, c=0.1), 2) == ["a", "b"]
    rare_first = Evaluation(0, 0, {"a": {"truths": 1}, "b": {"truths": 9}, "c": {"truths": 5}}, {}, 1)
    assert commonest(rare_first, 2) == ["b", "c"]
