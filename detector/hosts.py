"""The hosts of a training job, as SageMaker tells of them, and where their processes meet.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

PORT = 29500


@dataclass(frozen=True)
class Hosts:
    """``names`` of all hosts, in the same order on each of them; the processes of all meet at the first."""

    names: tuple[str, ...] = ("localhost",)
    current: str = "localhost"
    interface: str = ""  # the network interface between them; empty: whichever their names are reached by

    def __post_init__(self):
        if self.current not in self.names:
            raise ValueError(f"current host {self.current!r} is not one of the hosts {', '.join(self.names)}")

    @property
    def count(self) -> int:
        return len(self.names)

    @property
    def index(self) -> int:
        return self.names.index(self.current)

    @property
    def leads(self) -> bool:
        return self.index == 0

    @property
    def meeting(self) -> tuple[str, int]:
        """Address and port on the first host. MASTER_ADDR and MASTER_PORT, torch's own names, override it."""
        port = os.environ.get("MASTER_PORT", str(PORT))
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"MASTER_PORT {port!r} is not a port between 1 and 65535")
        return os.environ.get("MASTER_ADDR", self.names[0]), int(port)


def read_hosts(base: Path) -> Hosts:
    """From SM_HOSTS, SM_CURRENT_HOST and SM_NETWORK_INTERFACE_NAME, or else from resourceconfig.json under
    ``base``, which is /opt/ml in a container; one host where there is neither."""
    interface = os.environ.get("SM_NETWORK_INTERFACE_NAME", "")
    if "SM_HOSTS" in os.environ:
        names = tuple(json.loads(os.environ["SM_HOSTS"]))
        return Hosts(names, os.environ.get("SM_CURRENT_HOST", names[0]), interface)
    folder = Path(os.environ.get("SM_INPUT_CONFIG_DIR", base / "input" / "config"))
    config = folder / "resourceconfig.json"
    if not config.is_file():
        return Hosts()
    told = json.loads(config.read_text())
    return Hosts(
        tuple(told["hosts"]), told["current_host"], interface or told.get("network_interface_name", "")
    )
