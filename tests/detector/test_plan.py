from collections.abc import Callable

import numpy as np
import pytest
import torch  # noqa: TID253
from data import Example
from plan import LIGHT_BELOW, Budget, Plan, first_plan
from settings import Settings
from team import Team
from training import schedule, train

SMALL = {"classes": ("ball", "box"), "image_size": 32, "batch_size": 2, "base_width": 2}


class Machine:
    """A clock, and steps that take ``pace(step)`` seconds of it."""

    def __init__(self, pace: Callable[[int], float], evaluation: float = 0.0):
        self.pace, self.evaluation, self.time, self.steps = pace, evaluation, 0.0, 0

    def now(self) -> float:
        return self.time

    def take_step(self) -> bool:
        self.time += self.pace(self.steps)
        self.steps += 1
        return False


def run(machine: Machine, minutes: float = 10, steps_in_epoch: int = 40) -> list[Plan]:
    """What training does with a budget: a plan, revised whenever it is due; returns all plans."""
    settings = Settings(**SMALL, minutes=minutes)
    budget = Budget(settings, steps_in_epoch, 0, machine.now)
    plans, evaluated = [first_plan(settings, steps_in_epoch)], 0
    while machine.steps < plans[-1].end:
        due = budget.is_due(machine.steps, plans[-1])
        machine.take_step()
        if due:
            plans.append(budget.revise(machine.steps, plans[-1]))
        done = int(plans[-1].evaluations * plans[-1].part(machine.steps))
        if done > evaluated:
            evaluated = done
            machine.time += machine.evaluation
            budget.count_evaluation(machine.evaluation)
    return plans


@pytest.mark.parametrize("seconds", [0.02, 0.5, 7.0])
def test_a_budget_is_filled_by_a_steady_machine_without_a_second_plan(seconds):
    machine = Machine(lambda step: 20 * seconds if step < 2 else seconds)  # the first steps are slow
    plans = run(machine)
    assert len(set(plans)) == 2, "the open plan and the one that was made of it"
    assert machine.time == pytest.approx(600, rel=0.05)


def test_evaluations_are_paid_from_the_budget_and_become_fewer_where_they_are_dear():
    machine = Machine(lambda step: 0.5, evaluation=15)
    plans = run(machine)
    assert machine.time == pytest.approx(600, rel=0.1)
    assert plans[-1].evaluations == 8, "nobody could know that they take so long"
    settings = Settings(**SMALL, minutes=10)
    budget = Budget(settings, 40, 1000, machine.now)  # 500 batches of two
    budget.is_due(5, first_plan(settings, 40))
    machine.time += 5
    assert budget.revise(15, first_plan(settings, 40)).evaluations == 1


@pytest.mark.parametrize("factor", [3, 0.25])
@pytest.mark.parametrize("when", [30, 400, 900])
def test_a_machine_that_changes_its_pace_ends_in_time_and_keeps_what_is_over(factor, when):
    machine = Machine(lambda step: 0.5 if step < when else 0.5 * factor)
    plans = run(machine)
    assert 0.85 * 600 <= machine.time <= 1.15 * 600
    for before, after in zip(plans[1:], plans[2:], strict=False):
        if after != before:
            assert after.part(after.since) == pytest.approx(before.part(after.since))
    assert plans[-1].part(machine.steps) == 1


def test_a_machine_that_was_slow_when_it_was_timed_leaves_no_minute_unused():
    machine = Machine(lambda step: 0.55 if step < 100 else 0.5)
    run(machine)
    assert 0.96 * 600 <= machine.time <= 1.02 * 600


def test_a_moment_of_other_work_changes_the_course_by_no_more_than_it_took():
    machine = Machine(lambda step: 2.5 if 500 <= step < 510 else 0.5)
    plans = run(machine)
    assert len(set(plans)) <= 3 and plans[-1].end > 0.95 * plans[1].end
    assert machine.time <= 1.02 * 600


def test_a_budget_too_short_for_anything_ends_after_the_steps_that_were_timed():
    machine = Machine(lambda step: 60.0)
    run(machine, minutes=1)
    assert machine.steps <= 5


@pytest.mark.parametrize(
    ("settings", "strength"),
    [
        ({"epochs": LIGHT_BELOW - 1}, "light"),
        ({"epochs": LIGHT_BELOW}, "full"),
        ({"epochs": 2, "augmentation": "full"}, "full"),
    ],
)
def test_augmentation_grows_with_the_epochs_unless_it_is_given(settings, strength):
    assert first_plan(Settings(**SMALL | settings), 10).strength == strength


@pytest.mark.parametrize(("steps_in_epoch", "strength"), [(100, "light"), (30, "full")])
def test_augmentation_grows_with_the_epochs_that_fit_into_the_minutes(steps_in_epoch, strength):
    assert run(Machine(lambda step: 0.5), steps_in_epoch=steps_in_epoch)[-1].strength == strength


def test_the_last_pictures_of_a_full_run_are_like_those_to_be_served():
    plan = first_plan(Settings(**SMALL | {"epochs": LIGHT_BELOW}), 10)
    strengths = [plan.strength_at(step) for step in range(plan.end)]
    assert strengths[0] == "full" and strengths[-1] == "light"
    assert strengths == sorted(strengths), "it changes once"


def grey(count: int) -> list[Example]:
    pixels = np.full((32, 32, 3), 90, np.uint8)
    return [
        Example(str(number), pixels, np.float32([[4, 4, 20, 20]]), np.int64([0])) for number in range(count)
    ]


def test_a_run_takes_the_steps_that_fit_and_reports_the_epochs_it_took():
    torch.set_num_threads(1)
    machine, epochs = Machine(lambda step: 1.0), []
    settings = Settings(**SMALL, minutes=0.5)
    _, progress = train(
        Team(),
        settings,
        grey(16),
        [],
        report=lambda epoch, facts: epochs.append(epoch),
        stopping=machine.take_step,
        now=machine.now,
    )
    assert 25 <= progress.step == machine.steps <= 32
    assert epochs == list(range(1, len(epochs) + 1)) and len(epochs) == -(-progress.step // 8)


def test_patience_ends_a_run_that_gains_nothing():
    torch.set_num_threads(1)
    never_found = [Example("empty", grey(1)[0].pixels, np.float32([[30, 30, 32, 32]]), np.int64([1]))]
    settings = Settings(**SMALL, epochs=16, patience=2)
    _, progress = train(Team(), settings, grey(2), never_found)
    assert (progress.epoch, progress.evaluations) == (4, 2), (
        "evaluated after 2 and 4 epochs, both for nothing"
    )
    with pytest.raises(ValueError, match="patience 2 needs validation images"):
        train(Team(), settings, grey(2), [])


def test_the_rate_warms_up_and_falls_to_almost_nothing():
    rates = [schedule(part / 100) for part in range(101)]
    assert rates[0] < 0.05 and max(rates) > 0.95 and rates[-1] <= 0.01
    assert rates.index(max(rates)) == 5 and rates[5:] == sorted(rates[5:], reverse=True)
