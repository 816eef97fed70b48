"""What the pre-annotation function tells the worker template. The crowd's tests run it in a whole job."""

import pytest

ARN = "arn:aws:sagemaker:us-east-1:000000000000:labeling-job/cats-and-dogs"


@pytest.mark.parametrize("line", [{"id": 7}, {"source": "text", "source-ref": "s3://images/1.jpg"}], ids=str)
def test_a_line_without_one_clear_source_is_refused(pre_annotation, line):
    with pytest.raises(ValueError, match="exactly one of source-ref and source"):
        pre_annotation.handle({"version": "2018-10-16", "labelingJobArn": ARN, "dataObject": line}, None)
