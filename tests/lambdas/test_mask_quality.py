"""Masks consolidated by what is known of the workers."""

import numpy
import pytest

LABELS = ["cat", "dog"]


@pytest.fixture
def weigh(folders):
    from mask_quality import weigh

    return weigh


def truth():
    mask = numpy.zeros((40, 60), dtype=numpy.uint8)
    mask[5:25, 5:30], mask[15:35, 35:55] = 1, 2
    return mask


def noisy(rng, share):
    """The truth with some pixels of another value."""
    mask = truth()
    wrong = rng.random(mask.shape) < share
    return numpy.where(wrong, (mask + rng.integers(1, 3, mask.shape)) % 3, mask).astype(numpy.uint8)


def right(mask):
    return float((mask == truth()).mean())


def vote(masks):
    return numpy.stack([(numpy.stack(masks) == value).sum(axis=0) for value in range(3)]).argmax(axis=0)


def test_two_careful_workers_outweigh_three_careless_ones(weigh):
    rng = numpy.random.default_rng(1)
    masks = [noisy(rng, share) for share in (0.02, 0.02, 0.5, 0.5, 0.5)]
    weighed = weigh("abcde", masks, LABELS, {})
    assert right(weighed.mask) > right(vote(masks)) + 0.05
    assert right(weighed.mask) > 0.96


def test_three_unknown_workers_are_votes_and_become_known(weigh, folders):
    from evidence import add

    rng, history = numpy.random.default_rng(2), {}
    for _ in range(20):
        masks = [noisy(rng, share) for share in (0.02, 0.4, 0.4)]
        weighed = weigh("abc", masks, LABELS, history)
        assert weighed.mask is None
        add(history, weighed.evidence)
    masks = [noisy(rng, share) for share in (0.02, 0.4, 0.4)]
    assert right(weigh("abc", masks, LABELS, history).mask) > right(vote(masks)) + 0.05


def test_what_all_agree_upon_stays_and_an_empty_image_is_certain(weigh):
    weighed = weigh("abcde", [truth()] * 5, LABELS, {})
    assert (weighed.mask == truth()).all() and weighed.confidence > 0.95
    empty = numpy.zeros((3, 4), dtype=numpy.uint8)
    weighed = weigh("abcde", [empty] * 5, LABELS, {})
    assert (weighed.mask == 0).all() and weighed.confidence == 1.0


def test_more_patterns_than_a_number_tells_apart_are_left_to_votes(weigh):
    mask = numpy.arange(200, dtype=numpy.uint8).reshape(10, 20)
    labels = [str(number) for number in range(200)]
    assert weigh("abcdefghi", [mask] * 9, labels, {}).mask is None


def test_the_label_says_how_it_was_found(consolidation, folders):
    from tests.lambdas.masks import FIELD, answer, painted
    from tests.lambdas.masks import LABELS as ANIMALS
    from worker_quality import WorkerQuality

    payload = [{"datasetObjectId": "1", "annotations": [answer(name, painted(FIELD)) for name in "abcde"]}]
    quality = WorkerQuality({})
    [result] = consolidation.consolidate(
        payload, "animals", ANIMALS, None, lambda object_id, png: f"s3://{object_id}", quality
    )
    label = result["consolidatedAnnotation"]["content"]["animals"]
    assert label["consensus"]["method"] == "worker_quality"
    assert label["internal-color-map"].keys() == {"0", "1", "2", "3"}
    assert quality.evidence["a"]["masks"]["images"] == 1
