"""SageMaker's jobs, models and endpoints, run as real processes under the container contract."""

import time
from pathlib import Path

from localaws.api import Clients, Identity
from localaws.sagemaker.capture import Capture
from localaws.sagemaker.documents import Documents, Kind
from localaws.sagemaker.endpoints import ENDPOINT, Endpoints
from localaws.sagemaker.fleets import Fleets
from localaws.sagemaker.jobs import STOP_GRACE, Surroundings
from localaws.sagemaker.models import ENDPOINT_CONFIG, MODEL, EndpointConfigs, Models
from localaws.sagemaker.preconditions import Preconditions
from localaws.sagemaker.registry import GROUP, PACKAGE, ModelPackageGroups, ModelPackages
from localaws.sagemaker.runtime import Runtime
from localaws.sagemaker.shipping import Logs, Shipper
from localaws.sagemaker.tags import Tags
from localaws.sagemaker.training import TRAINING_JOB, TrainingJobs
from localaws.sagemaker.transform import TRANSFORM_JOB, TransformJobs
from localaws.store import Store
from localaws.supervisor import Supervisor

LETTING_GO = 8  # seconds that runners have to end when the server stops


class SageMaker:
    """The room of jobs. ``implementations`` serve sagemaker, ``invoke_endpoint`` serves sagemaker-runtime.

    A server that is killed leaves its children running, and the next one finds them again. One that is
    stopped takes them along: jobs are interrupted, as on a spot instance, and started once more by the next.
    """

    def __init__(
        self, home: Path, identity: Identity, clients: Clients, logs: Logs, stop_grace: float = STOP_GRACE
    ):
        home = Path(home).resolve() / "sagemaker"  # runners work elsewhere
        store = Store(home / "state.sqlite3")
        self.tags = Tags(store)

        def documents(kind: Kind) -> Documents:
            return Documents(kind, store, identity, self.tags)

        surroundings = Surroundings(home, clients, Shipper(logs), stop_grace)
        preconditions = Preconditions(clients, identity)
        self.models = Models(documents(MODEL), preconditions)
        configs = EndpointConfigs(documents(ENDPOINT_CONFIG), self.models)
        self.training = TrainingJobs(documents(TRAINING_JOB), surroundings, preconditions)
        self.transform = TransformJobs(documents(TRANSFORM_JOB), surroundings, preconditions, self.models)
        self.endpoints = Endpoints(documents(ENDPOINT), configs, self.models, Fleets(surroundings), clients)
        groups = ModelPackageGroups(documents(GROUP), documents(PACKAGE))
        self.implementations = [
            self.training,
            self.transform,
            self.models,
            configs,
            self.endpoints,
            groups,
            ModelPackages(documents(PACKAGE), groups),
            self.tags,
        ]
        self._capture = Capture(clients)
        self.invoke_endpoint = Runtime(self.endpoints, self._capture, identity)
        self._supervisor = Supervisor(self.training, self.transform, self.endpoints)
        for room in self._supervisor.rooms:
            room.attach(self._supervisor)

    def start(self) -> None:
        self._supervisor.start()
        self._capture.start()

    def stop(self) -> None:
        self._supervisor.stop()
        self._capture.stop()
        runners = [
            *self.training.interrupt(),
            *self.transform.interrupt(),
            *self.endpoints.fleets.interrupt(),
        ]
        deadline = time.monotonic() + LETTING_GO
        while any(runner.alive for runner in runners) and time.monotonic() < deadline:
            time.sleep(0.05)
        for runner in runners:
            runner.sweep()
