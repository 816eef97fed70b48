"""Several processes, on one host or more, that train one model: each has a share of every batch, and their
gradients are averaged.

One thread in each of several processes is faster than several threads in one, for a network this small, and
does not collapse when the machine has other work to do.
"""

import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from multiprocessing.process import BaseProcess

import torch
from hosts import Hosts
from torch import Tensor, distributed, nn

PATIENCE = timedelta(minutes=30)  # with a process that is late
ALONE = Hosts()


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
        rest = torch.tensor(facts, device=gradients[0].device)
        flat = torch.cat([*(gradient.flatten() for gradient in gradients), rest])
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


def run_team(size: int, work: Callable, *arguments, hosts: Hosts = ALONE):
    """Run ``work(team, *arguments)`` in ``size`` processes of this host, this one being the host's first;
    returns its result. The processes of all hosts are one team, led by the first host's first.

    RuntimeError if another process failed; its traceback is on standard error.
    """
    torch.set_num_threads(1)
    if size == hosts.count == 1:
        return work(Team(), *arguments)
    # A fork shares the pictures that are already in memory. Elsewhere than on Linux it is not safe.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with tempfile.TemporaryDirectory() as folder:
        meet = partial(_meet_here, f"{folder}/team") if hosts.count == 1 else partial(_meet_hosts, hosts)
        others = [
            context.Process(target=_follow, args=(meet, number, size, work, arguments), daemon=True)
            for number in range(1, size)
        ]
        for process in others:
            process.start()
        try:
            result = work(meet(0, size), *arguments)
            distributed.destroy_process_group()
        except Exception as error:
            failed = exit_codes(others, timeout=5) if isinstance(error, RuntimeError) else []
            for process in others:
                process.kill()  # it may wait for this one, deaf to SIGTERM
            if failed:
                raise RuntimeError(
                    f"a training process ended with exit code {failed[0]}, see above"
                ) from error
            raise
        finally:
            for process in others:
                process.join(timeout=30)
                process.kill()
    return result


def exit_codes(processes: Sequence[BaseProcess], timeout: float) -> list[int]:
    """Of those that failed within so many seconds."""
    deadline = time.monotonic() + timeout
    for process in processes:
        process.join(timeout=max(0, deadline - time.monotonic()))
    return [process.exitcode for process in processes if process.exitcode]


def _follow(meet: Callable, number: int, size: int, work: Callable, arguments: tuple) -> None:
    torch.set_num_threads(1)
    try:
        work(meet(number, size), *arguments)
        distributed.destroy_process_group()
    except Exception:
        traceback.print_exc()
        sys.exit(1)


def _meet_here(place: str, number: int, size: int) -> Team:
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
    return _join(distributed.FileStore(place, size), number, size)


def _meet_hosts(hosts: Hosts, number: int, size: int) -> Team:
    """The first host keeps the list of how many processes each has, from which follow the ranks."""
    if hosts.interface:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", hosts.interface)
    address, port = hosts.meeting
    try:
        store = distributed.TCPStore(
            address, port, is_master=hosts.leads and number == 0, wait_for_workers=False, timeout=PATIENCE
        )
        if number == 0:
            store.set(f"processes of host {hosts.index}", str(size))
        sizes = [int(store.get(f"processes of host {index}")) for index in range(hosts.count)]
    except RuntimeError as error:
        raise RuntimeError(
            f"host {hosts.current} did not meet all of {', '.join(hosts.names)} at {address}:{port}: {error}"
        ) from error
    return _join(store, sum(sizes[: hosts.index]) + number, sum(sizes))


def _join(store: distributed.Store, rank: int, size: int) -> Team:
    distributed.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=PATIENCE)
    return Team(rank, size)
