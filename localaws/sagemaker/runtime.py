"""sagemaker-runtime: InvokeEndpoint."""

import http.client
import random
import time

from localaws.api import AwsError, Identity
from localaws.sagemaker.capture import Capture, Message
from localaws.sagemaker.deployments import serving
from localaws.sagemaker.endpoints import Endpoints
from localaws.sagemaker.invocations import Answer, ask

TIMEOUT = 60  # seconds a container has for one answer
RESPAWN = 5  # seconds for which a request waits when all instances are just being started anew
LONGEST_MESSAGE = 1000  # characters of a container's answer that an error repeats

NOT_IN_THE_STAND_IN = (
    "TargetModel",
    "TargetContainerHostname",
    "InferenceComponentName",
    "EnableExplanations",
    "SessionId",
)
UNKNOWN_TYPE = "application/octet-stream"
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency "
    "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)


class ModelError(AwsError):
    """The container's own error, as it is passed on; ``members`` belong to AWS's error shape."""

    def __init__(self, message: str, status: int, body: str, stream: str):
        super().__init__("ModelError", message, 424)
        self.members = {"OriginalStatusCode": status, "OriginalMessage": body, "LogStreamArn": stream}


class Runtime:
    def __init__(self, endpoints: Endpoints, capture: Capture, identity: Identity):
        self.endpoints = endpoints
        self.capture = capture
        self.identity = identity

    def InvokeEndpoint(self, params: dict) -> dict:
        name = params["EndpointName"]
        for key in NOT_IN_THE_STAND_IN:
            if params.get(key):
                raise AwsError("ValidationError", f"{key} is not implemented by the stand-in")
        fleet, variant, answer = self._ask(name, params)
        if answer.status != 200:
            raise self._error(name, answer.status, answer.body.decode(errors="replace"))
        content_type = answer.headers.get("content-type", UNKNOWN_TYPE)
        self.capture.note(
            fleet.get("capture"),
            name,
            variant,
            Message(params.get("ContentType", UNKNOWN_TYPE), params.get("Body", b"")),
            Message(content_type, answer.body),
            params.get("InferenceId"),
        )
        return {
            "Body": answer.body,
            "ContentType": content_type,
            "InvokedProductionVariant": variant,
            "CustomAttributes": answer.headers.get(CUSTOM_ATTRIBUTES.lower()),
        }

    def _fleets(self, name: str) -> list[tuple[dict, float]]:
        """The fleets that serve now, with their shares of the traffic. Raises AwsError, ValidationError."""
        document = self.endpoints.documents.store.find("Endpoint", name)
        fleets = serving(document) if document else []
        if not fleets:
            raise AwsError(
                "ValidationError", f"Endpoint {name} of account {self.identity.account} not found."
            )
        return fleets

    def _variant(self, fleet: dict, name: str, target: str | None) -> str:
        """The one that is asked for, or one by lot with the variants' weights."""
        variants = {variant["name"]: variant["weight"] for variant in fleet["variants"]}
        if target is None:
            return random.choices(list(variants), list(variants.values()))[0]
        if target not in variants:
            raise AwsError(
                "ValidationError",
                f"Variant {target} not found for endpoint {name}; it has {', '.join(variants)}",
            )
        return target

    def _ask(self, name: str, params: dict) -> tuple[dict, str, Answer]:
        """One instance after the other, until one takes the request; what it has taken is not sent twice.

        Returns the fleet and the variant that answered, too.
        """
        headers = {
            "Content-Type": params.get("ContentType", UNKNOWN_TYPE),
            "Accept": params.get("Accept"),
            CUSTOM_ATTRIBUTES: params.get("CustomAttributes"),
        }
        headers = {key: value for key, value in headers.items() if value is not None}
        deadline = time.monotonic() + RESPAWN
        while True:
            # Drawn each time: an update or a crash may retire the instances that were chosen from.
            fleets, shares = zip(*self._fleets(name), strict=True)
            (fleet,) = random.choices(fleets, shares)
            variant = self._variant(fleet, name, params.get("TargetVariant"))
            ports = self.endpoints.fleets.ports(name, fleet, variant)
            for port in random.sample(ports, len(ports)):
                try:
                    body = params.get("Body", b"")
                    return fleet, variant, ask(port, "POST", "/invocations", body, headers, TIMEOUT)
                except ConnectionRefusedError:
                    continue
                except TimeoutError:
                    raise self._error(name, 0, TIMED_OUT) from None
                except (OSError, http.client.HTTPException) as problem:
                    if fleet["id"] in {other["id"] for other, _ in self._fleets(name)}:
                        raise self._error(name, 0, f"the connection broke: {problem!r}") from None
            if time.monotonic() > deadline:
                raise self._error(name, 503, f"no instance of variant {variant} answers; it is started anew")
            time.sleep(0.1)

    def _error(self, name: str, status: int, text: str) -> ModelError:
        region, account = self.identity.region, self.identity.account
        group = f"/aws/sagemaker/Endpoints/{name}"
        fault = "client" if 400 <= status < 500 else "server"
        console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        return ModelError(
            f'Received {fault} error ({status}) from primary with message "{text[:LONGEST_MESSAGE]}". See '
            f"{console}#logEventViewer:group={group} in account {account} for more information.",
            status,
            text,
            self.identity.arn("logs", f"log-group:{group}"),
        )
