"""The instances behind an endpoint: a runner each, started, found again, started anew when lost, retired."""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localaws.sagemaker.folders import JobFolder
from localaws.sagemaker.jobs import Surroundings
from localaws.supervisor import Runner

MODULE = "localaws.sagemaker.containers.endpoint"
PATIENCE_WITH_RUNNER = 60  # seconds after an order to stop, until the runner itself is killed
LONGEST_PAUSE = 30  # seconds before an instance that keeps dying is started once more


class CannotServe(Exception):
    """An instance of a new fleet did not come up; the message is for the FailureReason."""


@dataclass(frozen=True)
class Instance:
    endpoint: str
    variant: dict  # {"name", "weight", "count", "model", "startup_seconds", "refused"}
    path: Path

    @property
    def folder(self) -> JobFolder:
        return JobFolder(self.path)

    @property
    def runner(self) -> Runner:
        return Runner(self.path)

    @property
    def stream(self) -> str:
        return f"{self.variant['name']}/{self.path.parent.name}-{self.path.name}"


class Fleets:
    """A fleet is what one endpoint configuration asks for: {"id", "config", "variants": [...]}.

    Its instances live in <home>/endpoints/<endpoint>/<fleet id>/<variant>-<number>.
    """

    def __init__(self, surroundings: Surroundings):
        self.surroundings = surroundings
        self.home = surroundings.home / "endpoints"
        self._pauses: dict[Path, tuple[float, float]] = {}  # folder -> (seconds, start not before)

    def instances(self, endpoint: str, fleet: dict) -> Iterator[Instance]:
        for variant in fleet["variants"]:
            for number in range(variant["count"]):
                path = self.home / endpoint / fleet["id"] / f"{variant['name']}-{number}"
                yield Instance(endpoint, variant, path)

    def endpoints(self) -> set[str]:
        """Names of all endpoints that have instances, running or not."""
        return {path.name for path in self.home.glob("*")}

    def bring_up(self, endpoint: str, fleet: dict) -> bool:
        """One step towards a serving fleet; True when every instance answers. Raises CannotServe."""
        ready = True
        for instance in self.instances(endpoint, fleet):
            if reason := instance.variant["refused"]:
                raise CannotServe(reason)
            verdict = instance.folder.verdict
            if verdict and verdict["status"] == "Failed":
                self._ship(instance, to_the_end=True)
                raise CannotServe(verdict["reason"])
            self._keep(instance)
            ready = ready and instance.folder.ready is not None
        return ready

    def keep_up(self, endpoint: str, fleet: dict) -> None:
        """One step that keeps a serving fleet serving."""
        for instance in self.instances(endpoint, fleet):
            self._keep(instance)

    def retire(self, endpoint: str, keep: set[str]) -> bool:
        """One step that ends all fleets but those to keep; True when nothing else is left."""
        gone = True
        for path in (self.home / endpoint).glob("*"):
            if path.name not in keep:
                gone = self._retire_fleet(endpoint, path) and gone
        if gone and not keep and (self.home / endpoint).exists():
            (self.home / endpoint).rmdir()
        return gone

    def interrupt(self) -> list[Runner]:
        """The server is going: its next start brings the instances up again."""
        runners = [Runner(path) for path in self.home.glob("*/*/*")]
        alive = [runner for runner in runners if runner.alive]
        for runner in alive:
            JobFolder(runner.folder).give_order("interrupt", 0)
            runner.send(signal.SIGTERM)
        return alive

    def ports(self, endpoint: str, fleet: dict, variant: str) -> list[int]:
        """Where the variant's instances listen; read from disk, so right also after a restart."""
        instances = [
            instance for instance in self.instances(endpoint, fleet) if instance.variant["name"] == variant
        ]
        return [ready["port"] for instance in instances if (ready := instance.folder.ready)]

    def _keep(self, instance: Instance) -> None:
        folder, runner = instance.folder, instance.runner
        if runner.alive:
            self._ship(instance, to_the_end=False)
            if folder.ready:
                self._pauses.pop(instance.path, None)
            return
        if runner.started:
            self._ship(instance, to_the_end=True)
            runner.sweep()
            folder.announce(None)
            pause, not_before = self._pauses.get(instance.path, (0.0, 0.0))
            if time.monotonic() < not_before:
                return
            pause = min(max(1.0, pause * 2), LONGEST_PAUSE)
            self._pauses[instance.path] = pause, time.monotonic() + pause
            folder.reopen()
        folder.assign(
            {
                "endpoint": instance.endpoint,
                "variant": instance.variant["name"],
                "model": instance.variant["model"],
                "startup_seconds": instance.variant["startup_seconds"],
            }
        )
        runner.start(MODULE, self.surroundings.environment())

    def _retire_fleet(self, endpoint: str, path: Path) -> bool:
        gone = True
        for instance_path in path.glob("*"):
            name = instance_path.name.rpartition("-")[0]
            instance = Instance(endpoint, {"name": name}, instance_path)
            runner, order = instance.runner, instance.folder.order
            if not runner.alive:
                self._ship(instance, to_the_end=True)
                runner.sweep()
                instance.folder.remove()
                continue
            gone = False
            if order is None:
                instance.folder.give_order("stop", self.surroundings.stop_grace)
                runner.send(signal.SIGTERM)
            elif time.time() > order["time"] + PATIENCE_WITH_RUNNER:
                runner.send(signal.SIGKILL)
        if gone:
            path.rmdir()
        return gone

    def _ship(self, instance: Instance, *, to_the_end: bool) -> None:
        group = f"/aws/sagemaker/Endpoints/{instance.endpoint}"
        self.surroundings.shipper.ship(instance.folder.log, group, instance.stream, to_the_end=to_the_end)
