"""The rooms of the stand-in, put together."""

from collections.abc import Mapping
from pathlib import Path

from localaws.api import Clients, Identity, Service
from localaws.api.sigv4 import Verifier
from localaws.gateway import Gateway
from localaws.home import Credentials
from localaws.services.cognito import Cognito
from localaws.services.iam import Iam
from localaws.services.logs import Logs
from localaws.services.sts import AccessKeys, Sts
from localaws.store import Store

# Read once, from the server's own environment: where a user puts another server in the place of one of ours.
REPLACEABLE = {"AWS_ENDPOINT_URL_S3": "s3"}


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
        overrides = {REPLACEABLE[name]: environment[name] for name in REPLACEABLE if environment.get(name)}
        clients = Clients(
            endpoint, credentials.access_key, credentials.secret_key, identity.region, overrides
        )
        store = Store(home / "state.sqlite3")
        logs = Logs(store, identity)
        temporary_keys = AccessKeys(store)
        services = [
            Service("cognito-idp", *Cognito(store, identity).implementations),
            Service("iam", Iam(store, identity)),
            Service("logs", logs),
            Service("sts", Sts(store, identity)),
        ]

        def secret_of(access_key: str, token: str | None) -> str | None:
            if access_key == credentials.access_key:
                return credentials.secret_key
            return temporary_keys.lookup(access_key, token)

        port = endpoint.rpartition(":")[2]
        self.api = Gateway(
            {service.name: service for service in services},
            s3=None,
            verifier=Verifier(identity.region, secret_of),
            hosts={f"127.0.0.1:{port}", f"localhost:{port}"},
            home=home,
        )
        self.portal = self.api
        self.rooms = []

    def start(self) -> None:
        for room in self.rooms:
            room.start()

    def stop(self) -> None:
        for room in reversed(self.rooms):
            room.stop()
