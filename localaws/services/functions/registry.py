"""Lambda's functions: their settings and their code."""

import re
import shutil
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import ClientError

from localaws.api import AwsError, Clients, Identity
from localaws.services.functions.code import digest, unpack
from localaws.services.parameters import page, refuse_others
from localaws.store import Store, Taken

REFERENCE = re.compile(
    r"(arn:aws[\w-]*:lambda:(?P<region>[\w-]+):)?((?P<account>\d{12}):)?(function:)?"
    r"(?P<name>[\w-]+)(:(?P<qualifier>[\w$-]+))?"
)
SETTINGS = ("Runtime", "Role", "Handler", "Description", "Timeout", "MemorySize", "Environment")
# Kept and shown: there is one disk, no X-Ray, and every function has the packages of this interpreter.
SETTINGS += ("EphemeralStorage", "TracingConfig", "Layers")
DEFAULTS = {"Description": "", "Timeout": 3, "MemorySize": 128, "EphemeralStorage": {"Size": 512}}
DEFAULTS |= {"TracingConfig": {"Mode": "PassThrough"}, "Architectures": ["x86_64"], "PackageType": "Zip"}
LONGEST_SECONDS, LEAST_MEGABYTES, MOST_MEGABYTES = 900, 128, 10_240
BUILT_IN_MEGABYTES = 2048  # nine masks of 100 megapixels take 1.4 GB
ENVIRONMENT_BYTES = 4096
LAYER = re.compile(r"(?P<layer>arn:aws[\w-]*:lambda:[\w-]+:\d{12}:layer:[\w-]{1,140}):\d+")
MOST_LAYERS = 5
RESERVED = {"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV"}
RESERVED |= {"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"}
RESERVED |= {"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"}
RESERVED |= {"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
RESERVED |= {"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"}


class Registry:
    """One version of each function, $LATEST. Python only, run by the interpreter of this server."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        clients: Clients,
        built_in: Mapping[str, Path],
        identity: Identity,
        retire: Callable[[str], None],
    ):
        self.store = store
        self.folder = folder
        self.clients = clients
        self.built_in = built_in
        self.identity = identity
        self.retire = retire
        self._remove_unused_code()

    def CreateFunction(self, params: dict) -> dict:
        offered = ("FunctionName", "Code", "PackageType", "Architectures", "Tags", *SETTINGS)
        refuse_others(params, offered, "CreateFunction")
        name = self._name(params)
        _check_settings(DEFAULTS | params)
        if self.store.find("function", name):
            raise _conflict(name)
        function = {
            **DEFAULTS,
            **{key: params[key] for key in params if key not in ("Code", "Layers")},
            **_layers(params),
            **self._install(name, params["Code"]),
            **_stamp(),
            "FunctionName": name,
            "FunctionArn": self.identity.arn("lambda", f"function:{name}"),
            "Version": "$LATEST",
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }
        try:
            self.store.add("function", name, function)
        except Taken:
            raise _conflict(name) from None
        return function

    def GetFunction(self, params: dict) -> dict:
        """Without an address to download the code from."""
        function = self.find(params)
        return {"Configuration": function, "Code": {"RepositoryType": "S3"}, "Tags": function.get("Tags")}

    def GetFunctionConfiguration(self, params: dict) -> dict:
        return self.find(params)

    def UpdateFunctionCode(self, params: dict) -> dict:
        offered = ("FunctionName", "RevisionId", "DryRun", "ZipFile", "S3Bucket", "S3Key", "S3ObjectVersion")
        refuse_others(params, (*offered, "Architectures"), "UpdateFunctionCode")
        function = self.find(params)
        changes = self._install(function["FunctionName"], params)
        if "Architectures" in params:
            changes["Architectures"] = params["Architectures"]
        return function | changes if params.get("DryRun") else self._update(params, changes)

    def UpdateFunctionConfiguration(self, params: dict) -> dict:
        refuse_others(params, ("FunctionName", "RevisionId", *SETTINGS), "UpdateFunctionConfiguration")
        changes = {key: params[key] for key in SETTINGS if key in params} | _layers(params)
        _check_settings(self.find(params) | changes)
        return self._update(params, changes)

    def ListFunctions(self, params: dict) -> dict:
        functions, marker = page(
            self.store.all("function"),
            lambda function: function["FunctionName"],
            size=params.get("MaxItems", 50),
            token=params.get("Marker"),
            refusal="InvalidParameterValueException",
        )
        return {"Functions": functions, "NextMarker": marker}

    def DeleteFunction(self, params: dict) -> dict:
        """Its code goes at the server's next start: an event that runs now may still load a part of it."""
        function = self.find(params)
        with self.store.transaction():
            self.store.delete("function", function["FunctionName"])
            for permission in self.store.all("function-permission", function["FunctionName"] + ":"):
                self.store.delete("function-permission", permission["name"])
        self.retire(function["FunctionArn"])
        return {"StatusCode": 204}

    def find(self, params: dict) -> dict:
        """A function of ours, by name, partial ARN or ARN."""
        function = self.store.find("function", self._name(params))
        if function is None:
            raise self._missing(params)
        return function

    def find_invocable(self, params: dict) -> dict:
        """A function of ours, or a built-in one by its ARN."""
        reference = REFERENCE.fullmatch(params["FunctionName"])
        if not reference or reference["account"] in (None, self.identity.account):
            return self.find(params)
        folder = self.built_in.get(reference["name"])
        if folder is None:
            raise self._missing(params)
        return {
            "FunctionName": reference["name"],
            "FunctionArn": params["FunctionName"],
            "Handler": "handler.handle",
            "Timeout": LONGEST_SECONDS,
            "MemorySize": BUILT_IN_MEGABYTES,
            "RevisionId": "built-in",
            "folder": str(folder),
        }

    def _name(self, params: dict) -> str:
        reference = REFERENCE.fullmatch(params["FunctionName"])
        if reference is None:
            raise _invalid(f"Invalid function name {params['FunctionName']!r}")
        qualifier = params.get("Qualifier") or reference["qualifier"] or "$LATEST"
        here = (reference["account"] or self.identity.account, reference["region"] or self.identity.region)
        if qualifier != "$LATEST" or here != (self.identity.account, self.identity.region):
            raise self._missing(params)
        return reference["name"]

    def _missing(self, params: dict) -> AwsError:
        given = params["FunctionName"]
        arn = given if given.startswith("arn:") else self.identity.arn("lambda", f"function:{given}")
        qualifier = f":{params['Qualifier']}" if params.get("Qualifier") else ""
        return AwsError("ResourceNotFoundException", f"Function not found: {arn}{qualifier}", 404)

    def _install(self, name: str, code: dict) -> dict:
        archive = self._archive(code)
        folder = unpack(archive, self.folder / name)
        return {"CodeSha256": digest(archive), "CodeSize": len(archive), "folder": str(folder)}

    def _archive(self, code: dict) -> bytes:
        if code.get("ZipFile") is not None:
            return code["ZipFile"]
        if not code.get("S3Bucket") or not code.get("S3Key"):
            raise _invalid("Please provide a source for function code: ZipFile, or S3Bucket and S3Key.")
        version = {"VersionId": code["S3ObjectVersion"]} if code.get("S3ObjectVersion") else {}
        try:
            answer = self.clients.client("s3").get_object(
                Bucket=code["S3Bucket"], Key=code["S3Key"], **version
            )
            return answer["Body"].read()
        except ClientError as problem:
            error = problem.response["Error"]
            raise _invalid(
                f"Error occurred while GetObject of s3://{code['S3Bucket']}/{code['S3Key']}. "
                f"S3 Error Code: {error['Code']}. S3 Error Message: {error.get('Message')}"
            ) from None

    def _update(self, params: dict, changes: dict) -> dict:
        with self.store.transaction():
            function = self.find(params)
            if params.get("RevisionId") not in (None, function["RevisionId"]):
                message = (
                    "The RevisionId provided does not match the latest RevisionId. Call the GetFunction API."
                )
                raise AwsError("PreconditionFailedException", message, 412)
            return self.store.update("function", function["FunctionName"], **changes, **_stamp())

    def _remove_unused_code(self) -> None:
        used = {function["folder"] for function in self.store.all("function")}
        for folder in self.folder.glob("*/*"):
            if str(folder) not in used:
                shutil.rmtree(folder)


def _check_settings(settings: dict) -> None:
    if settings["PackageType"] != "Zip":
        raise AwsError("NotImplementedException", "not implemented by the stand-in: functions in images", 501)
    if not settings.get("Handler"):
        raise _invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    if not settings.get("Runtime", "").startswith("python3"):
        raise _invalid(f"Runtime {settings.get('Runtime')!r}: the stand-in runs functions in python3 only")
    if settings["Timeout"] > LONGEST_SECONDS:
        raise _invalid(f"Timeout is {settings['Timeout']} seconds, and at most {LONGEST_SECONDS}")
    if not LEAST_MEGABYTES <= settings["MemorySize"] <= MOST_MEGABYTES:
        limits = f"between {LEAST_MEGABYTES} and {MOST_MEGABYTES}"
        raise _invalid(f"MemorySize is {settings['MemorySize']} MB, which is not {limits}")
    variables = settings.get("Environment", {}).get("Variables", {})
    if reserved := sorted(RESERVED & variables.keys()):
        raise _invalid(
            "Lambda was unable to configure your environment variables because the environment variables "
            "you have provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    if sum(len(f"{name}{value}".encode()) for name, value in variables.items()) > ENVIRONMENT_BYTES:
        raise _invalid(
            "Lambda was unable to configure your environment variables because the environment variables "
            f"you have provided exceeded the {ENVIRONMENT_BYTES} bytes limit."
        )


def _layers(params: dict) -> dict:
    """``Layers`` as a function shows them, if it is given any: without a size, for nothing is fetched."""
    names = []
    for arn in params.get("Layers", ()):
        match = LAYER.fullmatch(arn)
        if match is None:
            raise _invalid(f"Layer {arn!r} is not the ARN of a layer version")
        if match["layer"] in names:
            raise _invalid(f"Two versions of the same layer in one function: {match['layer']}")
        names.append(match["layer"])
    if len(names) > MOST_LAYERS:
        raise _invalid(f"The function has {len(names)} layers, and at most {MOST_LAYERS}")
    return {"Layers": [{"Arn": arn} for arn in params["Layers"]]} if "Layers" in params else {}


def _stamp() -> dict:
    modified = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
    return {"LastModified": modified, "RevisionId": str(uuid.uuid4())}


def _conflict(name: str) -> AwsError:
    return AwsError("ResourceConflictException", f"Function already exist: {name}", 409)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)
