"""The rooms of the labeling service, put together."""

from localaws.api import ConfiguredClients, Identity, Service
from localaws.api.sigv4 import Verifier
from localaws.built_in_functions import GROUND_TRUTH_FUNCTIONS
from localaws.gateway import Gateway
from localaws.groundtruth import GroundTruth
from localaws.home import Home
from localaws.labeling_service.addresses import Address
from localaws.labeling_service.callers import Callers
from localaws.labeling_service.functions import BuiltInFunctions, LogFile
from localaws.sagemaker.tags import Tags
from localaws.services.functions import Functions
from localaws.store import Store


class Application:
    """``api`` and ``portal`` are the two ASGI applications; each listens on a port of its own."""

    def __init__(
        self, home: Home, identity: Identity, clients: ConfiguredClients, endpoint: Address, portal: Address
    ):
        store = Store(home.path / "state.sqlite3")
        tags = Tags(store)
        functions = Functions(
            store,
            LogFile(home.path / "functions.log"),
            home.path,
            clients,
            GROUND_TRUTH_FUNCTIONS,
            identity,
        )
        built_in = BuiltInFunctions(functions.invocations)
        ground_truth = GroundTruth(home.path, identity, clients, tags, portal.url, built_in)
        service = Service("sagemaker", *ground_truth.implementations, tags, server="the labeling service")
        self.api = Gateway(
            {service.name: service},
            s3=None,
            verifier=Verifier(identity.region, Callers(home.credentials, clients.session).secret_of),
            hosts=set(endpoint.hosts),
            home=home.path,
        )
        self.portal = ground_truth.portal
        self._rooms = (functions, ground_truth)

    def start(self) -> None:
        """Take up what a stop or a crash left unfinished."""
        for room in self._rooms:
            room.start()

    def stop(self) -> None:
        for room in reversed(self._rooms):
            room.stop()
