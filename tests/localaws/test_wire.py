"""What a handler gets and what a client gets back, for each of AWS's protocols, with boto3 as the client."""

import json
from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session
from botocore.loaders import Loader

from localaws.api import AwsError
from localaws.api.validation import compiled, matches

MOMENT = datetime(2026, 11, 22, 15, 3, 0, 250_000, tzinfo=UTC)
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:pre"


class Recorder:
    """Handlers that keep what they got and answer what they were told to."""

    def __init__(self, **answers):
        self.got: dict[str, dict] = {}
        self.answers = answers

    def __getattr__(self, name: str):
        if name not in self.__dict__.get("answers", {}):
            raise AttributeError(name)

        def handler(params: dict):
            self.got[name] = params
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return handler


def refusal(call, *args, **kwargs) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)
    response = caught.value.response
    return (
        response["Error"]["Code"],
        response["Error"]["Message"],
        response["ResponseMetadata"]["HTTPStatusCode"],
    )


def post(wire, body: bytes, **headers: str):
    """A signed request that boto3 would not send."""
    request = AWSRequest("POST", wire.endpoint + "/", data=body, headers=headers)
    SigV4Auth(
        Credentials("LOCALAWSTEST00000001", "a secret of the tests"), "sagemaker", "us-east-1"
    ).add_auth(request)
    return URLLib3Session().send(request.prepare())


# json


def test_json_carries_structures_moments_and_lists_both_ways(serve):
    described = {
        "LabelingJobSummaryList": [
            {"LabelingJobName": "boxes", "CreationTime": MOMENT, "LastModifiedTime": 1.5}
        ],
        "NextToken": None,
    }
    recorder = Recorder(ListLabelingJobs=described, AddTags={})
    client = serve({"sagemaker": recorder}).client("sagemaker")
    answer = client.list_labeling_jobs(CreationTimeAfter=MOMENT, MaxResults=7)
    assert recorder.got["ListLabelingJobs"] == {"CreationTimeAfter": MOMENT, "MaxResults": 7}
    assert answer["LabelingJobSummaryList"][0]["CreationTime"] == MOMENT
    assert answer["LabelingJobSummaryList"][0]["LastModifiedTime"].timestamp() == 1.5
    assert "NextToken" not in answer
    arn = "arn:aws:sagemaker:us-east-1:000000000000:labeling-job/boxes"
    client.add_tags(ResourceArn=arn, Tags=[{"Key": "loop", "Value": "Größe"}])
    assert recorder.got["AddTags"] == {"ResourceArn": arn, "Tags": [{"Key": "loop", "Value": "Größe"}]}


def test_members_that_the_model_does_not_know_do_not_reach_the_client(serve):
    group = {"logGroupName": "jobs", "secret": "of the store"}
    client = serve({"logs": Recorder(DescribeLogGroups={"logGroups": [group]})}).client("logs")
    assert client.describe_log_groups()["logGroups"] == [{"logGroupName": "jobs"}]


def test_a_handler_that_returns_nothing_is_a_success(serve):
    answer = (
        serve({"logs": Recorder(CreateLogGroup=None)}).client("logs").create_log_group(logGroupName="jobs")
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_json_of_the_wrong_type_is_refused_by_the_name_of_the_member(serve):
    wire = serve({"sagemaker": Recorder(ListLabelingJobs={})})
    target = {"X-Amz-Target": "SageMaker.ListLabelingJobs"}
    for body, message in (
        (b'{"MaxResults": "many"}', "the request.MaxResults must be a integer, not 'many'"),
        (b'{"NameContains": ["boxes"]}', "the request.NameContains must be a string, not \"['boxes']\""),
        (
            b'{"CreationTimeAfter": "yesterday"}',
            "the request.CreationTimeAfter must be a timestamp, not 'yesterday'",
        ),
        (b"[]", "the request must be a structure, not '[]'"),
        (b"{", "the body is not JSON: Expecting property name enclosed in double quotes"),
        (b"\xff", "the body is not JSON: 'utf-8' codec can't decode byte 0xff"),
    ):
        answer = post(wire, body, **target)
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "SerializationException")
        assert json.loads(answer.content)["message"].startswith(message)


# query


def test_query_carries_lists_of_structures_and_maps(serve):
    role = {
        "RoleName": "r",
        "Path": "/",
        "RoleId": "AROA",
        "Arn": "arn:aws:iam::0:role/r",
        "CreateDate": MOMENT,
    }
    results = [
        {
            "EvalActionName": "s3:GetObject",
            "EvalDecision": "allowed",
            "EvalDecisionDetails": {"a <b> & c": "allowed"},
        }
    ]
    recorder = Recorder(
        CreateRole={"Role": role | {"Tags": [{"Key": "loop", "Value": "<boxes>"}]}},
        SimulatePrincipalPolicy={"EvaluationResults": results, "IsTruncated": False},
    )
    client = serve({"iam": recorder}).client("iam")
    policy = '{"Version": "2012-10-17"}'
    tags = [{"Key": "loop", "Value": "boxes"}, {"Key": "empty", "Value": ""}]
    created = client.create_role(
        RoleName="r", AssumeRolePolicyDocument=policy, MaxSessionDuration=3600, Tags=tags
    )
    assert recorder.got["CreateRole"] == {
        "RoleName": "r",
        "AssumeRolePolicyDocument": policy,
        "MaxSessionDuration": 3600,
        "Tags": tags,
    }
    assert created["Role"]["CreateDate"] == MOMENT.replace(microsecond=0)
    assert created["Role"]["Tags"] == [{"Key": "loop", "Value": "<boxes>"}]
    actions = [f"s3:Action{number}" for number in range(12)]
    simulated = client.simulate_principal_policy(PolicySourceArn="arn:aws:iam::0:role/r", ActionNames=actions)
    assert recorder.got["SimulatePrincipalPolicy"]["ActionNames"] == actions
    assert simulated["EvaluationResults"] == results
    assert simulated["IsTruncated"] is False


# rest-json


def test_rest_json_carries_names_in_the_path_switches_in_headers_and_the_payload_as_it_is(serve):
    recorder = Recorder(
        Invoke={"StatusCode": 202, "FunctionError": "Unhandled", "Payload": b'{"errorMessage": "x"}'},
        UntagResource=None,
        ListFunctions={"Functions": [{"FunctionName": "pre", "Timeout": 3}]},
        CreateFunction={"FunctionName": "pre"},
    )
    client = serve({"lambda": recorder}).client("lambda")
    answer = client.invoke(FunctionName=FUNCTION, InvocationType="Event", Payload=b"\x00\xff")
    assert recorder.got["Invoke"] == {
        "FunctionName": FUNCTION,
        "InvocationType": "Event",
        "Payload": b"\x00\xff",
    }
    assert (answer["StatusCode"], answer["FunctionError"]) == (202, "Unhandled")
    assert answer["Payload"].read() == b'{"errorMessage": "x"}'
    client.untag_resource(Resource=FUNCTION, TagKeys=["loop", "team/co @1"])
    assert recorder.got["UntagResource"] == {"Resource": FUNCTION, "TagKeys": ["loop", "team/co @1"]}
    assert client.list_functions(MaxItems=5)["Functions"] == [{"FunctionName": "pre", "Timeout": 3}]
    assert recorder.got["ListFunctions"] == {"MaxItems": 5}
    code = {"ZipFile": bytes(range(256))}
    role = "arn:aws:iam::000000000000:role/r"
    client.create_function(FunctionName="pre", Role=role, Code=code, Environment={"Variables": {"LOOP": "b"}})
    assert recorder.got["CreateFunction"]["Code"] == code
    assert recorder.got["CreateFunction"]["Environment"] == {"Variables": {"LOOP": "b"}}


def test_an_endpoint_gets_and_gives_bytes_under_the_content_type_of_either_side(serve):
    recorder = Recorder(
        InvokeEndpoint={"Body": b"\x01\xfe", "ContentType": "image/png", "CustomAttributes": "a"}
    )
    client = serve({"sagemaker-runtime": recorder}).client("sagemaker-runtime")
    answer = client.invoke_endpoint(
        EndpointName="live", Body=b"\xff\xd8", ContentType="image/jpeg", Accept="a/b"
    )
    assert recorder.got["InvokeEndpoint"] == {
        "EndpointName": "live",
        "Body": b"\xff\xd8",
        "ContentType": "image/jpeg",
        "Accept": "a/b",
    }
    assert (answer["Body"].read(), answer["ContentType"]) == (b"\x01\xfe", "image/png")
    assert answer["CustomAttributes"] == "a"


# refusals


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("sagemaker", "list_labeling_jobs", {}),
        ("sts", "get_caller_identity", {}),
        ("lambda", "list_functions", {}),
        ("cloudwatch", "describe_alarms", {}),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "live", "Body": b"x"}),
    ],
)
def test_clients_of_every_protocol_raise_the_code_and_message_of_the_handler(
    serve, service, operation, params
):
    name = "".join(word.title() for word in operation.split("_"))
    wire = serve({service: Recorder(**{name: AwsError("ResourceInUse", 'it is <taken> & "kept"', 409)})})
    call = getattr(wire.client(service), operation)
    assert refusal(call, **params) == ("ResourceInUse", 'it is <taken> & "kept"', 409)


def test_every_broken_constraint_is_told_in_the_words_of_aws(serve):
    client = serve({"sagemaker": Recorder(CreateWorkteam={}, ListLabelingJobs={})}).client("sagemaker")
    code, message, status = refusal(
        client.create_workteam, WorkteamName="my team", MemberDefinitions=[{"CognitoMemberDefinition": {}}]
    )
    assert (code, status) == ("ValidationException", 400)
    assert message.startswith("5 validation errors detected: ")
    member = "memberDefinitions.1.member.cognitoMemberDefinition"
    for path in ("description", f"{member}.clientId", f"{member}.userGroup", f"{member}.userPool"):
        assert f"Value null at '{path}' failed to satisfy constraint: Member must not be null" in message
    assert (
        "Value 'my team' at 'workteamName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    ) in message
    assert refusal(client.list_labeling_jobs, MaxResults=101)[1] == (
        "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 100"
    )
    assert refusal(client.list_labeling_jobs, SortBy="Size")[1] == (
        "1 validation error detected: Value 'Size' at 'sortBy' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Name, CreationTime, Status]"
    )


def test_each_service_names_a_broken_constraint_as_aws_does(serve):
    wire = serve({"cognito-idp": Recorder(CreateUserPool={}), "iam": Recorder(GetRole={})})
    assert (
        refusal(wire.client("cognito-idp").create_user_pool, PoolName="?")[0] == "InvalidParameterException"
    )
    assert refusal(wire.client("iam").get_role, RoleName="a b")[0] == "ValidationError"


def test_a_password_is_not_repeated_in_the_refusal(serve):
    client = serve({"cognito-idp": Recorder(AdminSetUserPassword={})}).client("cognito-idp")
    message = refusal(
        client.admin_set_user_password, UserPoolId="us-east-1_a", Username="ann", Password=" open sesame "
    )[1]
    assert "'password' failed to satisfy constraint" in message
    assert "sesame" not in message


def test_what_the_stand_in_does_not_do_it_refuses_by_name(serve):
    wire = serve({"sagemaker": Recorder(), "sts": Recorder(), "lambda": Recorder()})
    for service, operation, params, name in (
        ("sagemaker", "list_auto_ml_jobs", {}, "ListAutoMLJobs"),
        ("sts", "get_session_token", {}, "GetSessionToken"),
        ("lambda", "list_layers", {}, "ListLayers"),
    ):
        assert refusal(getattr(wire.client(service), operation), **params) == (
            "NotImplementedException",
            f"not implemented by the stand-in: {name}",
            501,
        )
    for service, operation, name in (
        ("sns", "list_topics", "sns"),
        ("ecr", "describe_repositories", "ecr"),
        ("cloudwatch", "list_metrics", "cloudwatch"),
        ("eks", "list_clusters", "eks"),
    ):
        assert refusal(getattr(wire.client(service), operation)) == (
            "NotImplementedException",
            f"this server has no service {name}, only lambda, s3, sagemaker, sts",
            501,
        )


def test_an_operation_newer_than_the_models_is_refused_by_name_too(serve):
    answer = post(serve({"sagemaker": Recorder()}), b"{}", **{"X-Amz-Target": "SageMaker.CreateTomorrow"})
    assert answer.status_code == 501
    assert json.loads(answer.content) == {
        "__type": "NotImplementedException",
        "message": "not implemented by the stand-in: CreateTomorrow",
    }


@pytest.mark.parametrize(
    "service", ["sagemaker", "sagemaker-runtime", "logs", "lambda", "iam", "sts", "cognito-idp", "cloudwatch"]
)
def test_every_pattern_of_the_models_is_checked(service):
    shapes = Loader().load_service_model(service, "service-2")["shapes"].values()
    unread = {shape["pattern"] for shape in shapes if "pattern" in shape and not compiled(shape["pattern"])}
    assert not unread


def test_patterns_of_java_mean_what_they_mean_there():
    tag = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"
    assert matches(tag, "Größe: 日本 ½ a/b=c+d-e@f")
    assert not matches(tag, "a;b")
    assert not matches(tag, "a\nb")
    assert matches(r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "e\u0301|€«x»-[1]")
    assert not matches(r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "a b")
    assert not matches(".*", "two\nlines")
