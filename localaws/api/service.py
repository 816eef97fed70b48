"""A service of AWS: plain classes whose methods are named after its operations, behind its wire protocol."""

from functools import cached_property

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from localaws.api.errors import AwsError, Response, UnknownOperation, not_implemented
from localaws.api.protocols import PROTOCOLS, JsonProtocol, QueryProtocol, RestJsonProtocol
from localaws.api.request import Request
from localaws.api.validation import violations

# What each service calls a parameter that breaks its model; the others say ValidationException.
VALIDATION_ERRORS = {
    "cognito-idp": "InvalidParameterException",
    "iam": "ValidationError",
    "logs": "InvalidParameterException",
    "sts": "ValidationError",
}


class Service:
    """``Service("logs", Logs(store)).handle(request)`` answers (status, headers, body).

    A handler takes the parsed and validated parameters and returns the result as a dict, or None for an empty
    one; it refuses with AwsError. The first implementation that has a method of the operation's name wins.
    """

    def __init__(self, name: str, *implementations: object, server: str = "the stand-in"):
        self.name = name
        self.implementations = implementations
        self.server = server  # what refusals call it

    @cached_property
    def protocol(self) -> JsonProtocol | QueryProtocol | RestJsonProtocol:
        """Made at the first request: reading all the models would cost the start a second and 100 MB."""
        model = ServiceModel(Loader().load_service_model(self.name, "service-2"), self.name)
        return PROTOCOLS[model.resolved_protocol](model)  # boto3's choice: CloudWatch has three

    def handle(self, request: Request) -> Response:
        try:
            operation, params = self.protocol.parse(request)
            handler = self._handler(operation)
            self._validate(params, operation)
            return self.protocol.answer(operation, handler(params) or {})
        except UnknownOperation as unknown:
            return self.error(not_implemented(unknown, self.server))
        except AwsError as error:
            return self.error(error)

    def error(self, error: AwsError) -> Response:
        return self.protocol.error(error)

    def _handler(self, operation: OperationModel):
        for implementation in self.implementations:
            if handler := getattr(implementation, operation.name, None):
                return handler
        raise UnknownOperation(operation.name)

    def _validate(self, params: dict, operation: OperationModel) -> None:
        if operation.input_shape is None:
            return
        if problems := list(violations(params, operation.input_shape)):
            count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
            code = VALIDATION_ERRORS.get(self.name, "ValidationException")
            raise AwsError(code, f"{count}: {'; '.join(problems)}")
