"""CheckpointConfig: a folder of the container, filled from S3 at the start and kept there from then on."""

import threading
from pathlib import Path

from localaws.sagemaker.containers.bucket import Bucket
from localaws.sagemaker.containers.patience import Cancelled, JobError

INTERVAL = 5  # seconds between two looks at the folder


class Checkpoints:
    """Uploads what is new or has changed under ``folder``, every few seconds and once more at the end."""

    def __init__(self, folder: Path, uri: str, bucket: Bucket):
        self.folder = folder
        self.uri = uri
        self.bucket = bucket
        self._known: dict[Path, tuple[int, int]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def restore(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.bucket.download_prefix(f"{self.uri.rstrip('/')}/", self.folder)
        self._known = self._states()

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._upload()

    def _keep(self) -> None:
        while not self._ended.wait(INTERVAL):
            try:
                self._upload()
            except (JobError, Cancelled, OSError):
                continue  # the last upload, in finish, says what is wrong

    def _upload(self) -> None:
        for path, state in self._states().items():
            if self._known.get(path) != state:
                self.bucket.upload(path, f"{self.uri.rstrip('/')}/{path.relative_to(self.folder).as_posix()}")
                self._known[path] = state

    def _states(self) -> dict[Path, tuple[int, int]]:
        states = {}
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                facts = path.stat()
                states[path] = (facts.st_mtime_ns, facts.st_size)
        return states
