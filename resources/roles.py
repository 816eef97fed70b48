"""The IAM role that labeling, training, serving and the functions run as."""

import json

import dagster as dg
from botocore.exceptions import ClientError

from resources.aws import Aws, explained, is_missing

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["sagemaker.amazonaws.com", "lambda.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}


def loop_policy(bucket: str) -> dict:
    """What the jobs of one loop may do. Source: contracts of Ground Truth and SageMaker execution roles."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
                "Resource": f"arn:aws:s3:::{bucket}",
            },
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
                "Resource": f"arn:aws:s3:::{bucket}/*",
            },
            {
                "Effect": "Allow",
                "Action": [
                    "cloudwatch:DescribeAlarms",  # those that call an update of the endpoint back
                    "cloudwatch:PutMetricData",
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetAuthorizationToken",
                    "ecr:GetDownloadUrlForLayer",
                    "lambda:InvokeFunction",
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                    "sagemaker:DescribeLabelingJob",
                ],
                "Resource": "*",
            },
        ],
    }


class Roles(dg.ConfigurableResource):
    aws: Aws

    def ensure(self, name: str, bucket: str) -> str:
        """The role's ARN. A role that exists is used as it is: its owner decides what it may do."""
        iam = self.aws.client("iam")
        try:
            with explained(f"read the role {name}"):
                return iam.get_role(RoleName=name)["Role"]["Arn"]
        except ClientError as error:
            if not is_missing(error):
                raise
        with explained(f"create the role {name}"):
            role = iam.create_role(
                RoleName=name,
                AssumeRolePolicyDocument=json.dumps(TRUST),
                Description=f"Labels, trains and serves from the bucket {bucket}",
            )["Role"]
            iam.put_role_policy(
                RoleName=name, PolicyName="loop", PolicyDocument=json.dumps(loop_policy(bucket))
            )
        return role["Arn"]
