"""AWS's errors, and the envelope each protocol puts them in so that clients raise the right ClientError."""

import json
import uuid
from xml.etree import ElementTree

Response = tuple[int, dict[str, str], bytes]  # status, headers, body


class AwsError(Exception):
    """What a handler raises to refuse: an AWS error code, a message that names the thing, an HTTP status.

    A subclass whose error shape has more members sets ``members``; the json protocols send them along.
    """

    members: dict[str, object] = {}

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class UnknownOperation(Exception):
    """Nothing here does what the request asks for; the text says what that is."""


def not_implemented(operation: UnknownOperation, server: str) -> AwsError:
    return AwsError("NotImplementedException", f"not implemented by {server}: {operation}", 501)


def json_error(error: AwsError) -> Response:
    """For the json and rest-json protocols."""
    headers = {"content-type": "application/x-amz-json-1.1", "x-amzn-errortype": error.code}
    content = {"__type": error.code, "message": error.message} | error.members
    return error.status, headers, json.dumps(content).encode()


def query_error(error: AwsError) -> Response:
    """For the query protocol (iam, sts)."""
    root = ElementTree.Element("ErrorResponse")
    node = ElementTree.SubElement(root, "Error")
    kind = "Sender" if error.status < 500 else "Receiver"
    for tag, text in (("Type", kind), ("Code", error.code), ("Message", error.message)):
        ElementTree.SubElement(node, tag).text = text
    ElementTree.SubElement(root, "RequestId").text = str(uuid.uuid4())
    return error.status, {"content-type": "text/xml"}, ElementTree.tostring(root, encoding="utf-8")


def s3_error(error: AwsError) -> Response:
    """For S3, where the Error element stands alone."""
    root = ElementTree.Element("Error")
    for tag, text in (("Code", error.code), ("Message", error.message), ("RequestId", str(uuid.uuid4()))):
        ElementTree.SubElement(root, tag).text = text
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return error.status, {"content-type": "application/xml"}, body
