"""A labeling job of many objects, made as a user of boto3 would: bucket, manifest, team, job."""

import io
import json
from collections.abc import Callable

from PIL import Image

BUCKET = "large-labeling-job"
ACCOUNT_OF_BUILT_INS = "432418664414"  # Ground Truth's own lambdas in us-east-1
TEMPLATE = """
<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form>
  <crowd-bounding-box name="boundingBox" src="{{ task.input.taskObject | grant_read_access }}"
    header="{{ task.input.header }}" labels="{{ task.input.labels | to_json | escape }}">
    <full-instructions header="Instructions">Draw a box.</full-instructions>
    <short-instructions>Draw a box.</short-instructions>
  </crowd-bounding-box>
</crowd-form>
"""


def create_large_labeling_job(client: Callable, objects: int) -> Callable[[], dict]:
    """Start a bounding-box job over ``objects`` manifest lines; returns what describes it."""
    s3, sagemaker = client("s3"), client("sagemaker")
    s3.create_bucket(Bucket=BUCKET)
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(picture, "JPEG")
    s3.put_object(Bucket=BUCKET, Key="image.jpg", Body=picture.getvalue())
    line = json.dumps({"source-ref": f"s3://{BUCKET}/image.jpg"}) + "\n"
    s3.put_object(Bucket=BUCKET, Key="input.manifest", Body=line * objects)
    labels = {"document-version": "2018-11-28", "labels": [{"label": "ingredients"}]}
    s3.put_object(Bucket=BUCKET, Key="labels.json", Body=json.dumps(labels))
    s3.put_object(Bucket=BUCKET, Key="template.liquid", Body=TEMPLATE)
    sagemaker.create_labeling_job(
        LabelingJobName="large",
        LabelAttributeName="boxes",
        InputConfig={"DataSource": {"S3DataSource": {"ManifestS3Uri": f"s3://{BUCKET}/input.manifest"}}},
        OutputConfig={"S3OutputPath": f"s3://{BUCKET}/output"},
        RoleArn="arn:aws:iam::000000000000:role/labeling",
        LabelCategoryConfigS3Uri=f"s3://{BUCKET}/labels.json",
        HumanTaskConfig={
            "WorkteamArn": create_team(client),
            "UiConfig": {"UiTemplateS3Uri": f"s3://{BUCKET}/template.liquid"},
            "PreHumanTaskLambdaArn": built_in("PRE-BoundingBox"),
            "AnnotationConsolidationConfig": {
                "AnnotationConsolidationLambdaArn": built_in("ACS-BoundingBox")
            },
            "TaskTitle": "Find ingredients lists",
            "TaskDescription": "Draw a box around each ingredients list",
            "NumberOfHumanWorkersPerDataObject": 3,
            "TaskTimeLimitInSeconds": 600,
        },
    )
    return lambda: sagemaker.describe_labeling_job(LabelingJobName="large")


def built_in(name: str) -> str:
    return f"arn:aws:lambda:us-east-1:{ACCOUNT_OF_BUILT_INS}:function:{name}"


def create_team(client: Callable) -> str:
    cognito, sagemaker = client("cognito-idp"), client("sagemaker")
    pool = cognito.create_user_pool(PoolName="workers")["UserPool"]["Id"]
    created = cognito.create_user_pool_client(UserPoolId=pool, ClientName="portal", GenerateSecret=True)
    portal = created["UserPoolClient"]["ClientId"]
    cognito.create_group(UserPoolId=pool, GroupName="labelers")
    sagemaker.create_workforce(
        WorkforceName="workforce", CognitoConfig={"UserPool": pool, "ClientId": portal}
    )
    member = {"CognitoMemberDefinition": {"UserPool": pool, "UserGroup": "labelers", "ClientId": portal}}
    team = sagemaker.create_workteam(
        WorkteamName="labelers",
        WorkforceName="workforce",
        Description="labels photographs",
        MemberDefinitions=[member],
    )
    return team["WorkteamArn"]
