"""The server's side of AWS's wire protocols, driven by botocore's service models."""

from localaws.api.clients import Clients, ConfiguredClients, OwnClients
from localaws.api.errors import AwsError
from localaws.api.identity import Identity
from localaws.api.request import Request
from localaws.api.service import Service

__all__ = ["AwsError", "Clients", "ConfiguredClients", "Identity", "OwnClients", "Request", "Service"]
