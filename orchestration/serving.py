"""Stand-in and Dagster UI together: started in order, stopped in order, nothing left running."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from orchestration.home import Home
from orchestration.stand_in import StandInError, running_stand_in
from orchestration.workspace import every_loop, make_buckets, named_loops, write_workspace

SECONDS_TO_STOP = 30


def serve(home_folder: Path, *, port: int, loop_files: Sequence[Path], console: Console) -> None:
    """Serve until Ctrl-C or SIGTERM; raises StandInError when Dagster or the stand-in ends before.

    Without ``loop_files`` all of loops/ are shown, and the last demo's.
    """
    home = Home(home_folder.absolute())
    loops, problems = (named_loops(loop_files), []) if loop_files else every_loop(home.last_loop())
    for problem in problems:
        console.print(problem, style="red", markup=False, soft_wrap=True)
    require_free(port)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with running_stand_in(home.stand_in) as stand_in:
        make_buckets(loops)
        home.dagster_instance().dispose()
        dagster = start_dagster(home, port, write_workspace(home.dagster, loops))
        console.print(f"[bold]Dagster UI[/]     http://127.0.0.1:{port}", highlight=False)
        console.print(f"[bold]Worker portal[/]  {stand_in.portal}", highlight=False)
        console.print(f"[bold]AWS endpoint[/]   {stand_in.endpoint}", highlight=False)
        for name, file in loops.items():
            console.print(f"[bold]Loop[/]           {name} ({file})", highlight=False, soft_wrap=True)
        console.print(
            "For a shell: " + " ".join(f"{k}={v}" for k, v in stand_in.environment.items()), style="dim"
        )
        console.print("Ctrl-C stops all of it.")
        try:
            while not stopping.wait(0.5):
                for name, process in (("Dagster", dagster), ("the stand-in", stand_in.process)):
                    if process.poll() is not None:
                        raise StandInError(f"{name} ended with exit code {process.returncode}")
        finally:
            stop_group(dagster)


def require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StandInError(
                f"port {port} is in use: give the Dagster UI another one with --port"
            ) from error


def start_dagster(home: Home, port: int, workspace: Path) -> subprocess.Popen:
    """`dagster dev` as a process group of its own, so that all it starts can be stopped together."""
    return subprocess.Popen(
        [sys.executable, "-m", "dagster", "dev", "-w", str(workspace)]
        + ["-h", "127.0.0.1", "-p", str(port), "--log-level", "warning"],
        cwd=home.dagster,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        start_new_session=True,
    )


def stop_group(process: subprocess.Popen) -> None:
    """SIGINT is what Dagster's processes end well on; whoever is still there afterwards is killed."""
    for number, patience in ((signal.SIGINT, SECONDS_TO_STOP), (signal.SIGKILL, SECONDS_TO_STOP)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
