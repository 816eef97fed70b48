"""Endpoints: a fleet of model servers for the configuration that serves, and another during an update."""

import uuid

from localaws.api import AwsError
from localaws.sagemaker.catalogue import UnknownImage, serving_program
from localaws.sagemaker.documents import Documents, Kind
from localaws.sagemaker.fleets import CannotServe, Fleets
from localaws.sagemaker.jobs import shorten
from localaws.sagemaker.models import EndpointConfigs, Models
from localaws.sagemaker.preconditions import invalid
from localaws.supervisor import Supervisor, attempt

ENDPOINT = Kind(
    "Endpoint",
    "endpoint",
    missing='Could not find endpoint "{arn}".',
    taken='Cannot create already existing endpoint "{arn}".',
)
CHANGING = ("Creating", "Updating", "Deleting")


class Endpoints:
    """A document's ``fleet`` serves, its ``next`` is on its way up; either may be None.

    What it serves is kept in the document: configuration and model may be deleted meanwhile, as on AWS.
    """

    def __init__(self, documents: Documents, configs: EndpointConfigs, models: Models, fleets: Fleets):
        self.documents = documents
        self.configs = configs
        self.models = models
        self.fleets = fleets

    def attach(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor

    def CreateEndpoint(self, params: dict) -> dict:
        self.documents.refuse_taken(params["EndpointName"])
        check_deployment(params.get("DeploymentConfig"))
        fleet = self._fleet(params["EndpointConfigName"])
        answer = self.documents.add(params, EndpointStatus="Creating", fleet=None, next=fleet)
        self.supervisor.wake()
        return answer

    def UpdateEndpoint(self, params: dict) -> dict:
        """The old fleet serves until the new one answers. If that fails it goes on, and nobody is told."""
        name = params["EndpointName"]
        document = self._changeable(name)
        if document["EndpointStatus"] != "InService":
            raise invalid(
                f'Cannot update endpoint "{self.documents.arn(name)}" in status {document["EndpointStatus"]}'
            )
        check_deployment(params.get("DeploymentConfig"))
        # AWS looks for the old configuration too: who has deleted it cannot update the endpoint any more.
        self.configs.documents.get(document["EndpointConfigName"])
        fleet = self._fleet(params["EndpointConfigName"])
        if params.get("RetainAllVariantProperties"):
            excluded = params.get("ExcludeRetainedVariantProperties", [])
            retain(document["fleet"], fleet, {entry["VariantPropertyType"] for entry in excluded})
        expected = {"EndpointStatus": "InService"}
        if not self.documents.update_if(name, expected, EndpointStatus="Updating", next=fleet):
            raise self._in_progress(name)
        self.supervisor.wake()
        return {"EndpointArn": document["EndpointArn"]}

    def DescribeEndpoint(self, params: dict) -> dict:
        document = self.documents.get(params["EndpointName"])
        fleet = document["fleet"] or document["next"]
        return document | {
            "ProductionVariants": [summary(variant) for variant in fleet["variants"]] if fleet else None
        }

    def ListEndpoints(self, params: dict) -> dict:
        return self.documents.list(params, "Endpoints")

    def DeleteEndpoint(self, params: dict) -> None:
        name = params["EndpointName"]
        document = self._changeable(name)
        expected = {"EndpointStatus": document["EndpointStatus"]}
        if not self.documents.update_if(name, expected, EndpointStatus="Deleting", fleet=None, next=None):
            raise self._in_progress(name)
        self.supervisor.wake()

    def reconcile(self) -> None:
        known = {document["EndpointName"]: document for document in self.documents.all()}
        for document in known.values():
            attempt(self._advance, document)
        for name in self.fleets.endpoints() - set(known):
            attempt(self.fleets.retire, name, set())

    def _advance(self, document: dict) -> None:
        name, fleet, coming = document["EndpointName"], document["fleet"], document["next"]
        if fleet:
            self.fleets.keep_up(name, fleet)
        if coming:
            try:
                if self.fleets.bring_up(name, coming):
                    self._switch(document)
            except CannotServe as problem:
                self._give_up(document, str(problem))
        nothing_left = self.fleets.retire(name, {wanted["id"] for wanted in (fleet, coming) if wanted})
        if document["EndpointStatus"] == "Deleting" and nothing_left:
            self.documents.delete(name)

    def _switch(self, document: dict) -> None:
        coming = document["next"]
        self.documents.update(
            document["EndpointName"],
            EndpointStatus="InService",
            EndpointConfigName=coming["config"],
            fleet=coming,
            next=None,
        )

    def _give_up(self, document: dict, reason: str) -> None:
        """A new endpoint fails with its reason. After a failed update AWS says InService, and gives none."""
        if document["fleet"]:
            changes = {"EndpointStatus": "InService"}
        else:
            changes = {"EndpointStatus": "Failed", "FailureReason": shorten(reason)}
        self.documents.update(document["EndpointName"], **changes, next=None)

    def _changeable(self, name: str) -> dict:
        document = self.documents.get(name)
        if document["EndpointStatus"] in CHANGING:
            raise self._in_progress(name)
        return document

    def _in_progress(self, name: str) -> AwsError:
        return invalid(f'Cannot update in-progress endpoint "{self.documents.arn(name)}".')

    def _fleet(self, config_name: str) -> dict:
        """What a configuration asks for, with everything that starting it takes."""
        config = self.configs.documents.get(config_name)
        variants = [self._variant(variant) for variant in config["ProductionVariants"]]
        return {"id": uuid.uuid4().hex[:12], "config": config_name, "variants": variants}

    def _variant(self, variant: dict) -> dict:
        model, refused, program = self.models.container(variant["ModelName"]), None, None
        try:
            program = serving_program(model["Image"])
        except UnknownImage as problem:
            refused = str(problem)
        return {
            "name": variant["VariantName"],
            "weight": variant.get("InitialVariantWeight", 1.0),
            "count": variant["InitialInstanceCount"],
            "startup_seconds": variant.get("ContainerStartupHealthCheckTimeoutInSeconds"),
            "model": model | {"program": program},
            "refused": refused,
        }


def summary(variant: dict) -> dict:
    """A variant as DescribeEndpoint shows it."""
    return {
        "VariantName": variant["name"],
        "DeployedImages": [{"SpecifiedImage": variant["model"]["Image"]}],
        "CurrentWeight": variant["weight"],
        "DesiredWeight": variant["weight"],
        "CurrentInstanceCount": variant["count"],
        "DesiredInstanceCount": variant["count"],
    }


def retain(old: dict, new: dict, excluded: set[str]) -> None:
    """Weights and instance counts stay as they are, for variants that are in both fleets."""
    before = {variant["name"]: variant for variant in old["variants"]}
    for variant in new["variants"]:
        for key, kind in (("weight", "DesiredWeight"), ("count", "DesiredInstanceCount")):
            if variant["name"] in before and kind not in excluded:
                variant[key] = before[variant["name"]][key]


def check_deployment(config: dict | None) -> None:
    """Traffic moves at once when the new fleet is healthy; nothing else is here yet."""
    if not config:
        return
    if "RollingUpdatePolicy" in config:
        raise invalid("DeploymentConfig.RollingUpdatePolicy is not implemented by the stand-in")
    if config.get("AutoRollbackConfiguration", {}).get("Alarms"):
        raise invalid("DeploymentConfig.AutoRollbackConfiguration.Alarms is not implemented by the stand-in")
    routing = config.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
    if routing.get("Type", "ALL_AT_ONCE") != "ALL_AT_ONCE":
        raise invalid(
            f"DeploymentConfig.BlueGreenUpdatePolicy of type {routing['Type']} is not implemented by the "
            "stand-in; ALL_AT_ONCE is"
        )
