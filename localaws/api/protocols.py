"""AWS's wire protocols json, query and rest-json, from the server's side.

A request becomes an operation and its parameters, a handler's result becomes a response.
"""

import json
import re
import uuid
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

from botocore.model import OperationModel, OperationNotFoundError, ServiceModel, StructureShape

from localaws.api.errors import AwsError, Response, UnknownOperation, json_error, query_error
from localaws.api.request import Request
from localaws.api.serialisation import from_form, from_json, from_text, to_json, to_text, to_xml, wire_name

Call = tuple[OperationModel, dict]


def read_json(body: bytes, shape: StructureShape | None) -> dict:
    try:
        document = json.loads(body or b"{}")
    except ValueError as problem:  # JSONDecodeError and UnicodeDecodeError
        raise AwsError("SerializationException", f"the body is not JSON: {problem}") from None
    return from_json(document, shape) if shape else {}


def write_json(result: dict, shape: StructureShape | None) -> bytes:
    return json.dumps(to_json(result, shape)).encode() if shape else b""


class JsonProtocol:
    """sagemaker, logs, cognito-idp: the operation in X-Amz-Target, everything else in a JSON body."""

    error = staticmethod(json_error)

    def __init__(self, model: ServiceModel):
        self.model = model

    def parse(self, request: Request) -> Call:
        operation = find_operation(self.model, request.headers.get("x-amz-target", "").rpartition(".")[2])
        return operation, read_json(request.body, operation.input_shape)

    def answer(self, operation: OperationModel, result: dict) -> Response:
        version = self.model.metadata.get("jsonVersion", "1.1")
        headers = {"content-type": f"application/x-amz-json-{version}"}
        return 200, headers, write_json(result, operation.output_shape)


class QueryProtocol:
    """iam, sts: a form in, XML out. A presigned address is a GET whose query is the form."""

    error = staticmethod(query_error)

    def __init__(self, model: ServiceModel):
        self.model = model

    def parse(self, request: Request) -> Call:
        place = "query" if request.method == "GET" else "body"
        try:
            text = request.query if place == "query" else request.body.decode()
            fields = parse_qs(text, keep_blank_values=True, errors="strict")
        except ValueError as problem:
            raise AwsError("MalformedQueryString", f"the {place} is not a form: {problem}") from None
        form = {name: values[0] for name, values in fields.items()}
        operation = find_operation(self.model, form.get("Action", ""))
        return operation, from_form(form, operation.input_shape) if operation.input_shape else {}

    def answer(self, operation: OperationModel, result: dict) -> Response:
        namespace = self.model.metadata["xmlNamespace"]
        root = ElementTree.Element(f"{operation.name}Response", {"xmlns": namespace})
        if shape := operation.output_shape:
            to_xml(root, shape.serialization.get("resultWrapper", f"{operation.name}Result"), result, shape)
        metadata = ElementTree.SubElement(root, "ResponseMetadata")
        ElementTree.SubElement(metadata, "RequestId").text = str(uuid.uuid4())
        return 200, {"content-type": "text/xml"}, ElementTree.tostring(root, encoding="utf-8")


class RestJsonProtocol:
    """lambda, sagemaker-runtime: method and path name the operation; members travel where the model says."""

    error = staticmethod(json_error)

    def __init__(self, model: ServiceModel):
        self.model = model
        operations = map(model.operation_model, model.operation_names)
        # The longest template first, so that /functions/{name}/code wins over /functions/{name+}, and
        # /layers?find=LayerVersion, whose query is part of the route, over /layers.
        self.routes = [
            (operation, *_route_pattern(operation.http["requestUri"]))
            for operation in sorted(operations, key=lambda operation: -len(operation.http["requestUri"]))
        ]

    def parse(self, request: Request) -> Call:
        operation, labels = self._route(request)
        shape = operation.input_shape
        if shape is None:
            return operation, {}
        params = self._read_body(request, shape)
        query = parse_qs(request.query, keep_blank_values=True)
        for name, member in shape.members.items():
            key, location = wire_name(name, member), member.serialization.get("location")
            if location == "uri":
                params[name] = from_text(labels[key], member, name)
            elif location == "header" and key.lower() in request.headers:
                params[name] = from_text(request.headers[key.lower()], member, name)
            elif location == "querystring" and key in query:
                params[name] = (
                    [from_text(text, member.member, name) for text in query[key]]
                    if member.type_name == "list"
                    else from_text(query[key][0], member, name)
                )
        return operation, params

    def _read_body(self, request: Request, shape: StructureShape) -> dict:
        payload = shape.serialization.get("payload")
        if payload is None:
            body = read_json(request.body, shape)
            return {name: body[name] for name in body if "location" not in shape.members[name].serialization}
        if shape.members[payload].type_name == "blob":
            return {payload: request.body}
        return {payload: read_json(request.body, shape.members[payload])}

    def answer(self, operation: OperationModel, result: dict) -> Response:
        status, headers = operation.http.get("responseCode", 200), {"content-type": "application/json"}
        shape, body = operation.output_shape, {}
        for name, member in shape.members.items() if shape else ():
            location = member.serialization.get("location")
            if result.get(name) is None:
                continue
            if location == "statusCode":
                status = result[name]
            elif location == "header":
                headers[wire_name(name, member).lower()] = to_text(result[name], member)
            else:
                body[name] = result[name]
        payload = shape.serialization.get("payload") if shape else None
        if payload and shape.members[payload].type_name == "blob":
            return status, headers, body.get(payload, b"")
        if payload:
            return status, headers, write_json(body.get(payload, {}), shape.members[payload])
        return status, headers, b"" if status == 204 else write_json(body, shape)

    def _route(self, request: Request) -> tuple[OperationModel, dict[str, str]]:
        switches = set(request.query.split("&"))
        for operation, pattern, switch in self.routes:
            if operation.http["method"] != request.method or not switch <= switches:
                continue
            if match := pattern.fullmatch(request.path):
                return operation, {name: unquote(text) for name, text in match.groupdict().items()}
        raise UnknownOperation(f"{request.method} {request.path} of {self.model.service_name}")


PROTOCOLS = {"json": JsonProtocol, "query": QueryProtocol, "rest-json": RestJsonProtocol}


def find_operation(model: ServiceModel, name: str) -> OperationModel:
    try:
        return model.operation_model(name)
    except OperationNotFoundError:  # or one that is newer than the models here
        raise UnknownOperation(name or f"a call of {model.service_name} that names no operation") from None


def _route_pattern(template: str) -> tuple[re.Pattern, set[str]]:
    """Of /functions/{FunctionName}/code, {Resource+} for a rest that may hold slashes, ?find=LayerVersion."""
    path, _, switch = template.partition("?")
    literals = re.split(r"\{\w+\+?\}", path.rstrip("/"))
    labels = [*re.findall(r"\{(\w+)(\+?)\}", path), None]
    pattern = ""
    for literal, label in zip(literals, labels, strict=True):
        pattern += re.escape(literal)
        if label:
            pattern += f"(?P<{label[0]}>{'.+' if label[1] else '[^/]+'})"
    return re.compile(pattern + "/?"), {switch} - {""}
