"""The labeling service as a program: ``python -m localaws.labeling_service --home DIR``.

Prints one JSON line when it listens, {"endpoint", "portal", "account", "region", "credentials_file",
"config_file"}, and serves until SIGTERM or SIGINT. What keeps it from starting is one line on stderr, and
exit code 1.
"""

import argparse
import logging
import sqlite3
import sys
from pathlib import Path

from localaws.api import ConfiguredClients
from localaws.home import LOOPBACK, CannotStart, Home
from localaws.labeling_service.account import check_owner, find_identity
from localaws.labeling_service.addresses import LOOPBACK_NAMES, address_of
from localaws.labeling_service.application import Application
from localaws.program import serve, start, stop_signals

SERVICES = {"s3": "s3", "lambda": "lambda", "cognito": "cognito-idp", "sts": "sts"}  # option: boto3's name

logger = logging.getLogger(__name__)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m localaws.labeling_service",
        description="Ground Truth's labeling beside AWS's own S3, Lambda and Cognito.",
    )
    add = parser.add_argument
    add("--home", type=Path, required=True, help="the folder that holds everything it knows")
    add("--host", default=LOOPBACK, help="the address to listen on; this machine's own, if not given")
    ports = "0, the default: the port of the last time, or else any free one"
    add("--port", type=int, default=0, help=f"for SageMaker's API. {ports}")
    add("--portal-port", type=int, default=0, help=f"for the workers' portal. {ports}")
    add("--url", default="", help="the API's address for others, where a proxy stands in front of it")
    add(
        "--portal-url",
        default="",
        help="the portal's address for workers, where a proxy stands in front of it",
    )
    for name in SERVICES:
        add(f"--{name}-endpoint", default="", metavar="URL", help="where boto3's settings say, if not given")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stopping = stop_signals()
    try:
        given = {service: getattr(arguments, f"{name}_endpoint") for name, service in SERVICES.items()}
        clients = ConfiguredClients({service: url for service, url in given.items() if url})
        identity = find_identity(clients)
        home = Home(arguments.home)
        check_owner(home, identity)
        if arguments.host not in LOOPBACK_NAMES:
            logger.warning("listening on %s: others can reach this server", arguments.host)
        listeners = (
            home.listen("api", arguments.port, arguments.host),
            home.listen("portal", arguments.portal_port, arguments.host),
        )
        ports = [listener.getsockname()[1] for listener in listeners]
        endpoint = address_of("--url", arguments.host, ports[0], arguments.url)
        portal = address_of("--portal-url", arguments.host, ports[1], arguments.portal_url)
        home.write_client_config(endpoint.url, identity.region)
        application = Application(home, identity, clients, endpoint, portal)
        servers = start(application, listeners)
    except (CannotStart, OSError, sqlite3.Error) as problem:
        print(f"the labeling service cannot start: {problem}", file=sys.stderr)
        return 1
    told = {"endpoint": endpoint.url, "portal": portal.url}
    told |= {"account": identity.account, "region": identity.region}
    told |= {"credentials_file": str(home.credentials_file), "config_file": str(home.config_file)}
    serve(application, servers, told, stopping)
    return 0


if __name__ == "__main__":
    sys.exit(main())
