"""The requester's page on jobs of AWS's own task types, as labelloop's functions consolidate them."""

import io
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from tests.localaws.labeling import HEIGHT, WIDTH, Studio, box
from tests.localaws.labeling_types import PALETTE, answer_all, boxes, chosen, job_of_type, mask
from tests.localaws.requesting import requester


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in) as studio:
        yield studio


@pytest.fixture(scope="module")
def page(stand_in) -> httpx.Client:
    return requester(stand_in)


@pytest.fixture(scope="module")
def manifest(studio) -> str:
    return studio.manifest({"source-ref": studio.pictures(1)[0]})


def told_of(studio, page, job: str, *ways) -> tuple[dict, dict]:
    """The report of the job after each worker has answered in a way of its own, and its one picture."""
    answer_all(studio, job, *ways)
    studio.finished(job)
    told = page.get(f"/api/requester/jobs/{job}").json()
    assert told["agreement"]["compared"] == told["agreement"]["rated"] == 1
    [picture] = told["newest"]
    assert picture["problem"] is None
    return told["agreement"], picture


def test_a_mask_of_several_workers_is_shown_with_its_confidence(studio, page, manifest):
    job = job_of_type(
        studio, "SemanticSegmentation", manifest, "areas-ref", NumberOfHumanWorkersPerDataObject=3
    )
    same = [lambda task: mask(dog=(0, 30))] * 2
    agreement, picture = told_of(studio, page, job, *same, lambda task: mask(dog=(0, 20)))
    assert 0.5 < agreement["mean_confidence"] < 1
    [dog] = picture["mask"]["colors"]
    assert (dog["label"], dog["color"]) == ("dog", PALETTE["dog"])
    shown = Image.open(io.BytesIO(page.get(picture["mask"]["image"]).content))
    assert (shown.mode, shown.size) == ("P", (WIDTH, HEIGHT))
    assert (picture["boxes"], picture["class"]) == (None, None)


def test_a_class_is_shown_with_the_share_of_workers_who_chose_it(studio, page, manifest):
    job = job_of_type(studio, "ImageMultiClass", manifest, "animal", NumberOfHumanWorkersPerDataObject=3)
    ways = [lambda task, label=label: chosen(label) for label in ("cat", "dog", "cat")]
    agreement, picture = told_of(studio, page, job, *ways)
    assert picture["class"]["label"] == "cat"
    assert picture["class"]["confidence"] == pytest.approx(agreement["mean_confidence"], abs=1e-4)
    assert 0.6 < agreement["mean_confidence"] < 0.7 and agreement["agreed"] == 0


def test_a_verdict_is_shown_with_what_workers_wrote(studio, page, manifest):
    boxed = job_of_type(studio, "BoundingBox", manifest, "boxes", NumberOfHumanWorkersPerDataObject=2)
    agreement, picture = told_of(studio, page, boxed, *[lambda task: boxes(box(4))] * 2)
    assert (agreement["mean_confidence"], agreement["agreed"]) == (1.0, 1.0)
    assert [drawn["label"] for drawn in picture["boxes"]] == ["dog"]
    verified = job_of_type(
        studio,
        "VerificationBoundingBox",
        studio.describe(boxed)["LabelingJobOutput"]["OutputDatasetS3Uri"],
        "verdict",
        labels=["good", "bad"],
        reviewed="boxes",
        NumberOfHumanWorkersPerDataObject=2,
    )
    _, picture = told_of(studio, page, verified, *[lambda task: chosen("bad", "too wide")] * 2)
    assert picture["class"]["label"] == "bad" and "too wide" in picture["comments"]
