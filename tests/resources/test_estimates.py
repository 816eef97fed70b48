"""What a job is expected to take, and which budgets say too little to hold one back."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from resources.estimates import (
    Earlier,
    EarlierLabeling,
    expected_seconds,
    job_cost,
    labeling_estimate,
    same_training,
    same_transform,
    training_estimate,
    transform_estimate,
)
from resources.loop import Loop
from tests.resources.test_requests import training
from tests.settings import LEAST

PRICES = {
    "per_object": 0.08,
    "per_worker_answer": 0.02,
    "instance_hour": {"ml.g5.xlarge": 2.0, "ml.m5.xlarge": 0.6},
}


def loop(tariffs: dict | None = PRICES, **settings) -> Loop:
    return Loop(**LEAST | {"budget": {"tariffs": tariffs or {}}} | settings)


@pytest.mark.parametrize(
    ("images", "earlier", "seconds"),
    [
        (100, [], None),
        (100, [Earlier(60, 0)], None),  # of no images: it tells nothing
        (100, [Earlier(60, 100)], 60),
        (200, [Earlier(60, 100)], 120),
        (10, [Earlier(60, 100)], 60),  # it may all have been the start
        (10, [Earlier(60, 100), Earlier(20, 10)], 20),
        (200, [Earlier(60, 100), Earlier(20, 10)], 120),
    ],
)
def test_a_job_is_not_expected_to_take_less_than_earlier_ones_allow(images, earlier, seconds):
    assert expected_seconds(images, earlier) == seconds


def test_labeling_costs_what_objects_and_answers_cost_and_takes_what_people_took():
    settings = loop(labeling=LEAST["labeling"] | {"workers_per_object": 3})
    unknown = labeling_estimate(settings, 50, [])
    assert unknown.cost == unknown.at_most == pytest.approx(50 * (0.08 + 3 * 0.02))
    assert unknown.seconds is None and "unknown yet" in unknown.basis
    known = labeling_estimate(settings, 50, [EarlierLabeling(3600, 100), EarlierLabeling(3600, 200)])
    assert known.seconds == 3600  # 150 answers at 150 an hour
    assert "the last 2 jobs got 150.0 answers an hour" in known.basis


def test_the_first_training_is_expected_to_take_all_its_time_and_says_so():
    first = training_estimate(loop(), 100, [])
    assert (first.seconds, first.cost, first.at_most) == (3600, 2.0, 2.0)
    assert first.basis.startswith("at most: ") and "training.max_runtime_seconds (3600 s)" in first.basis
    second = training_estimate(loop(), 150, [Earlier(900, 100)])
    assert (second.seconds, second.cost, second.at_most) == (1350, 0.75, 2.0)
    assert second.basis == "an earlier job took 900 s for 100 images"
    assert training_estimate(loop(), 100_000, [Earlier(900, 100)]).seconds == 3600, "SageMaker stops it then"


def test_a_transform_job_is_unknown_before_the_first_and_nothing_bounds_it():
    first = transform_estimate(loop(), 10, [])
    assert (first.seconds, first.cost, first.at_most) == (None, None, None)
    two = loop(transform={"instance_count": 2})
    assert transform_estimate(two, 20, [Earlier(300, 10)]).cost == pytest.approx(0.6 * 2 * 600 / 3600)


def test_without_tariffs_there_are_times_and_no_costs():
    estimate = training_estimate(loop(None), 100, [Earlier(900, 100)])
    assert (estimate.seconds, estimate.cost, estimate.at_most) == (900, None, None)
    assert labeling_estimate(loop(None), 10, []).cost is None
    assert labeling_estimate(loop({"per_object": 0}), 10, []).cost == 0


def test_only_a_training_with_the_same_settings_tells_how_long_the_next_takes():
    request = training(loop())
    assert same_training(training(loop(labels=["other"])), request)
    for changes in ({"instance_type": "ml.g5.2xlarge"}, {"hyperparameters": {"epochs": 99}}):
        assert not same_training(training(loop(training=changes)), request)
    one, two = ({"TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": n}} for n in (1, 2))
    assert same_transform(one, one) and not same_transform(one, two)


def test_a_job_costs_what_sagemaker_bills():
    trained = {
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
        "BillableTimeInSeconds": 900,
    }
    assert job_cost(loop(), trained) == 1.0
    start = datetime(2026, 1, 1, tzinfo=UTC)
    predicted = {
        "TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 3},
        "TransformStartTime": start,
        "TransformEndTime": start + timedelta(minutes=20),
    }
    assert job_cost(loop(), predicted) == pytest.approx(0.6)
    assert job_cost(loop(), predicted | {"TransformEndTime": start}) == 0
    assert job_cost(loop(None), predicted) is None
    assert job_cost(loop(), {"TransformResources": predicted["TransformResources"]}) is None


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"max_cost": {"labeling": 5}}, "budget.max_cost.labeling: needs budget.tariffs.per_object or"),
        (
            {"max_cost": {"training": 5}, "tariffs": {"instance_hour": {"ml.m5.xlarge": 1}}},
            r"budget.max_cost.training: needs the price of training.instance_type .*\{ml.g5.xlarge: 1.50\}",
        ),
        ({"max_cost": {"transform": 5}}, "budget.max_cost.transform: needs .*ml.m5.xlarge"),
        ({"max_cost": 50}, "budget.max_cost\n.*give a limit for each kind of job"),
        ({"max_cost": {"labeling": -1}, "tariffs": PRICES}, "expected an amount of money: 0 or more"),
        ({"tariffs": {"per_object": float("inf")}}, "expected an amount of money"),
        ({"tariffs": {"instance_hour": {"g5.xlarge": 1}}}, "instance_hour.*g5.xlarge"),
        ({"currency": "$"}, "budget.currency"),
    ],
)
def test_a_limit_that_could_hold_nothing_back_is_refused(budget, message):
    with pytest.raises(ValidationError, match=message):
        Loop(**LEAST, budget=budget)


def test_a_limit_with_the_tariff_it_needs_is_taken():
    limits = {"labeling": 50, "training": 10, "transform": 5}
    assert Loop(**LEAST, budget={"tariffs": PRICES, "max_cost": limits}).budget.limit("training") == 10
