"""The rooms of the stand-in, put together."""

from collections.abc import Mapping
from pathlib import Path

from localaws.api import Identity, OwnClients, Service
from localaws.api.sigv4 import Verifier
from localaws.built_in_functions import GROUND_TRUTH_FUNCTIONS
from localaws.gateway import Gateway
from localaws.groundtruth import GroundTruth
from localaws.home import Credentials
from localaws.sagemaker import SageMaker
from localaws.services.cloudwatch import CloudWatch
from localaws.services.cognito import Cognito
from localaws.services.functions import Functions
from localaws.services.iam import Iam
from localaws.services.logs import Logs
from localaws.services.s3 import S3
from localaws.services.sts import AccessKeys, Sts
from localaws.store import Store

# Where a user puts another server in the place of one of ours.
OVERRIDES = {"AWS_ENDPOINT_URL_S3": "s3"}


class Application:
    """``api`` and ``portal`` are the two ASGI applications; each listens on a port of its own.

    Objects of S3 are what their owners put there, HTML too, so the portal must not share an origin with them.
    """

    def __init__(
        self,
        home: Path,
        identity: Identity,
        credentials: Credentials,
        endpoint: str,
        portal_url: str,
        environment: Mapping[str, str],
    ):
        overrides = {OVERRIDES[name]: environment[name] for name in OVERRIDES if environment.get(name)}
        clients = OwnClients(
            endpoint, credentials.access_key, credentials.secret_key, identity.region, overrides
        )
        store = Store(home / "state.sqlite3")
        logs = Logs(store, identity)
        functions = Functions(store, logs, home, clients, GROUND_TRUTH_FUNCTIONS, identity)
        sagemaker = SageMaker(home, identity, clients, logs)
        ground_truth = GroundTruth(home, identity, clients, sagemaker.tags, portal_url)
        services = [
            Service("cloudwatch", CloudWatch(store, identity)),
            Service("cognito-idp", *Cognito(store, identity).implementations),
            Service("iam", Iam(store, identity)),
            Service("lambda", *functions.implementations),
            Service("logs", logs),
            Service("sagemaker", *sagemaker.implementations, *ground_truth.implementations),
            Service("sagemaker-runtime", sagemaker.invoke_endpoint),
            Service("sts", Sts(store, identity)),
        ]
        temporary_keys = AccessKeys(store)

        def secret_of(access_key: str, token: str | None) -> str | None:
            if access_key == credentials.access_key:
                return credentials.secret_key
            return temporary_keys.lookup(access_key, token)

        port = endpoint.rpartition(":")[2]
        self.api = Gateway(
            {service.name: service for service in services},
            s3=S3(home / "s3", identity),
            verifier=Verifier(identity.region, secret_of),
            hosts={f"127.0.0.1:{port}", f"localhost:{port}"},
            home=home,
        )
        self.portal = ground_truth.portal
        self._rooms = (functions, sagemaker, ground_truth)

    def start(self) -> None:
        """Take up what a stop or a crash left unfinished. The server must be listening: the rooms call it."""
        for room in self._rooms:
            room.start()

    def stop(self) -> None:
        for room in reversed(self._rooms):
            room.stop()
