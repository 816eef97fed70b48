"""The training run: steps, schedule, evaluation. Every process of a team goes through it side by side."""

import math
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import torch
from batches import batches, batches_in_epoch
from checkpoints import Checkpoints
from detection import DETECTION
from serve import pad
from settings import Settings
from task import Batch, Task
from team import Team
from torch import Tensor, nn

WARM_UP = 0.05  # of all steps
EVALUATIONS = 8  # at most, in a run, spread evenly; the last after the last epoch


@dataclass
class Progress:
    """How far a run has come, and the best it has found."""

    epoch: int = 0  # epochs done
    loss: float = math.nan  # mean over the last epoch
    metrics: dict[str, float] = field(default_factory=dict)  # of the last epoch, if it was evaluated
    best_epoch: int = 0
    best_metrics: dict[str, float] = field(default_factory=dict)
    best_weights: dict[str, Tensor] = field(default_factory=dict)


def train(
    team: Team,
    settings: Settings,
    examples: Sequence,
    validation: Sequence,
    *,
    task: Task = DETECTION,
    checkpoints: Checkpoints | None = None,
    report: Callable[[int, dict[str, float]], None] = lambda epoch, facts: None,
    stopping: Callable[[], bool] = lambda: False,
) -> tuple[nn.Module, Progress]:
    """Train from scratch, or on from the checkpoint there is; returns the best model found.

    The best scores highest by the task's goal on the validation pictures; without any, it is the last. Once
    ``stopping`` returns true in any process, the run ends after that step, with the best model so far.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(settings.seed)
    model = task.make_model(settings)
    model.to(device, memory_format=torch.channels_last)
    optimizer = make_optimizer(model, settings.learning_rate)
    progress = Progress()
    if checkpoints:
        checkpoints.load(model, optimizer, progress)
    steps = batches_in_epoch(settings, examples)

    for epoch in range(progress.epoch, settings.epochs):
        losses = []
        for step, batch in enumerate(batches(team, task, settings, examples, epoch), start=epoch * steps):
            rate = settings.learning_rate * schedule(step / (settings.epochs * steps))
            batch = [tensor.to(device) for tensor in batch]
            loss, stopped = take_step(team, task, model, optimizer, batch, rate, stopping())
            losses.append(loss)
            if stopped:
                return best_model(model, progress), progress
        team.average(model.buffers())  # batch statistics differ between the processes
        progress.epoch, progress.loss, progress.metrics = epoch + 1, float(np.mean(losses)), {}
        if validation and is_evaluated(progress.epoch, settings.epochs):
            progress.metrics = evaluate(team, model, settings, validation, task)
        if not validation or progress.metrics.get(task.goal, -1) >= progress.best_metrics.get(task.goal, 0):
            progress.best_epoch, progress.best_metrics = progress.epoch, progress.metrics
            progress.best_weights = {name: value.clone() for name, value in model.state_dict().items()}
        if team.leads:
            report(progress.epoch, progress.metrics | {"train:loss": progress.loss})
            if checkpoints:
                checkpoints.save(model, optimizer, progress)
    return best_model(model, progress), progress


def make_optimizer(model: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    """AdamW; biases and normalisation do not decay."""
    decaying = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [{"params": decaying, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.99))


def schedule(done: float) -> float:
    """The part of the learning rate to use when ``done`` (0-1) of the run is over."""
    warm_up, cosine = min(1.0, 0.02 + done / WARM_UP), (1 + math.cos(math.pi * done)) / 2
    return warm_up * (0.01 + 0.99 * cosine)


def take_step(
    team: Team,
    task: Task,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    rate: float,
    stop: bool,
) -> tuple[float, bool]:
    """One step of the whole team; returns the team's mean loss, and whether anyone in it wants to stop."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    pictures, *truths = batch
    model.train()
    with precision(pictures.device):
        outputs = model(pictures)
    loss = task.loss(model, outputs, truths)
    optimizer.zero_grad()
    loss.backward()
    loss, stop = team.average_gradients(model.parameters(), loss.item(), float(stop))
    nn.utils.clip_grad_norm_(model.parameters(), 10.0)
    optimizer.step()
    return loss, stop > 0


def is_evaluated(epoch: int, epochs: int) -> bool:
    return epoch == epochs or epoch % math.ceil(epochs / EVALUATIONS) == 0


@torch.no_grad()
def evaluate(
    team: Team, model: nn.Module, settings: Settings, examples: Sequence, task: Task = DETECTION
) -> dict[str, float]:
    """The leader gets the task's metrics; every process looks at its share of the examples."""
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
    if not team.leads:
        return {}
    found = [shares[index % team.size][index // team.size] for index in range(len(examples))]
    return task.score(settings, examples, found)


def best_model(model: nn.Module, progress: Progress) -> nn.Module:
    if progress.best_weights:
        model.load_state_dict(progress.best_weights)
    return model.eval()


def precision(device: torch.device) -> torch.autocast:
    """bfloat16 where the processor computes in it; elsewhere it would be slower than single precision."""
    fast = torch.cuda.is_bf16_supported() if device.type == "cuda" else cpu_computes_in_bfloat16()
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


@cache
def cpu_computes_in_bfloat16() -> bool:
    if platform.system() != "Linux":
        return False
    flags = set(Path("/proc/cpuinfo").read_text().split())
    return bool(flags & {"avx512_bf16", "amx_bf16"})
