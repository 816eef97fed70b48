"""Several processes that train one model: each has a share of every batch, and their gradients are averaged.

One thread in each of several processes is faster than several threads in one, for a network this small, and
does not collapse when the machine has other work to do.
"""

import multiprocessing
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn


class Team:
    """One process's place among ``size`` processes; ``rank`` 0 leads: it reports, keeps and writes."""

    def __init__(self, rank: int = 0, size: int = 1):
        self.rank, self.size = rank, size

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[nn.Parameter], *facts: float) -> list[float]:
        """Replace all gradients by their means over the team, in one exchange; returns those of ``facts``."""
        if self.size == 1:
            return list(facts)
        gradients = [parameter.grad for parameter in parameters]
        flat = torch.cat([*(gradient.flatten() for gradient in gradients), torch.tensor(facts)])
        distributed.all_reduce(flat)
        flat /= self.size
        *means, rest = flat.split([*(gradient.numel() for gradient in gradients), len(facts)])
        for gradient, mean in zip(gradients, means, strict=True):
            gradient.copy_(mean.view_as(gradient))
        return rest.tolist()

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace every floating-point tensor by its mean over the team."""
        for tensor in tensors:
            if self.size > 1 and tensor.is_floating_point():
                distributed.all_reduce(tensor)
                tensor /= self.size

    def gather(self, item: object) -> list:
        """Every process's item, by rank, in every process."""
        if self.size == 1:
            return [item]
        items = [None] * self.size
        distributed.all_gather_object(items, item)
        return items

    def from_leader(self, item: object) -> object:
        """The leader's item, in every process."""
        if self.size == 1:
            return item
        items = [item]
        distributed.broadcast_object_list(items, src=0)
        return items[0]


def run_team(size: int, work: Callable, *arguments):
    """Run ``work(team, *arguments)`` in ``size`` processes, this one being the leader; returns the leader's
    result.

    RuntimeError if another process failed; its traceback is on standard error.
    """
    torch.set_num_threads(1)
    if size == 1:
        return work(Team(), *arguments)
    # A fork shares the pictures that are already in memory. Elsewhere than on Linux it is not safe.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with tempfile.TemporaryDirectory() as meeting:
        place = f"file://{meeting}/team"
        others = [
            context.Process(target=_follow, args=(place, rank, size, work, arguments), daemon=True)
            for rank in range(1, size)
        ]
        for process in others:
            process.start()
        try:
            _meet(place, 0, size)
            result = work(Team(0, size), *arguments)
            distributed.destroy_process_group()
        except Exception as error:
            for process in others:
                process.join(timeout=5)
            failed = [process.exitcode for process in others if process.exitcode]
            if failed and isinstance(error, RuntimeError):
                raise RuntimeError(
                    f"a training process ended with exit code {failed[0]}, see above"
                ) from error
            raise
        finally:
            for process in others:
                process.join(timeout=30)
                process.terminate()
    return result


def _follow(place: str, rank: int, size: int, work: Callable, arguments: tuple) -> None:
    torch.set_num_threads(1)
    try:
        _meet(place, rank, size)
        work(Team(rank, size), *arguments)
        distributed.destroy_process_group()
    except Exception:
        traceback.print_exc()
        sys.exit(1)


def _meet(place: str, rank: int, size: int) -> None:
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
    distributed.init_process_group(
        "gloo", init_method=place, rank=rank, world_size=size, timeout=timedelta(minutes=30)
    )
