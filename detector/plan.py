"""How many steps a run takes: counted in epochs, or as many as fit into minutes on the machine it meets."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from settings import Settings

EVALUATIONS = 8  # at most, in a run, spread evenly; the last after the last step
FULL_UNTIL = 0.7  # of the course: the last part is learned from pictures much like those to be served
LIGHT_BELOW = 30  # epochs: in fewer, a network cannot tire of its pictures, and strong changes only cost time
UNKNOWN = 1 << 60  # steps


@dataclass(frozen=True)
class Plan:
    """The course of a run. It may change at a step: what is over stays over, the rest is spread anew."""

    end: int  # steps in all
    strength: str  # of the augmentation
    evaluations: int = EVALUATIONS
    since: int = 0  # the step from which on it holds
    over: float = 0.0  # the part of the course (0-1) that was over then

    def part(self, step: int) -> float:
        """How much of the course (0-1) is over after ``step`` steps."""
        if step >= self.end:
            return 1.0
        return self.over + (1 - self.over) * (step - self.since) / (self.end - self.since)

    def strength_at(self, step: int) -> str:
        """The augmentation of a step's pictures: the full one gives way to the light one (after YOLOX,
        arXiv 2107.08430, which ends without mosaics)."""
        return "light" if self.strength == "full" and self.part(step) >= FULL_UNTIL else self.strength


def batches_in_epoch(settings: Settings, examples: Sequence) -> int:
    return math.ceil(len(examples) / settings.batch_size)


def first_plan(settings: Settings, steps_in_epoch: int) -> Plan:
    """With a budget in minutes the end is open, and the course at its beginning, until steps were timed."""
    if settings.minutes:
        return Plan(UNKNOWN, strength_of(settings, 0))
    return Plan(settings.epochs * steps_in_epoch, strength_of(settings, settings.epochs))


def strength_of(settings: Settings, epochs: float) -> str:
    if settings.augmentation != "auto":
        return settings.augmentation
    return "light" if epochs < LIGHT_BELOW else "full"


class Budget:
    """Keeps a run within its minutes. Of a team only the leader has one: its clock decides for all.

    The steps are timed, and the plan is made anew only if the run would end late or early by more than a
    little: a machine that is busy for a moment hardly changes the course.
    """

    late, early = 0.02, 0.03  # of the budget: by so much more or less it may take
    unmeasured = 3  # steps: the first ones make what all others reuse
    measured = 10  # steps before the first plan, or fewer if they take more than the pause
    pause = 1 / 40  # of the budget, between two looks at the clock

    def __init__(
        self,
        settings: Settings,
        steps_in_epoch: int,
        pictures: int,
        now: Callable[[], float] = time.monotonic,
    ):
        """``pictures``: how many an evaluation looks at."""
        self.settings, self.steps_in_epoch, self.now = settings, steps_in_epoch, now
        self.seconds = settings.minutes * 60
        self.pictures = pictures
        self.begin = now()
        self.paces: deque[float] = deque(maxlen=5)  # seconds of a step, as the last looks at the clock found
        self.evaluation_seconds: float | None = None
        self.seen: tuple[int, float] | None = None  # the step and the time when the clock was last looked at

    @property
    def used(self) -> float:
        return self.now() - self.begin

    def resume(self, used: float) -> None:
        """Count the seconds that an interrupted run has used before."""
        self.begin = self.now() - used

    def is_due(self, step: int, plan: Plan) -> bool:
        """To be asked before every step: whether to :meth:`revise` the plan after it."""
        if self.seen is None:
            if plan.end < UNKNOWN or step >= self.unmeasured:
                self.seen = step, self.now()
            return False
        steps, seconds = step - self.seen[0], self.now() - self.seen[1]
        enough = plan.end == UNKNOWN and steps >= self.measured
        return steps > 0 and (enough or seconds >= self.pause * self.seconds)

    def revise(self, step: int, plan: Plan) -> Plan:
        """The plan to go on with after ``step`` steps; mostly the same."""
        self.paces.append((self.now() - self.seen[1]) / (step - self.seen[0]))
        self.seen = step, self.now()
        evaluation, first = self._evaluation_seconds(), plan.end == UNKNOWN
        if first:
            most = 0.15 * self.seconds / evaluation if evaluation else EVALUATIONS
            plan = replace(plan, evaluations=max(1, min(EVALUATIONS, int(most))))
        evaluations = math.ceil(plan.evaluations * (1 - plan.part(step)))
        left = self.seconds - self.used - evaluations * evaluation
        pace = median(self.paces)
        late = (plan.end - step) * pace - left
        if -self.early * self.seconds <= late <= self.late * self.seconds:
            return plan
        end = step + max(0, int(left / pace))
        strength = strength_of(self.settings, end / self.steps_in_epoch) if first else plan.strength
        return replace(plan, end=end, strength=strength, since=step, over=plan.part(step))

    def count_evaluation(self, seconds: float) -> None:
        """Tell how long an evaluation took, which is not the steps' fault."""
        self.evaluation_seconds = seconds
        if self.seen:
            self.seen = self.seen[0], self.seen[1] + seconds

    def _evaluation_seconds(self) -> float:
        """Until one was timed: a forward pass costs about a third of a step, and boxes must be selected."""
        if self.evaluation_seconds is not None:
            return self.evaluation_seconds
        return 0.4 * median(self.paces) * math.ceil(self.pictures / self.settings.batch_size)
