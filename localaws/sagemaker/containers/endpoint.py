"""The runner of an instance of an endpoint: ``python -m localaws.sagemaker.containers.endpoint FOLDER``."""

import os

from localaws.sagemaker.containers.bucket import Bucket
from localaws.sagemaker.containers.orders import Orders
from localaws.sagemaker.containers.patience import Cancelled, JobError
from localaws.sagemaker.containers.program import run
from localaws.sagemaker.containers.serving import STARTUP, ModelServer
from localaws.sagemaker.folders import JobFolder

GRACE = 30  # seconds between SIGTERM and SIGKILL
INTERRUPTION_GRACE = 3
PING_INTERVAL = 5
SICK = 6  # pings in a row without a healthy answer
MOST_WORKERS = 4  # each of them holds the model


class Instance:
    """``work`` is {"model", "startup_seconds"?, "variant", "endpoint"}; see ModelServer for the model."""

    def __init__(self, folder: JobFolder):
        self.folder = folder
        self.work = folder.work
        self.orders = Orders(folder)
        self.server = ModelServer(folder, self.work["model"], Bucket(cancelled=self.orders.given))

    def run(self) -> dict:
        """Serves until it is told to stop or can no more; the verdict."""
        self.folder.announce(None)
        try:
            self.server.start(
                {
                    "SAGEMAKER_ENDPOINT_NAME": self.work["endpoint"],
                    "SAGEMAKER_MODEL_SERVER_WORKERS": str(workers()),
                }
            )
        except Cancelled:
            return {"status": "Stopped"}
        except JobError as problem:
            return {"status": "Failed", "reason": str(problem)}
        try:
            self.server.wait_until_healthy(
                self.work.get("startup_seconds") or STARTUP, self.orders.given.is_set
            )
            self.folder.announce(self.server.port)
            return self._watch()
        except Cancelled:
            return {"status": "Stopped"}
        except JobError as problem:
            return {"status": "Failed", "reason": f"{self._unhealthy} ({problem})"}
        finally:
            self.folder.announce(None)  # first: nobody is to be sent here any more
            interrupted = self.orders.take() == "interrupt"
            self.server.container.stop(INTERRUPTION_GRACE if interrupted else GRACE)

    def _watch(self) -> dict:
        sick, waited = 0, 0.0
        while not self.orders.given.wait(0.2):
            if (code := self.server.container.exit_code) is not None:
                return {"status": "Failed", "reason": f"the program ended with exit code {code}"}
            waited += 0.2
            if waited >= PING_INTERVAL:
                waited, sick = 0.0, 0 if self.server.is_healthy() else sick + 1
            if sick >= SICK:
                return {"status": "Failed", "reason": self._unhealthy}
        return {"status": "Stopped"}

    @property
    def _unhealthy(self) -> str:
        return (
            f"The primary container for production variant {self.work['variant']} did not pass the ping "
            "health check. Please check CloudWatch logs for this endpoint."
        )


def workers() -> int:
    """One for each core, as on AWS, unless the model's Environment says otherwise."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, MOST_WORKERS)


if __name__ == "__main__":
    run(lambda folder: Instance(folder).run())
