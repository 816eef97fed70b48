"""What the server asks of a running job: a note in the folder, and a SIGTERM that says there is one."""

import signal
import threading

from localaws.sagemaker.folders import JobFolder

DEFAULT_GRACE = 120  # seconds between SIGTERM and SIGKILL, as on AWS


class Orders:
    """``given`` is set while there is an order that nobody has taken. Made in the runner's main thread."""

    def __init__(self, folder: JobFolder):
        self.folder = folder
        self.given = threading.Event()
        self.grace = DEFAULT_GRACE
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.given.set())

    def take(self) -> str | None:
        """stop, interrupt or None. A SIGTERM without a note is the machine going down: an interruption."""
        if not self.given.is_set():
            return None
        self.given.clear()
        order = self.folder.order or {"action": "interrupt"}
        self.grace = order.get("grace", DEFAULT_GRACE)
        return order["action"]
