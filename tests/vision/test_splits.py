"""An image must never wander between training and test."""

import pytest

from vision.splits import group_of, side_of

SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}
GROUPS = [f"s3://images/{index}.jpg" for index in range(2000)]


def sides(shares) -> dict[str, str]:
    return {group: side_of(group, shares) for group in GROUPS}


def test_the_shares_are_kept_about():
    counts = [list(sides(SHARES).values()).count(side) for side in ("train", "validation", "test")]
    assert counts == pytest.approx([1400, 300, 300], abs=60)


def test_the_side_of_a_group_is_the_same_for_ever():
    known = {"pack-0": "train", "pack-3": "test", "pack-6": "validation", "pack-7": "train"}
    assert {group: side_of(group, SHARES) for group in known} == known


def test_more_validation_takes_from_train_only():
    before, after = sides(SHARES), sides({"train": 0.5, "validation": 0.35, "test": 0.15})
    moves = {(before[group], after[group]) for group in GROUPS if before[group] != after[group]}
    assert moves == {("train", "validation")}


def test_a_side_without_share_gets_nothing():
    assert set(sides({"train": 1.0}).values()) == {"train"}
    assert set(sides({"train": 0.8, "test": 0.2, "validation": 0}).values()) == {"train", "test"}


@pytest.mark.parametrize(
    "shares", [{"train": 0.5}, {"train": 1.2, "test": -0.2}, {"train": 0.5, "holdout": 0.5}, {}], ids=str
)
def test_shares_that_make_no_whole_are_refused(shares):
    with pytest.raises(ValueError, match="sides"):
        side_of("group", shares)


def test_photographs_of_one_pack_stay_together():
    uris = ["s3://images/pack-7_front.jpg", "s3://images/pack-7_back.jpg"]
    assert {group_of(uri, r"/(pack-\d+)_") for uri in uris} == {"pack-7"}
    assert group_of(uris[0], r"pack-\d+") == "pack-7"
    assert group_of("s3://images/other.jpg", r"/(pack-\d+)_") == "s3://images/other.jpg"
    assert group_of(uris[0], None) == uris[0]
