"""How the runner of any job begins and ends, whatever it does in between."""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from localaws.sagemaker.folders import JobFolder


def run(work: Callable[[JobFolder], dict]) -> None:
    """Do the work of the folder named on the command line, and leave its verdict there in every case."""
    folder = JobFolder(Path(sys.argv[1]))
    try:
        folder.conclude(**work(folder))
    except Exception as problem:  # a full disk, a mistake of ours: the job must not stay InProgress
        traceback.print_exc()
        folder.conclude("Failed", f"InternalServerError: {type(problem).__name__}: {problem}")
    sys.stderr.flush()
    os._exit(0)  # threads that still feed a channel nobody reads would keep the runner alive
