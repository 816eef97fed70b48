"""Evaluations are remembered once each, in the order in which they were made."""

import time

import pytest

from assets.evaluation_history import (
    MOST,
    history_metadata,
    label_numbers,
    remember,
    what_to_show_beside,
)
from assets.gate import AgainstLive
from tests.vision.test_over_time import result
from vision.over_time import Measured

TEST, OTHER_TEST = "a" * 64, "b" * 64


def measured(model: str, test: str = TEST, map_50: float = 0.5) -> Measured:
    return Measured(model, test, result(map_50, square=0.5))


def test_each_pair_of_model_and_test_split_is_remembered_once_in_the_order_of_time(loop, store):
    def models(each: Measured) -> list[str]:
        return [past.model for past in remember(store, loop, each)]

    assert models(measured("z")) == ["z"]
    time.sleep(1.1)  # S3 tells the time of an object in seconds
    assert models(measured("a")) == ["z", "a"]
    assert models(measured("a")) == ["z", "a"]
    listed = list(store.list(loop.uri("evaluation_history/")))
    assert models(measured("z")) == ["a", "z"], "what is evaluated now comes last"
    assert list(store.list(loop.uri("evaluation_history/"))) == listed, "and nothing is written twice"
    assert len(remember(store, loop, measured("z", OTHER_TEST))) == 3
    remember(store, loop, measured("z", map_50=0.75))  # another evaluator
    assert remember(store, loop, measured("new"))[-1].model == "new"
    kept = [found.uri for found in store.list(loop.uri("evaluation_history/"))]
    assert len(kept) == 4 and kept[0].endswith(f"/a-{TEST[:12]}.json")


def test_only_the_last_evaluations_are_read(loop, store):
    for number in range(MOST + 2):
        past = remember(store, loop, measured(f"model-{number:02}"))
    assert len(past) == MOST and past[-1].model == f"model-{MOST + 1}"


def test_the_live_model_is_shown_beside_and_where_none_is_the_evaluation_before():
    old, new = measured("old", OTHER_TEST), measured("new")
    first = AgainstLive("new", None)
    assert what_to_show_beside(first, [new]) is None
    before = what_to_show_beside(first, [old, new])
    assert before.title == f"the evaluation before: old, on another test split ({OTHER_TEST[:12]})"
    assert before.result is old.result
    live = what_to_show_beside(AgainstLive("new", "live", None, result(1.0, square=1.0)), [old, new])
    assert (live.title, live.result.map_50) == ("the live model live, on the same images", 1.0)


def test_labels_are_numbers_under_names_that_can_be_told_apart():
    named = result(0.5, **{"Barcode (EAN)": 0.25, "barcode-ean": 0.5, "Nährwerte": 0.125, "unseen": None})
    assert label_numbers(named) == {
        "ap50_barcode_ean": 0.25,
        "ap50_barcode_ean__2": 0.5,
        "ap50_nährwerte": 0.125,
    }


def test_the_tables_tell_what_changed(loop):
    old, new = Measured("old", TEST, result(0.25, square=0.25)), measured("new")
    shown = history_metadata([old, new], what_to_show_beside(AgainstLive("new", None), [old, new]))
    [row] = [record.data for record in shown["per_label"].records]
    assert (row["AP50"], row["before"], row["change"]) == (0.5, 0.25, 0.25)
    assert [record.data["model"] for record in shown["evaluations"].records] == ["new", "old"]
    alone = history_metadata([new], None)
    assert alone["per_label"].records[0].data["change"] is None and "curves_beside" not in alone
    assert pytest.approx(0.5) == alone["ap50_square"]
