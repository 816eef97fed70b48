"""A name decides whether a job is started twice, so it may depend on nothing but what the job is made of."""

import re
from itertools import islice

import pytest

from resources.names import attempts, content_hash, job_name


def test_a_name_does_not_depend_on_the_order_of_the_inputs():
    first = job_name("foods_and_cosmetics", "train", {"epochs": 3, "labels": ["a", "b"]})
    second = job_name("foods_and_cosmetics", "train", {"labels": ["a", "b"], "epochs": 3})
    assert first == second


def test_a_name_changes_with_any_input():
    names = {
        job_name("foods", "train", inputs)
        for inputs in ({"labels": ["a", "b"]}, {"labels": ["b", "a"]}, {"labels": ["a", "b"], "epochs": 3})
    }
    assert len(names) == 3


def test_a_name_is_one_that_sagemaker_takes_even_for_a_later_attempt():
    name = job_name("a" * 32, "transform", {})
    tenth = list(islice(attempts(name), 10))[-1]
    assert tenth == f"{name}-10"
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", tenth)


def test_underscores_which_no_job_name_may_have_become_hyphens():
    assert job_name("foods_and_cosmetics", "train", {}).startswith("foods-and-cosmetics-train-")


def test_a_name_that_would_be_cut_off_is_refused():
    with pytest.raises(ValueError, match="shorten the name of the loop"):
        job_name("a" * 50, "transform", {})


def test_content_is_the_same_whatever_its_language():
    assert content_hash({"label": "Zutaten – ингредиенты"}) != content_hash({"label": "Zutaten"})
