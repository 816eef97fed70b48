"""What the server and the runner of a job tell each other: files in the job's folder, each written whole."""

import json
import os
import shutil
import time
from pathlib import Path

FIRST_HOST = "algo-1"


def host_names(request: dict) -> list[str]:
    """As SageMaker calls the hosts of a training job; ``request`` is CreateTrainingJob's."""
    return [f"algo-{number + 1}" for number in range(request["ResourceConfig"].get("InstanceCount", 1))]


def write_whole(path: Path, document: dict) -> None:
    """After a crash there is the old document or the new one, never half of one."""
    draft = path.with_name(f"{path.name}.draft")
    with open(draft, "w") as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def read_whole(path: Path) -> dict | None:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None


class JobFolder:
    """``work`` comes from the server before the start, ``order`` while the runner runs, the rest from it.

    - work: what is to be done
    - order: {"action": "stop" | "interrupt", "grace": seconds, "time"}, followed by a SIGTERM
    - moments: lines {"status", "time", "message"}, the secondary status of a training job
    - ready: {"port"} of a server that has answered its first ping
    - verdict: {"status": Completed | Failed | Stopped | MaxRuntimeExceeded | Interrupted, "reason", ...}
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self.container = self.path / "ml"  # what the container sees as /opt/ml
        self.log = self.path / "log"

    def container_of(self, host: str) -> Path:
        return self.container if host == FIRST_HOST else self.path / f"ml-{host}"

    def log_of(self, host: str) -> Path:
        return self.log if host == FIRST_HOST else self.path / f"log-{host}"

    @property
    def work(self) -> dict:
        return json.loads((self.path / "work.json").read_text())

    def assign(self, work: dict) -> None:
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self.path / "work.json", work)

    @property
    def order(self) -> dict | None:
        return read_whole(self.path / "order.json")

    def give_order(self, action: str, grace: float) -> None:
        write_whole(self.path / "order.json", {"action": action, "grace": grace, "time": time.time()})

    @property
    def moments(self) -> list[dict]:
        try:
            lines = (self.path / "moments.jsonl").read_text().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def note(self, status: str, message: str) -> None:
        with open(self.path / "moments.jsonl", "a") as file:
            file.write(json.dumps({"status": status, "time": time.time(), "message": message}) + "\n")

    @property
    def ready(self) -> dict | None:
        return read_whole(self.path / "ready.json")

    def announce(self, port: int | None) -> None:
        """The server listens on that port; None: it does not any more."""
        if port is None:
            (self.path / "ready.json").unlink(missing_ok=True)
        else:
            write_whole(self.path / "ready.json", {"port": port})

    @property
    def verdict(self) -> dict | None:
        return read_whole(self.path / "verdict.json")

    def conclude(self, status: str, reason: str | None = None, **facts) -> None:
        write_whole(self.path / "verdict.json", {"status": status, "reason": reason, **facts})

    def reopen(self) -> None:
        """Forget an interruption, so that the job can be started once more."""
        for name in ("order.json", "verdict.json", "lock"):
            (self.path / name).unlink(missing_ok=True)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
