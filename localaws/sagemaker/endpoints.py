"""Endpoints: a fleet of model servers for the configuration that serves, and another during an update."""

import logging
import time
import uuid

from botocore.exceptions import ClientError

from localaws.api import AwsError, Clients
from localaws.sagemaker import capture, deployments
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
logger = logging.getLogger(__name__)

CHANGING = ("Creating", "Updating", "RollingBack", "Deleting")


class Endpoints:
    """A document's ``fleet`` serves, its ``next`` is on its way up and has a ``deployment``: see there.

    Either may be None. What it serves is kept in the document: configuration and model may be deleted
    meanwhile, as on AWS.
    """

    def __init__(
        self,
        documents: Documents,
        configs: EndpointConfigs,
        models: Models,
        fleets: Fleets,
        clients: Clients,
    ):
        self.documents = documents
        self.configs = configs
        self.models = models
        self.fleets = fleets
        self.clients = clients

    def attach(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor

    def CreateEndpoint(self, params: dict) -> dict:
        self.documents.refuse_taken(params["EndpointName"])
        config = params.pop("DeploymentConfig", None)
        fleet = self._fleet(params["EndpointConfigName"])
        deployed(fleet, config)  # for the updates to come: here is no traffic to shift
        coming = deployed(fleet, None)
        answer = self.documents.add(
            params, EndpointStatus="Creating", LastDeploymentConfig=config, fleet=None, next=coming
        )
        self.supervisor.wake()
        return answer

    def UpdateEndpoint(self, params: dict) -> dict:
        """The old fleet serves until the new one has proved itself. If that fails it goes on, unexplained."""
        name = params["EndpointName"]
        document = self._changeable(name)
        if document["EndpointStatus"] != "InService":
            raise invalid(
                f'Cannot update endpoint "{self.documents.arn(name)}" in status {document["EndpointStatus"]}'
            )
        # AWS looks for the old configuration too: who has deleted it cannot update the endpoint any more.
        self.configs.documents.get(document["EndpointConfigName"])
        fleet = self._fleet(params["EndpointConfigName"])
        if params.get("RetainAllVariantProperties"):
            excluded = params.get("ExcludeRetainedVariantProperties", [])
            retain(document["fleet"], fleet, {entry["VariantPropertyType"] for entry in excluded})
        config = params.get("DeploymentConfig")
        if params.get("RetainDeploymentConfig"):
            config = document.get("LastDeploymentConfig")
        coming = deployed(fleet, config)
        self._states(coming["deployment"]["alarms"])
        changes = {"EndpointStatus": "Updating", "LastDeploymentConfig": config, "next": coming}
        if not self.documents.update_if(name, {"EndpointStatus": "InService"}, **changes):
            raise self._in_progress(name)
        self.supervisor.wake()
        return {"EndpointArn": document["EndpointArn"]}

    def DescribeEndpoint(self, params: dict) -> dict:
        document = self.documents.get(params["EndpointName"])
        old, coming = document["fleet"], document["next"]
        return document | {
            "ProductionVariants": summaries(old or coming),
            "DataCaptureConfig": capture.summary((old or coming or {}).get("capture")),
            "PendingDeploymentSummary": pending(coming) if old and coming else None,
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
                self._deploy(name, coming)
            except CannotServe as problem:
                self._give_up(document, str(problem))
        nothing_left = self.fleets.retire(name, {wanted["id"] for wanted in (fleet, coming) if wanted})
        if document["EndpointStatus"] == "Deleting" and nothing_left:
            self.documents.delete(name)
        if document["EndpointStatus"] == "RollingBack" and nothing_left:
            self.documents.update(name, EndpointStatus="InService")

    def _deploy(self, name: str, coming: dict) -> None:
        """One step towards a new fleet with all the traffic. Raises CannotServe to have it called back."""
        deployment, now = coming["deployment"], time.time()
        if now > deployment["deadline"]:
            raise CannotServe("the update took longer than its MaximumExecutionTimeoutInSeconds")
        healthy = self.fleets.bring_up(name, coming)
        if deployments.is_watched(deployment, now):
            states = self._states(deployment["alarms"])
            if ringing := [alarm for alarm in states if states[alarm] == "ALARM"]:
                raise CannotServe(f"alarms are in state ALARM: {', '.join(ringing)}")
        while healthy:
            following = deployments.advance(deployment, now)
            if following is None:
                return self._switch(name, coming)
            if following == deployment:
                return
            deployment = following
            self.documents.update(name, next=coming | {"deployment": deployment})

    def _states(self, alarms: list[str]) -> dict[str, str]:
        """The alarms' states by name. Raises AwsError where one does not exist."""
        if not alarms:
            return {}
        try:
            answer = self.clients.client("cloudwatch").describe_alarms(AlarmNames=alarms)
        except ClientError as problem:
            raise invalid(f"DeploymentConfig.AutoRollbackConfiguration.Alarms: {problem}") from problem
        states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in answer["MetricAlarms"]}
        if missing := [alarm for alarm in alarms if alarm not in states]:
            raise invalid(
                f"DeploymentConfig.AutoRollbackConfiguration.Alarms: there is no {', '.join(missing)}"
            )
        return states

    def _switch(self, name: str, coming: dict) -> None:
        fleet = {key: value for key, value in coming.items() if key != "deployment"}
        changes = {"EndpointConfigName": coming["config"], "fleet": fleet, "next": None}
        self.documents.update(name, EndpointStatus="InService", **changes)

    def _give_up(self, document: dict, reason: str) -> None:
        """A new endpoint fails with its reason. After a failed update AWS says InService, and gives none."""
        if document["fleet"]:
            logger.warning("endpoint %s: update rolled back: %s", document["EndpointName"], reason)
            changes = {"EndpointStatus": "RollingBack"}
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
        return {
            "id": uuid.uuid4().hex[:12],
            "config": config_name,
            "variants": variants,
            "capture": capture.enabled(config.get("DataCaptureConfig")),
        }

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


def deployed(fleet: dict, config: dict | None) -> dict:
    """The fleet, on its way up as the DeploymentConfig wants it. Raises AwsError."""
    instances = sum(variant["count"] for variant in fleet["variants"])
    return fleet | {"deployment": deployments.plan(config, instances, time.time())}


def pending(coming: dict) -> dict:
    """The fleet that an update brings up, as DescribeEndpoint shows it."""
    status = deployments.stage(coming["deployment"], time.time())
    variants = [variant | {"VariantStatus": [status]} for variant in summaries(coming)]
    started = coming["deployment"]["started"]
    return {"EndpointConfigName": coming["config"], "ProductionVariants": variants, "StartTime": started}


def summaries(fleet: dict | None) -> list[dict] | None:
    return [summary(variant) for variant in fleet["variants"]] if fleet else None


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
