"""Models and the endpoints that serve them: updated in place, and proved to serve what was asked for."""

import time
from dataclasses import dataclass
from typing import Any

import dagster as dg

from resources.adoption import describe_or_none
from resources.aws import Aws, explained
from resources.endpoint_versions import delete_old_versions
from resources.sagemaker_jobs import growing_pauses

# RollingBack ends as InService on the old configuration: it is no success, but it is not the end either.
CHANGING = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}
LOST = {"Failed", "UpdateRollbackFailed"}  # nothing can be done with such an endpoint but delete it


@dataclass(frozen=True)
class Answer:
    """What an endpoint said about one image, and how long it took from asking to answer."""

    body: bytes
    milliseconds: float


class Endpoints(dg.ConfigurableResource):
    aws: Aws

    def ensure_model(self, request: dict[str, Any]) -> str:
        """Create the model unless one of its name is there; names are hashes, so that one is the same."""
        client, name = self.aws.client("sagemaker"), request["ModelName"]
        with explained(f"create the model {name}"):
            if describe_or_none(lambda: client.describe_model(ModelName=name)) is None:
                client.create_model(**request)
        return name

    def ensure(
        self, name: str, config: dict[str, Any], deployment: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Let the endpoint serve exactly this configuration; returns its description.

        Creates the endpoint, or updates it in place while the old configuration goes on serving; traffic
        moves as ``deployment``, a DeploymentConfig, says. Raises dg.Failure when the endpoint ends up failed,
        or in service with another configuration than ours: after a failed update SageMaker goes back to the
        old one, says InService and gives no reason.
        """
        client, wanted = self.aws.client("sagemaker"), config["EndpointConfigName"]
        with explained(f"deploy the endpoint {name}"):
            if describe_or_none(lambda: client.describe_endpoint_config(EndpointConfigName=wanted)) is None:
                client.create_endpoint_config(**config)
            found = self.settle(name)
            if found is not None and found["EndpointStatus"] in LOST:
                client.delete_endpoint(EndpointName=name)
                found = self.settle(name)
            if found is None:
                self._create(name, wanted)
            elif found["EndpointConfigName"] != wanted:
                how = {"DeploymentConfig": deployment} if deployment else {}
                client.update_endpoint(EndpointName=name, EndpointConfigName=wanted, **how)
            return self.served(name, wanted)

    def served(self, name: str, wanted: str) -> dict[str, Any]:
        """Wait until nothing changes any more. Raises dg.Failure unless ``wanted`` is served then."""
        found = self.settle(name)
        if found is None:
            raise dg.Failure(f"The endpoint {name} is gone: somebody deleted it meanwhile.")
        status, serving = found["EndpointStatus"], found["EndpointConfigName"]
        reason = found.get("FailureReason") or self._ringing(found)
        reason = reason or f"read its log, /aws/sagemaker/Endpoints/{name}"
        if status != "InService":
            raise dg.Failure(f"The endpoint {name} is {status}: {reason}", allow_retries=False)
        if serving != wanted:
            raise dg.Failure(
                f"The endpoint {name} is InService, but serves {serving} and not {wanted}: SageMaker "
                f"rolled the update back. The old model goes on answering. Reason: {reason}",
                allow_retries=False,
            )
        return found

    def clean_up(self, slug: str, keep: int, spare: str) -> list[str]:
        """Delete the loop's old configurations and models; the model ``spare`` stays, as do those in use."""
        with explained(f"delete old versions of {slug}"):
            return delete_old_versions(self.aws.client("sagemaker"), slug, keep, {spare})

    def _ringing(self, found: dict[str, Any]) -> str | None:
        """The alarms of the last deployment that are in ALARM: SageMaker does not say that it was them."""
        rollback = found.get("LastDeploymentConfig", {}).get("AutoRollbackConfiguration", {})
        if not (names := [alarm["AlarmName"] for alarm in rollback.get("Alarms", ())]):
            return None
        answer = self.aws.client("cloudwatch").describe_alarms(AlarmNames=names, StateValue="ALARM")
        ringing = ", ".join(alarm["AlarmName"] for alarm in answer["MetricAlarms"])
        return f"in ALARM: {ringing}" if ringing else None

    def settle(self, name: str) -> dict[str, Any] | None:
        """The endpoint's description once nothing changes any more; None if there is no such endpoint."""
        for pause in growing_pauses():
            found = self.describe(name)
            if found is None or found["EndpointStatus"] not in CHANGING:
                return found
            time.sleep(pause)

    def describe(self, name: str) -> dict[str, Any] | None:
        client = self.aws.client("sagemaker")
        return describe_or_none(lambda: client.describe_endpoint(EndpointName=name))

    def invoke(self, name: str, image: bytes, accept: str = "application/json") -> Answer:
        client = self.aws.client("sagemaker-runtime")
        start = time.perf_counter()
        with explained(f"ask the endpoint {name}"):
            answer = client.invoke_endpoint(
                EndpointName=name,
                Body=image,
                ContentType="application/x-image",
                Accept=accept,
            )
        return Answer(answer["Body"].read(), milliseconds=(time.perf_counter() - start) * 1000)

    def _create(self, name: str, config: str) -> None:
        client = self.aws.client("sagemaker")
        client.create_endpoint(EndpointName=name, EndpointConfigName=config)
        try:
            self.settle(name)
        except dg.DagsterExecutionInterruptedError:
            # An update cannot be called back, but a new endpoint that nobody waits for would only cost money.
            self.settle(name)
            client.delete_endpoint(EndpointName=name)
            raise
