"""What the server asks of a running job: a note in the folder, and a SIGTERM that says there is one."""

import signal
import threading
import time

from localaws.sagemaker.folders import JobFolder

DEFAULT_GRACE = 120  # seconds between SIGTERM and SIGKILL, as on AWS
LOOK = 1  # seconds between two looks at the folder


class Orders:
    """``given`` is set while there is an order that nobody has taken. Made in the runner's main thread."""

    def __init__(self, folder: JobFolder):
        self.folder = folder
        self.given = threading.Event()
        self.grace = DEFAULT_GRACE
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.given.set())
        if folder.order:  # its signal came before there was anybody to hear it
            self.given.set()
        threading.Thread(target=self._watch_folder, daemon=True).start()

    def take(self) -> str | None:
        """stop, interrupt or None. A SIGTERM without a note is the machine going down: an interruption."""
        if not self.given.is_set():
            return None
        self.given.clear()
        order = self.folder.order or {"action": "interrupt"}
        self.grace = order.get("grace", DEFAULT_GRACE)
        return order["action"]

    def _watch_folder(self) -> None:
        """Whoever deletes the stand-in's home wants none of its processes any more."""
        while self.folder.path.exists():
            time.sleep(LOOK)
        self.given.set()
