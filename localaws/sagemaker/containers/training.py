"""The runner of one training job: ``python -m localaws.sagemaker.containers.training FOLDER``.

Downloads, runs and uploads by itself, so that the job goes on while the server is away.
"""

import time
from pathlib import Path

from localaws.sagemaker.containers.archives import pack
from localaws.sagemaker.containers.bucket import Bucket
from localaws.sagemaker.containers.hosts import Hosts
from localaws.sagemaker.containers.metrics import Metrics
from localaws.sagemaker.containers.orders import Orders
from localaws.sagemaker.containers.patience import Cancelled, JobError, OutOfReach
from localaws.sagemaker.containers.program import run
from localaws.sagemaker.folders import JobFolder, read_whole, write_whole

LONGEST_FAILURE = 1024  # characters of /opt/ml/output/failure that reach the FailureReason
INTERRUPTION_GRACE = 3  # seconds: the machine, or its owner, wants it gone
LEAVE_A_MODEL = ("Completed", "Stopped", "MaxRuntimeExceeded")


class Training:
    """``work`` is CreateTrainingJob's request with two members more: TrainingJobArn, and program, the path of
    the catalogue's program or None for the job's own source.
    """

    def __init__(self, folder: JobFolder):
        self.folder = folder
        self.work = folder.work
        self.orders = Orders(folder)
        self.bucket = Bucket(cancelled=self.orders.given)
        self.metrics = Metrics(self.work["AlgorithmSpecification"].get("MetricDefinitions", []))
        self.input_failure: str | None = None
        self.hosts = Hosts(folder, self.work, self.bucket, self.metrics.observe)

    def run(self) -> dict:
        """The verdict. The server starts an interrupted job once more: from the beginning, or where it had
        only to upload what it has made.
        """
        try:
            outcome = read_whole(self._outcome_path) or self._train()
            if outcome["status"] != "Interrupted":
                self._upload(outcome)
        except Cancelled:
            # Only before the program starts: afterwards the orders are looked at in _watch and _upload.
            outcome = {"status": "Stopped" if self.orders.take() == "stop" else "Interrupted"}
        except OutOfReach as problem:
            return {"status": "Interrupted", "reason": str(problem)}
        except JobError as problem:
            outcome = {"status": "Failed", "reason": str(problem)}
        if outcome["status"] == "Interrupted":
            self.folder.note("Interrupted", "Training job interrupted; it will be started once more")
        else:
            self.hosts.remove()
        return outcome

    @property
    def _outcome_path(self) -> Path:
        return self.folder.path / "outcome.json"

    def _break_off(self, reason: str) -> None:
        self.input_failure = self.input_failure or reason

    def _train(self) -> dict:
        self.folder.note("Downloading", "Downloading the training image and input data")
        self.hosts.set_up(self._break_off)
        if self.orders.given.is_set():
            raise Cancelled
        self.folder.note("Training", "Training image download completed. Training in progress.")
        self.hosts.start()
        status = self._watch(time.time())
        code = self.hosts.close()
        outcome = {"status": status, "code": code, "metrics": self.metrics.final}
        if status == "Failed":
            outcome["reason"] = self.input_failure or self._failure(code)
        if status != "Interrupted":
            write_whole(self._outcome_path, outcome)
        return outcome

    def _watch(self, began: float) -> str:
        """Until the program ends, or has to; the job's status then."""
        limit = self.work["StoppingCondition"].get("MaxRuntimeInSeconds", 86400)
        while (code := self.hosts.exit_code) is None:
            if self.input_failure:
                self.hosts.stop(grace=0)
                return "Failed"
            if action := self.orders.take():
                self.hosts.stop(self.orders.grace if action == "stop" else INTERRUPTION_GRACE)
                return "Stopped" if action == "stop" else "Interrupted"
            if time.time() - began > limit:
                self.hosts.stop(self.orders.grace)
                return "MaxRuntimeExceeded"
            self.orders.given.wait(0.05)
        return "Failed" if code or self.input_failure else "Completed"

    def _failure(self, code: int) -> str:
        """AWS's words; where the program has left none, the toolkit's: what it was and how it ended."""
        container, setup = self.hosts.failure()
        try:
            text = (container.root / "output/failure").read_text(errors="replace")[:LONGEST_FAILURE]
        except OSError:
            last = next((line for line in reversed(container.last_lines) if line.strip()), "")
            command = " ".join(setup.command)
            text = f'ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "{last}"\nCommand "{command}"'
        return f"AlgorithmError: {text.strip()}, exit code: {code}"

    def _upload(self, outcome: dict) -> None:
        """Everything that is to be kept. An order to stop changes nothing any more, an interruption does."""
        self.folder.note("Uploading", "Uploading generated training model")
        while True:
            try:
                self._upload_once(outcome)
                return
            except Cancelled:
                if self.orders.take() == "interrupt":
                    outcome["status"] = "Interrupted"
                    return

    def _upload_once(self, outcome: dict) -> None:
        config = self.work["OutputDataConfig"]
        target = f"{config['S3OutputPath'].rstrip('/')}/{self.work['TrainingJobName']}/output"
        for checkpoints in self.hosts.checkpoints():
            checkpoints.finish()
        output = self.hosts.gather("output/data")
        if any(output.glob("*")):
            self._archive(output, f"{target}/output.tar.gz")
        if outcome["status"] not in LEAVE_A_MODEL:
            return
        if config.get("CompressionType") == "NONE":
            outcome["artifacts"] = f"{target}/model/"
            self.bucket.upload_tree(self.hosts.gather("model"), outcome["artifacts"])
        else:
            outcome["artifacts"] = f"{target}/model.tar.gz"
            self._archive(self.hosts.gather("model"), outcome["artifacts"])

    def _archive(self, folder: Path, uri: str) -> None:
        archive = self.folder.path / uri.rpartition("/")[2]
        pack(folder, archive)
        self.bucket.upload(archive, uri)
        archive.unlink()


if __name__ == "__main__":
    run(lambda folder: Training(folder).run())
