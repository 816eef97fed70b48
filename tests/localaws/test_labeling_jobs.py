"""CreateLabelingJob's refusals, and the lists of jobs."""

import copy
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from localaws.groundtruth.paging import within
from tests.localaws.labeling import TEMPLATE, Studio


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in, workers=0) as studio:
        yield studio


@pytest.fixture(scope="module")
def manifest(studio) -> str:
    return studio.manifest({"source-ref": studio.pictures(1)[0]})


@pytest.fixture
def request_of(studio, manifest) -> dict:
    return copy.deepcopy(studio.request(manifest))


def refusal(studio, request: dict, code: str = "ValidationException") -> str:
    """The message with which the request is refused; no job may be left of it."""
    with pytest.raises(ClientError) as refused:
        studio.sagemaker.create_labeling_job(**request)
    assert refused.value.response["Error"]["Code"] == code
    with pytest.raises(studio.sagemaker.exceptions.ResourceNotFound):
        studio.describe(request["LabelingJobName"])
    return refused.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my_boxes", "labelAttributeName' failed to satisfy constraint"),
        ("my.boxes", "labelAttributeName' failed to satisfy constraint"),
        ("-boxes", "labelAttributeName' failed to satisfy constraint"),
        ("b" * 128, "labelAttributeName' failed to satisfy constraint"),
        ("boxes-metadata", "must not end with -metadata"),
        ("boxes-ref", "must not end with -ref"),
        ("source-ref", "is reserved"),
        ("source", "is reserved"),
    ],
)
def test_a_label_attribute_that_breaks_the_output_is_refused(studio, request_of, name, message):
    request_of["LabelAttributeName"] = name
    assert message in refusal(studio, request_of)


SNS = "arn:aws:sns:us-east-1:000000000000:topic"
ALGORITHM = "arn:aws:sagemaker:us-east-1:027400017018:labeling-job-algorithm-specification/object-detection"
INTERFACE = "arn:aws:sagemaker:us-east-1:394669845002:human-task-ui/VideoObjectDetection"
NO_TEAM = "arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd/none"
BUILT_IN = "arn:aws:lambda:us-east-1:432418664414:function:"
SEGMENTATION, CLOUD = f"{BUILT_IN}PRE-SemanticSegmentation", f"{BUILT_IN}PRE-3DPointCloudObjectDetection"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("InputConfig.DataSource.SnsDataSource", {"SnsTopicArn": SNS}, "streaming"),
        ("LabelingJobAlgorithmsConfig", {"LabelingJobAlgorithmSpecificationArn": ALGORITHM},
         "automated data labeling"),
        ("HumanTaskConfig.UiConfig.HumanTaskUiArn", INTERFACE, "video frames and 3D point clouds"),
        ("HumanTaskConfig.PublicWorkforceTaskPrice", {"AmountInUsd": {"Cents": 1}}, "public workforce"),
        ("OutputConfig.SnsTopicArn", SNS, "notifications by SNS"),
        ("OutputConfig.KmsKeyId", "alias/key", "encryption by KMS"),
        ("HumanTaskConfig.PreHumanTaskLambdaArn", CLOUD, "task type 3DPointCloudObjectDetection is not"),
        ("HumanTaskConfig.PreHumanTaskLambdaArn", SEGMENTATION,
         "PRE-SemanticSegmentation is for the task type SemanticSegmentation"),
        ("HumanTaskConfig.PreHumanTaskLambdaArn", None, "PreHumanTaskLambdaArn is required"),
        ("HumanTaskConfig.AnnotationConsolidationConfig", None, "ConsolidationConfig is required"),
        ("HumanTaskConfig.UiConfig.UiTemplateS3Uri", None, "UiTemplateS3Uri is required"),
        ("LabelCategoryConfigS3Uri", None, "LabelCategoryConfigS3Uri is required"),
        ("HumanTaskConfig.TaskTimeLimitInSeconds", 28_801, "at most 28800 seconds"),
        ("HumanTaskConfig.TaskAvailabilityLifetimeInSeconds", 2_592_001, "at most 2592000 seconds"),
        ("HumanTaskConfig.NumberOfHumanWorkersPerDataObject", 10, "less than or equal to 9"),
        ("HumanTaskConfig.MaxConcurrentTaskCount", 5001, "less than or equal to 5000"),
        ("HumanTaskConfig.WorkteamArn", NO_TEAM, "workteam/private-crowd/none does not exist"),
        ("InputConfig.DataSource.S3DataSource.ManifestS3Uri", "s3://no-such-bucket-here/x",
         "ManifestS3Uri: s3://no-such-bucket-here/x does not exist"),
        ("InputConfig.DataSource.S3DataSource.ManifestS3Uri", "https://bucket/x", "is not an S3 URI"),
        ("OutputConfig.S3OutputPath", "s3://no-such-bucket-here/x", "does not exist"),
        ("LabelCategoryConfigS3Uri", "s3://no-such-bucket-here/x", "LabelCategoryConfigS3Uri: s3://no"),
        ("HumanTaskConfig.UiConfig.UiTemplateS3Uri", "s3://no-such-bucket-here/x", "does not exist"),
    ],
)  # fmt: skip
def test_what_is_not_offered_or_not_there_is_refused_by_its_name(studio, request_of, path, value, message):
    *parents, last = path.split(".")
    place = request_of
    for parent in parents:
        place = place[parent]
    place[last] = value
    if value is None:
        del place[last]
    assert message in refusal(studio, request_of)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("no json", "is not a label category configuration"),
        ("{}", "is not a label category configuration"),
        ('{"labels": ["dog"]}', "is not a label category configuration"),
        ('{"labels": []}', "has 0 labels"),
        (json.dumps({"labels": [{"label": str(number)} for number in range(51)]}), "has 51 labels"),
        ('{"labels": [{"label": "dog"}, {"label": "dog"}]}', "the same label twice: dog"),
        (json.dumps({"labels": [{"label": "x" * 257}]}), "1 to 256 characters"),
        (
            '{"labels": [{"label": "dog"}], "auditLabelAttributeName": 1}',
            "auditLabelAttributeName must be the",
        ),
        (
            '{"labels": [{"label": "dog"}], "auditLabelAttributeName": "boxes"}',
            "the attribute that this job wr",
        ),
    ],
)
def test_a_label_configuration_that_cannot_be_used_is_refused(studio, request_of, labels, message):
    request_of["LabelCategoryConfigS3Uri"] = studio.write("bad/labels.json", labels)
    assert message in refusal(studio, request_of)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (TEMPLATE.replace("crowd-bounding-box", "crowd-polygon"), "does not offer <crowd-polygon>; it"),
        (TEMPLATE + '<script src="https://cdn.example.com/d3.js"></script>', "cdn.example.com/d3.js"),
        (TEMPLATE.replace("crowd-bounding-box", "crowd-classifier"),
         "answer with <crowd-classifier>, but the task type BoundingBox consolidates answers of <crowd-"),
        ("<crowd-form><crowd-input name='x'></crowd-input></crowd-form>",
         "workers answer with <crowd-form>, but the task type BoundingBox"),
        ("<p>nothing to do</p>", "needs a <crowd-form>"),
        ("", "needs a <crowd-form>"),
    ],
)  # fmt: skip
def test_a_template_that_the_portal_cannot_show_is_refused(studio, request_of, template, message):
    uri = studio.write("bad/template.html", template)
    request_of["HumanTaskConfig"]["UiConfig"]["UiTemplateS3Uri"] = uri
    assert message in refusal(studio, request_of)


OWN = "arn:aws:lambda:us-east-1:000000000000:function:LabelingFunction-own"


@pytest.mark.parametrize(
    ("task_type", "attribute", "message"),
    [
        ("SemanticSegmentation", "areas", "must end with -ref, as in areas-ref"),
        ("AdjustmentSemanticSegmentation", "areas", "must end with -ref"),
        ("VerificationSemanticSegmentation", "areas-ref", "must not end with -ref"),
        ("ImageMultiClass", "animal-ref", "must not end with -ref"),
    ],
)
def test_a_label_attribute_ends_with_ref_where_the_labels_are_files_and_only_there(
    studio, request_of, task_type, attribute, message
):
    task = request_of["HumanTaskConfig"]
    task["PreHumanTaskLambdaArn"] = f"{BUILT_IN}PRE-{task_type}"
    consolidation = {"AnnotationConsolidationLambdaArn": f"{BUILT_IN}ACS-{task_type}"}
    task["AnnotationConsolidationConfig"] = consolidation
    request_of["LabelAttributeName"] = attribute
    assert message in refusal(studio, request_of)
    consolidation["AnnotationConsolidationLambdaArn"] = OWN  # then the job is a custom one
    request_of["LabelAttributeName"] = "areas-ref"
    assert "must not end with -ref" in refusal(studio, request_of)


def test_a_classification_with_a_single_class_is_refused(studio, request_of):
    task = request_of["HumanTaskConfig"]
    task["PreHumanTaskLambdaArn"] = f"{BUILT_IN}PRE-ImageMultiClass"
    consolidation = {"AnnotationConsolidationLambdaArn": f"{BUILT_IN}ACS-ImageMultiClass"}
    task["AnnotationConsolidationConfig"] = consolidation
    task["UiConfig"]["UiTemplateS3Uri"] = studio.write("classify.html", "<crowd-form><crowd-classifier>")
    request_of["LabelCategoryConfigS3Uri"] = studio.write("one.json", '{"labels": [{"label": "dog"}]}')
    assert "has 1 label; the task type ImageMultiClass needs 2 or more" in refusal(studio, request_of)


def test_only_a_form_of_inputs_needs_no_labels(studio, request_of):
    task = request_of["HumanTaskConfig"]
    task["AnnotationConsolidationConfig"] = {"AnnotationConsolidationLambdaArn": OWN}
    del request_of["LabelCategoryConfigS3Uri"]
    assert "LabelCategoryConfigS3Uri is required" in refusal(studio, request_of)
    form = "<crowd-form><crowd-input name='caption'></crowd-input></crowd-form>"
    task["UiConfig"]["UiTemplateS3Uri"] = studio.write("form.html", form)
    studio.sagemaker.create_labeling_job(**request_of)


def test_a_job_s_name_is_never_free_again_whatever_its_case(studio, manifest):
    name = studio.create(manifest)
    studio.sagemaker.stop_labeling_job(LabelingJobName=name)
    studio.finished(name, "Stopped")
    for again in (name, name.upper()):
        with pytest.raises(studio.sagemaker.exceptions.ResourceInUse):
            studio.sagemaker.create_labeling_job(**studio.request(manifest) | {"LabelingJobName": again})


def test_a_name_in_mixed_case_is_found_by_functions_that_read_it_from_the_arn(studio, manifest):
    name = f"{studio.name}-Mixed"
    studio.create(manifest, {"LabelingJobName": name})  # the built-in function describes the job
    assert studio.describe(name)["LabelingJobStatus"] == "InProgress"
    assert studio.describe(name.lower())["LabelingJobName"] == name
    counters = studio.describe(name)["LabelCounters"]
    assert (counters["Unlabeled"], counters["FailedNonRetryableError"]) == (1, 0)


def test_describe_gives_back_what_was_asked_for(studio, manifest):
    request = studio.request(manifest, MaxConcurrentTaskCount=7) | {
        "StoppingConditions": {"MaxHumanLabeledObjectCount": 5},
        "Tags": [{"Key": "loop", "Value": "animals"}],
    }
    arn = studio.sagemaker.create_labeling_job(**request)["LabelingJobArn"]
    assert arn == f"arn:aws:sagemaker:us-east-1:000000000000:labeling-job/{request['LabelingJobName']}"
    assert request.items() <= studio.describe(request["LabelingJobName"]).items()
    assert studio.sagemaker.list_tags(ResourceArn=arn)["Tags"] == request["Tags"]


def test_an_unknown_job_is_not_found(studio):
    for call in (studio.sagemaker.describe_labeling_job, studio.sagemaker.stop_labeling_job):
        with pytest.raises(studio.sagemaker.exceptions.ResourceNotFound, match="none-such does not exist"):
            call(LabelingJobName="none-such")


@pytest.fixture(scope="module")
def five(studio, manifest) -> list[str]:
    """Five jobs whose names sort against their creation; the third is stopped."""
    prefix = f"list{secrets.token_hex(3)}"
    names = [f"{prefix}-{letter}" for letter in "edcba"]
    for name in names:
        studio.create(manifest, {"LabelingJobName": name})
    studio.sagemaker.stop_labeling_job(LabelingJobName=names[2])
    studio.finished(names[2], "Stopped")
    return names


def listed(studio, five, **params) -> list[str]:
    pages = studio.sagemaker.get_paginator("list_labeling_jobs").paginate(
        **{"NameContains": five[0].partition("-")[0]} | params, PaginationConfig={"PageSize": 2}
    )
    return [job["LabelingJobName"] for page in pages for job in page["LabelingJobSummaryList"]]


def test_lists_are_sorted_paged_and_filtered(studio, five):
    assert listed(studio, five) == five
    assert listed(studio, five, SortOrder="Descending") == five[::-1]
    assert listed(studio, five, SortBy="Name") == sorted(five)
    assert listed(studio, five, SortBy="Status", SortOrder="Descending")[0] == five[2]
    assert listed(studio, five, StatusEquals="Stopped") == [five[2]]
    assert listed(studio, five, NameContains=five[0].upper()) == five[:1]
    hour = timedelta(hours=1)  # boto3 sends whole seconds
    for field in ("CreationTime", "LastModifiedTime"):
        moment = studio.describe(five[2])[field]
        assert listed(studio, five, **{f"{field}After": moment - hour}) == five
        assert listed(studio, five, **{f"{field}After": moment + hour}) == []
        assert listed(studio, five, **{f"{field}Before": moment + hour}) == five
        assert listed(studio, five, **{f"{field}Before": moment - hour}) == []


def test_a_filter_by_time_is_exact_where_its_moment_is():
    job, moment = {"CreationTime": 1_000.5}, datetime.fromtimestamp(1_000.5, UTC)
    instant = timedelta(milliseconds=1)
    assert within(job, {"CreationTimeAfter": moment - instant}, "CreationTime")
    assert not within(job, {"CreationTimeAfter": moment}, "CreationTime")
    assert within(job, {"CreationTimeBefore": moment + instant}, "CreationTime")
    assert not within(job, {"CreationTimeBefore": moment}, "CreationTime")


def test_a_job_that_appears_between_two_pages_repeats_and_hides_nothing(studio, manifest, five):
    prefix = five[0].partition("-")[0]
    page = studio.sagemaker.list_labeling_jobs(NameContains=prefix, SortBy="Name", MaxResults=2)
    studio.create(manifest, {"LabelingJobName": f"{prefix}-a0"})
    rest = studio.sagemaker.list_labeling_jobs(
        NameContains=prefix, SortBy="Name", MaxResults=100, NextToken=page["NextToken"]
    )
    names = [job["LabelingJobName"] for part in (page, rest) for job in part["LabelingJobSummaryList"]]
    assert names == sorted(five)
    for token in ("nonsense", "WzEsIDJd", "WzFd"):
        with pytest.raises(ClientError, match="Invalid NextToken"):
            studio.sagemaker.list_labeling_jobs(NextToken=token)


def test_a_summary_tells_team_functions_and_counters(studio, five):
    prefix = five[0].partition("-")[0]
    (job,) = studio.sagemaker.list_labeling_jobs(NameContains=f"{prefix}-e")["LabelingJobSummaryList"]
    assert job["WorkteamArn"] == studio.team_arn and job["LabelCounters"]["Unlabeled"] == 1
    assert job["PreHumanTaskLambdaArn"].endswith("PRE-BoundingBox")
    assert job["AnnotationConsolidationLambdaArn"].endswith("ACS-BoundingBox")


def test_the_jobs_of_a_team_are_listed_for_it_alone(studio, five):
    ours = studio.sagemaker.list_labeling_jobs_for_workteam(WorkteamArn=studio.team_arn, MaxResults=100)
    names = [job["LabelingJobName"] for job in ours["LabelingJobSummaryList"]]
    assert [name for name in names if name in five] == five
    job = next(job for job in ours["LabelingJobSummaryList"] if job["LabelingJobName"] == five[0])
    assert job["LabelCounters"] == {"HumanLabeled": 0, "PendingHuman": 1, "Total": 1}
    assert job["WorkRequesterAccountId"] == "000000000000"
    assert job["NumberOfHumanWorkersPerDataObject"] == 1
    found = studio.sagemaker.list_labeling_jobs_for_workteam(
        WorkteamArn=studio.team_arn, JobReferenceCodeContains=job["JobReferenceCode"][3:20]
    )
    assert [entry["LabelingJobName"] for entry in found["LabelingJobSummaryList"]] == [five[0]]
    with pytest.raises(studio.sagemaker.exceptions.ResourceNotFound):
        studio.sagemaker.list_labeling_jobs_for_workteam(WorkteamArn=studio.team_arn + "-none")
