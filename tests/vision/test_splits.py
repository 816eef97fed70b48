"""An image must never wander between training and test."""

import pytest

from vision.splits import Picture, group_of, group_pictures, side_of, sides_of, strata

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


ONE, OTHER = "00000000ffffffff", "0f0f0f0f0f0f0f0f"
ALMOST_ONE = "00000000fffffff0"


def groups(pictures, known=()) -> dict[str, str]:
    return {picture.etag: picture.group for picture in group_pictures(pictures, known)}


def test_pictures_that_look_alike_are_one_group():
    found = groups([("a", ONE), ("b", OTHER), ("c", ALMOST_ONE)])
    assert found == {"a": f"picture-{ONE}", "b": f"picture-{OTHER}", "c": f"picture-{ONE}"}


def test_plain_pictures_are_groups_of_their_own():
    assert groups([("a", None), ("b", None)]) == {"a": "content-a", "b": "content-b"}


def test_groups_do_not_depend_on_the_order_of_the_listing():
    pictures = [("c", ALMOST_ONE), ("a", ONE), ("b", OTHER), ("a", ONE)]
    assert groups(pictures) == groups(pictures[::-1])


def test_what_has_a_group_keeps_it_when_a_picture_comes_that_is_like_two_groups():
    left, between, right = "00000000ffffffff", "00000000fffffff8", "00000000ffffff00"
    known = group_pictures([("a", left), ("b", right)])
    assert [picture.group for picture in known] == [f"picture-{left}", f"picture-{right}"]
    [joined] = group_pictures([("a", left), ("c", between), ("b", right)], known)
    assert (joined.etag, joined.group) == ("c", f"picture-{left}")


def test_a_picture_that_joined_brings_in_those_that_are_alike_to_it_alone():
    known = group_pictures([("a", ONE)])
    known += group_pictures([("b", ALMOST_ONE)], known)
    assert groups([("c", "00000000ffffff00")], known) == {"c": f"picture-{ONE}"}


def test_groups_that_come_batch_by_batch_never_change():
    pictures = [(str(number), f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}") for number in range(300)]
    known: list[Picture] = []
    for start in range(0, 300, 50):
        before = list(known)
        known += group_pictures(pictures[: start + 50], known)
        assert known[: len(before)] == before
    assert len(known) == 300


ALONE = {group: group for group in GROUPS}


def test_a_frozen_test_split_gets_nothing_new_and_gives_nothing_to_the_other_sides():
    free = sides_of(ALONE, SHARES)
    tested = sorted(uri for uri, side in free.items() if side == "test")
    frozen = sides_of(ALONE, SHARES, tested[:100])
    assert sorted(uri for uri, side in frozen.items() if side == "test") == tested[:100]
    assert {uri for uri, side in frozen.items() if side is None} == set(tested[100:])
    assert all(frozen[uri] == side for uri, side in free.items() if side != "test")


def test_what_belongs_to_a_frozen_image_is_not_learned_from():
    learned = next(uri for uri in GROUPS if side_of(uri, SHARES) == "train")
    groups = {"s3://frozen": learned, "s3://look-alike": learned, learned: learned, "s3://b": "content-b"}
    found = sides_of(groups, SHARES, ["s3://frozen"])
    assert found["s3://frozen"] == "test"
    assert found["s3://look-alike"] is None and found[learned] is None


def test_the_stratum_report_counts_objects_of_every_label_also_of_none():
    sides = {"train": [["a", "a"], ["b"]], "test": [[], ["a"]]}
    assert strata(sides, ["a", "b", "c"]) == [
        {"label": "a", "train": 2, "test": 1},
        {"label": "b", "train": 1, "test": 0},
        {"label": "c", "train": 0, "test": 0},
    ]
