"""The training run: steps, schedule, evaluation. Every process of a team goes through it side by side."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from batches import make_batch
from checkpoints import Checkpoints
from detection import DETECTION
from plan import Budget, Plan, batches_in_epoch, first_plan
from precision import precision
from pretrained import GENTLE, Pretrained, adopt
from serve import pad
from settings import Settings
from task import Task
from team import Team
from torch import Tensor, nn

WARM_UP = 0.05  # of the course

Report = Callable[[int, dict[str, float]], None]


@dataclass
class Progress:
    """How far a run has come, and the best it has found."""

    epoch: int = 0  # epochs done; the last may be cut short by the end
    step: int = 0
    losses: list[float] = field(default_factory=list)  # of the epoch that is not done yet
    evaluations: int = 0
    fruitless: int = 0  # evaluations since the best
    best_epoch: int = 0
    best_metrics: dict[str, float] = field(default_factory=dict)
    best_choices: dict[str, Any] = field(default_factory=dict)  # what the task stores with it
    best_weights: dict[str, Tensor] = field(default_factory=dict)


def train(
    team: Team,
    settings: Settings,
    examples: Sequence,
    validation: Sequence,
    *,
    task: Task = DETECTION,
    pretrained: Pretrained | None = None,
    checkpoints: Checkpoints | None = None,
    report: Report = lambda epoch, facts: None,
    stopping: Callable[[], bool] = lambda: False,
    now: Callable[[], float] = time.monotonic,
) -> tuple[nn.Module, Progress]:
    """Train from scratch, from ``pretrained``, or on from the checkpoint there is; returns the best model.

    The best scores highest by the task's goal on the validation pictures; without any, it is the last. Once
    ``stopping`` returns true in any process, the run ends after that step, with the best model so far; the
    checkpoint then holds that very step, and a run that goes on from it takes the steps that were left.
    ``checkpoints`` and ``now`` of the leader count.
    """
    if settings.patience and not validation:
        raise ValueError(f"patience {settings.patience} needs validation images to evaluate")
    run = Run(team, task, settings, examples, validation, now)
    if pretrained:
        run.begin_with(pretrained)
    keeping = team.from_leader(checkpoints is not None)
    if state := team.from_leader(checkpoints.load() if checkpoints and team.leads else None):
        run.restore(state)
    stopped = False
    while not stopped:
        if closing := run.is_at_an_epochs_end():
            facts = run.end_epoch()
            if team.leads:
                report(run.progress.epoch, facts)
        elif run.is_over():
            break
        else:
            stopped = run.take_step(stopping)
        if keeping and (closing or stopped):
            state = run.state()
            if team.leads:
                checkpoints.save(state)
    return run.best_model(), run.progress


class Run:
    """One process's part in a training run."""

    def __init__(
        self,
        team: Team,
        task: Task,
        settings: Settings,
        examples: Sequence,
        validation: Sequence,
        now: Callable[[], float],
    ):
        self.team, self.task, self.settings = team, task, settings
        self.examples, self.validation, self.now = examples, validation, now
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(settings.seed)
        self.model = task.make_model(settings)
        self.model.to(self.device, memory_format=torch.channels_last)
        self.optimizer = make_optimizer(self.model, settings.learning_rate)
        self.peak_rate = settings.learning_rate
        self.progress = Progress()
        self.steps_in_epoch = batches_in_epoch(settings, examples)
        self.plan = first_plan(settings, self.steps_in_epoch)
        self.budget = None
        if settings.minutes and team.leads:
            self.budget = Budget(settings, self.steps_in_epoch, len(validation), now=now)

    def begin_with(self, pretrained: Pretrained) -> None:
        adopt(self.task, self.model, self.settings, pretrained)
        self.peak_rate = GENTLE * self.settings.learning_rate

    def state(self) -> dict[str, Any]:
        """All that the steps to come depend on. To be asked in all processes: batch statistics are each one's
        own until the epoch's end."""
        parameters = dict(self.model.named_parameters())
        values = self.model.state_dict()
        buffers = {name: value.cpu() for name, value in values.items() if name not in parameters}
        return {
            "model": values,
            "buffers": self.team.gather(buffers),
            "optimizer": self.optimizer.state_dict(),
            "progress": vars(self.progress),
            "plan": asdict(self.plan),
            "peak_rate": self.peak_rate,
            "seconds": self.budget.used if self.budget else 0.0,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Bring the run to a saved state; with as many processes as before, exactly."""
        buffers = state["buffers"][self.team.rank % len(state["buffers"])]
        self.model.load_state_dict(state["model"] | buffers)
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress, self.plan = Progress(**state["progress"]), Plan(**state["plan"])
        self.peak_rate = state["peak_rate"]
        if self.budget:
            self.budget.resume(state["seconds"])

    def is_over(self) -> bool:
        patience = self.settings.patience
        return self.progress.step >= self.plan.end or 0 < patience <= self.progress.fruitless

    def is_at_an_epochs_end(self) -> bool:
        step = self.progress.step
        ended = step % self.steps_in_epoch == 0 or step >= self.plan.end
        return ended and bool(self.progress.losses)

    def take_step(self, stopping: Callable[[], bool]) -> bool:
        """One step of the whole team; returns whether anyone in it wants to stop."""
        step = self.progress.step
        due = self.budget is not None and self.budget.is_due(step, self.plan)
        strength = self.plan.strength_at(step)
        batch = make_batch(self.team, self.task, self.settings, self.examples, strength, step)
        pictures, *truths = (tensor.to(self.device) for tensor in batch)
        for group in self.optimizer.param_groups:
            group["lr"] = self.peak_rate * schedule(self.plan.part(step))
        self.model.train()
        with precision(self.device):
            outputs = self.model(pictures)
        loss = self.task.loss(self.model, outputs, truths)
        self.optimizer.zero_grad()
        loss.backward()
        loss, stop, due = self.team.average_gradients(
            self.model.parameters(), loss.item(), float(stopping()), float(due)
        )
        nn.utils.clip_grad_norm_(self.model.parameters(), 10.0)
        self.optimizer.step()
        self.progress.step += 1
        self.progress.losses.append(loss)
        if due:
            self.revise_plan()
        return stop > 0

    def revise_plan(self) -> None:
        before, step = self.plan, self.progress.step
        revised = self.budget.revise(step, before) if self.budget else None
        self.plan = self.team.from_leader(revised)
        if self.team.leads and self.plan.end != before.end:
            epochs = self.plan.end / self.steps_in_epoch
            print(
                f"step {step}: {self.plan.end} steps fit, {epochs:.1f} epochs with"
                f" {self.plan.strength} augmentation",
                flush=True,
            )

    def end_epoch(self) -> dict[str, float]:
        """Evaluate if it is time; returns what there is to report."""
        progress = self.progress
        self.team.average(self.model.buffers())  # batch statistics differ between the processes
        facts = {"train:loss": float(np.mean(progress.losses))}
        progress.epoch, progress.losses = math.ceil(progress.step / self.steps_in_epoch), []
        due = int(self.plan.evaluations * self.plan.part(progress.step))
        if not self.validation:
            self.keep_as_best({}, {})
        elif due > progress.evaluations:
            progress.evaluations = due
            facts = self.evaluate() | facts
        return facts

    def evaluate(self) -> dict[str, float]:
        began, progress, goal, task = self.now(), self.progress, self.task.goal, self.task
        found = find(self.team, self.model, self.settings, self.validation, task)
        metrics = task.score(self.settings, self.validation, found) if self.team.leads else {}
        value, best = metrics.get(goal, -1.0), progress.best_metrics.get(goal, 0.0)
        if value >= best:
            choices, more = task.choose(self.settings, self.validation, found)
            self.keep_as_best(metrics | more, choices)
        progress.fruitless = self.team.from_leader(0 if value > best else progress.fruitless + 1)
        if self.budget:
            self.budget.count_evaluation(self.now() - began)
        return metrics

    def keep_as_best(self, metrics: dict[str, float], choices: dict[str, Any]) -> None:
        progress = self.progress
        progress.best_epoch, progress.best_metrics = progress.epoch, metrics
        progress.best_choices = choices
        state = self.model.state_dict()
        progress.best_weights = {name: value.clone() for name, value in state.items()}

    def best_model(self) -> nn.Module:
        if self.progress.best_weights:
            self.model.load_state_dict(self.progress.best_weights)
        return self.model.eval()


def make_optimizer(model: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    """AdamW; biases and normalisation do not decay."""
    decaying = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [{"params": decaying, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.99), fused=True)


def schedule(done: float) -> float:
    """The part of the learning rate to use when ``done`` (0-1) of the run is over."""
    warm_up, cosine = min(1.0, 0.02 + done / WARM_UP), (1 + math.cos(math.pi * done)) / 2
    return warm_up * (0.01 + 0.99 * cosine)


def evaluate(
    team: Team, model: nn.Module, settings: Settings, examples: Sequence, task: Task = DETECTION
) -> dict[str, float]:
    """The task's metrics, for the leader."""
    found = find(team, model, settings, examples, task)
    return task.score(settings, examples, found) if team.leads else {}


@torch.no_grad()
def find(team: Team, model: nn.Module, settings: Settings, examples: Sequence, task: Task) -> list:
    """What the network says of each example; every process looks at its share of them."""
    model.eval()
    device = next(model.parameters()).device
    share, found = examples[team.rank :: team.size], []
    for start in range(0, len(share), settings.batch_size):
        part = share[start : start + settings.batch_size]
        pictures = torch.from_numpy(np.stack([pad(example.pixels, settings.image_size) for example in part]))
        with precision(device):
            outputs = model(pictures.to(device))
        found += task.select(outputs)
    shares = team.gather(found)
    return [shares[index % team.size][index // team.size] for index in range(len(examples))]
