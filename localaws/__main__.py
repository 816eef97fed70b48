"""The stand-in as a program: ``python -m localaws --home DIR``.

Prints one JSON line when it listens, {"endpoint", "portal", "credentials_file", "config_file"}, and serves
until SIGTERM or SIGINT. What keeps it from starting is one line on stderr, and exit code 1.
"""

import argparse
import logging
import os
import sqlite3
import sys
from pathlib import Path

from localaws.api import Identity
from localaws.application import Application
from localaws.home import CannotStart, Home
from localaws.program import serve, start, stop_signals
from localaws.server import log_requests


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m localaws", description="AWS on loopback that does the work."
    )
    parser.add_argument("--home", type=Path, required=True, help="the folder that holds everything it knows")
    ports = "0, the default: the port of the last time, or else any free one"
    parser.add_argument("--port", type=int, default=0, help=f"for AWS's APIs. {ports}")
    parser.add_argument("--portal-port", type=int, default=0, help=f"for the workers' portal. {ports}")
    parser.add_argument(
        "--request-log", type=Path, help="a file that gets a line for each request: GET /bucket/key"
    )
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    environment = dict(os.environ)
    for name in environment:
        if name.startswith("AWS_"):  # a profile or key of the caller's must not reach our own clients
            del os.environ[name]
    stopping = stop_signals()
    try:
        if arguments.request_log:
            log_requests(arguments.request_log)
        home = Home(arguments.home)
        listeners = home.listen("api", arguments.port), home.listen("portal", arguments.portal_port)
        endpoint, portal = (f"http://127.0.0.1:{listener.getsockname()[1]}" for listener in listeners)
        identity = Identity()
        home.write_client_config(endpoint, identity.region)
        application = Application(home.path, identity, home.credentials, endpoint, portal, environment)
        servers = start(application, listeners)
    except (CannotStart, OSError, sqlite3.Error) as problem:
        print(f"localaws cannot start: {explain(problem, arguments.home)}", file=sys.stderr)
        return 1
    files = {"credentials_file": str(home.credentials_file), "config_file": str(home.config_file)}
    serve(application, servers, {"endpoint": endpoint, "portal": portal} | files, stopping)
    return 0


def explain(problem: Exception, home: Path) -> str:
    if isinstance(problem, CannotStart):
        return str(problem)
    return f"{home}: {getattr(problem, 'strerror', None) or problem}"


if __name__ == "__main__":
    sys.exit(main())
