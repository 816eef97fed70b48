"""The labeling service as the command line starts it: a child process beside whatever AWS the user has."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from orchestration.loop import PROJECT
from orchestration.stand_in import StandInError


def serve(home: Path, options: Mapping[str, str], console: Console) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises StandInError, in the service's own words, when it does not start
    or ends before. ``options`` without a value are left out."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    given = [word for name, value in options.items() if value for word in (f"--{name}", value)]
    process = subprocess.Popen(
        [sys.executable, "-m", "localaws.labeling_service", "--home", str(home.absolute()), *given],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches this process alone, which stops the other
    )
    try:
        line = process.stdout.readline()
        if not line:
            raise StandInError(f"the labeling service ended with exit code {process.wait()}; see above")
        announce(json.loads(line), console)
        while not stopping.wait(0.5):
            if process.poll() is not None:
                raise StandInError(f"the labeling service ended with exit code {process.returncode}")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait()


def announce(service: Mapping[str, str], console: Console) -> None:
    console.print(f"[bold]Worker portal[/]  {service['portal']}", highlight=False)
    console.print(f"[bold]SageMaker API[/]  {service['endpoint']}", highlight=False)
    console.print(f"[bold]Account[/]        {service['account']} in {service['region']}", highlight=False)
    console.print(f"[bold]Its own keys[/]   {service['credentials_file']}", highlight=False, soft_wrap=True)
    console.print(f"For a loop's file: ground_truth_endpoint_url: {service['endpoint']}", style="dim")
    console.print("Ctrl-C stops it.")
