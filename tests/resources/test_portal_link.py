"""Links to the requester's page: they open the portal they name, and none is made where there is no page."""

import httpx
import pytest

from resources.aws import Aws
from resources.portal_link import progress_metadata, progress_page


@pytest.fixture
def aws(stand_in_environment) -> Aws:
    return Aws()


def test_a_link_opens_the_page_of_its_job(aws, stand_in):
    reply = httpx.get(progress_page(aws, stand_in.portal, "some-job"))
    assert (reply.status_code, reply.headers["location"]) == (303, "/requester/jobs/some-job")
    assert httpx.get(progress_page(aws, stand_in.portal + "/")).headers["location"] == "/requester"


def test_a_link_for_one_portal_does_not_open_another(aws, stand_in):
    token = progress_page(aws, "https://labels.example").partition("?token=")[2]
    reply = httpx.get(f"{stand_in.portal}/requester", params={"token": token})
    assert reply.status_code == 403 and "made for another portal" in reply.text


def test_a_portal_that_aws_runs_has_no_such_page(aws):
    for portal in (
        "https://a1b2c3.labeling.us-east-1.sagemaker.aws",
        "https://X.labeling.eu-west-1.sagemaker.aws/",
    ):
        assert progress_page(aws, portal, "job") is None
        assert progress_metadata(aws, portal, "job") == {}
    for portal in ("https://labels.example", "https://labeling.us-east-1.sagemaker.aws.example"):
        assert progress_metadata(aws, portal, "job")["progress_page"].url.startswith(
            f"{portal}/requester/jobs/job?"
        )


def test_a_name_cannot_leave_its_place_in_the_link(aws):
    link = httpx.URL(progress_page(aws, "https://labels.example", "../a?b#c"))
    assert (link.host, link.raw_path.partition(b"?")[0]) == (
        "labels.example",
        b"/requester/jobs/..%2Fa%3Fb%23c",
    )


def test_signing_a_link_leaves_other_calls_as_they_are(aws, stand_in):
    progress_page(aws, stand_in.portal)
    sent = []
    sts = aws.client("sts")
    sts.meta.events.register("before-send.sts.GetCallerIdentity", lambda request, **_: sent.append(request))
    assert sts.get_caller_identity()["Account"] == "000000000000"
    assert "x-labelloop-portal" not in {name.lower() for name in sent[0].headers}
