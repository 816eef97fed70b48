"""A few threads for calls that mostly wait, and that must not keep the server from ending."""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(function: Callable[[Item], Result], items: Sequence[Item], count: int) -> list[Result]:
    """The function's results in the order of the items; the first exception is raised when all have ended.

    Daemon threads: those of concurrent.futures are waited for when the interpreter ends, and a call of a
    server that is ending itself would wait for its retries.
    """
    results: list = [None] * len(items)
    failures: list[BaseException] = []
    todo: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(items)):
        todo.put(index)

    def work() -> None:
        while not failures:
            try:
                index = todo.get_nowait()
            except queue.Empty:
                return
            try:
                results[index] = function(items[index])
            except BaseException as failure:
                failures.append(failure)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(count, len(items)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results
