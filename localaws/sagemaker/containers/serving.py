"""A model behind HTTP: the container that answers /ping and /invocations, for endpoints and transforms."""

import http.client
import shutil
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from localaws.sagemaker.containers.archives import unpack
from localaws.sagemaker.containers.bucket import Bucket
from localaws.sagemaker.containers.container import Container
from localaws.sagemaker.containers.patience import Cancelled, JobError
from localaws.sagemaker.containers.script_mode import refuse_unmet
from localaws.sagemaker.folders import JobFolder
from localaws.sagemaker.invocations import ask

STARTUP = 240  # seconds until the first healthy ping, unless the variant says otherwise
PING = 2  # seconds within which a ping must be answered
TOOLKIT = Path(__file__).with_name("inference_toolkit.py")


class ModelServer:
    """``model`` is a container of CreateModel's request with ``program`` added: the path of the catalogue's
    inference code, or None for the model's own.
    """

    def __init__(self, folder: JobFolder, model: dict, bucket: Bucket):
        self.folder = folder
        self.model = model
        self.bucket = bucket
        self.container = Container(folder)
        self.port = 0

    def start(self, environment: dict[str, str]) -> None:
        """Fetch the model and start the program; it need not be healthy yet. Raises JobError."""
        shutil.rmtree(self.folder.container, ignore_errors=True)
        model, base = self.folder.container / "model", self.container.base / "model"
        model.mkdir(parents=True)
        self._fetch_model(model)
        variables = self.model.get("Environment", {})
        if self.model["program"]:
            code = Path(self.model["program"])
            directory, program = code.parent, code.name
        else:
            directory, program = self._fetch_code(model, base, variables)
        self.port = free_port()
        command = [sys.executable, str(TOOLKIT), str(directory), program]
        self.container.start(
            command,
            environment
            | {"SM_MODEL_DIR": str(base)}
            | variables
            | {"SAGEMAKER_BIND_TO_PORT": str(self.port)},
            base,
        )

    def wait_until_healthy(self, seconds: float, cancelled: Callable[[], bool]) -> None:
        """Raises JobError when the program ends or does not answer in time, Cancelled when asked to stop."""
        deadline = time.monotonic() + seconds
        while not self.is_healthy():
            if cancelled():
                raise Cancelled
            if (code := self.container.exit_code) is not None:
                raise JobError(f"the program ended with exit code {code} before it answered a ping")
            if time.monotonic() > deadline:
                raise JobError(f"no healthy answer to a ping within {seconds:g} seconds")
            time.sleep(0.05)

    def is_healthy(self) -> bool:
        try:
            return ask(self.port, "GET", "/ping", b"", {}, timeout=PING).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def _fetch_model(self, model: Path) -> None:
        source = self.model.get("ModelDataSource", {}).get("S3DataSource", {})
        if url := self.model.get("ModelDataUrl") or (
            source.get("S3Uri") if source.get("CompressionType") == "Gzip" else None
        ):
            archive = self.folder.path / "model.tar.gz"
            self.bucket.download(url, archive)
            unpack(archive, model, url)
            archive.unlink()
        elif source:
            self.bucket.download_prefix(source["S3Uri"], model)

    def _fetch_code(self, model: Path, base: Path, variables: dict[str, str]) -> tuple[Path, str]:
        """(folder as the program sees it, file name) of the model's own inference code."""
        program = variables.get("SAGEMAKER_PROGRAM", "inference.py")
        location = variables.get("SAGEMAKER_SUBMIT_DIRECTORY", "/opt/ml/model/code")
        if location.startswith("s3://"):
            code = model / "code"
            archive = self.folder.path / "source.tar.gz"
            self.bucket.download(location, archive)
            unpack(archive, code, location)
            archive.unlink()
        else:
            code = self.folder.container / Path(location).relative_to("/opt/ml")
        refuse_unmet(code / "requirements.txt")
        return base.parent / code.relative_to(self.folder.container), program


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
