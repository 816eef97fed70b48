"""Lambda: functions that really run, each in processes of its own."""

from collections.abc import Mapping
from pathlib import Path

from localaws.api import Clients, Identity
from localaws.services.functions.invocations import Invocations
from localaws.services.functions.permissions import Permissions
from localaws.services.functions.pools import Pools
from localaws.services.functions.registry import Registry
from localaws.services.logs import Logs
from localaws.store import Store


class Functions:
    """``Service("lambda", *functions.implementations)``.

    ``built_in`` are the folders of functions that belong to AWS, by name, as Ground Truth's own do: they are
    called by an ARN in another account than ours, and their handler is ``handler.handle``.
    """

    def __init__(
        self,
        store: Store,
        logs: Logs,
        home: Path,
        clients: Clients,
        built_in: Mapping[str, Path],
        identity: Identity = Identity(),
    ):
        self.pools = Pools()
        registry = Registry(store, home / "functions", clients, built_in, identity, self.pools.retire)
        self.invocations = Invocations(store, logs, clients, registry, self.pools)
        self.implementations = [registry, Permissions(store, registry), self.invocations]

    def start(self) -> None:
        """Take up the events that a crash left behind."""
        self.invocations.start()

    def stop(self) -> None:
        self.invocations.stop()
        self.pools.stop()
