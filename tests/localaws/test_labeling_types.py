"""Jobs of AWS's own task types, and jobs on the output of others: the lines are AWS's, field for field."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from tests.localaws.labeling import HEIGHT, WIDTH, Studio, box
from tests.localaws.labeling_types import TEMPLATES, answer_all, boxes, chosen, job_of_type, mask
from vision.manifest import LabeledManifest, read_labeled


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in) as studio:
        yield studio


@pytest.fixture(scope="module")
def manifest(studio) -> str:
    return studio.manifest(*({"source-ref": uri, "shelf": 7} for uri in studio.pictures(2)))


def output_uri(studio, job: str) -> str:
    return studio.describe(job)["LabelingJobOutput"]["OutputDatasetS3Uri"]


def metadata_of(line: dict, attribute: str, job: str) -> dict:
    """The metadata without what differs from job to job, which is checked."""
    metadata = dict(line[f"{attribute}-metadata"])
    assert metadata.pop("job-name") == f"labeling-job/{job}"
    assert metadata.pop("human-annotated") == "yes"
    assert metadata.pop("creation-date")
    return metadata


def read_back(studio, job: str, attribute: str, form: str, labels=("dog", "cat")) -> LabeledManifest:
    """What a loop makes of the output; it must understand every line."""
    found = read_labeled(studio.read(output_uri(studio, job)), attribute, list(labels), form)
    assert found.problems == [] and all(label.job for label in found.images)
    return found


def stripes(studio, uri: str) -> list[int]:
    """The pixels of a row of a palette PNG, which are the same in each."""
    image = Image.open(io.BytesIO(studio.read(uri)))
    assert (image.mode, image.size) == ("P", (WIDTH, HEIGHT))
    rows = [image.crop((0, row, WIDTH, row + 1)).tobytes() for row in range(HEIGHT)]
    assert set(rows) == {rows[0]}
    return list(rows[0])


def number_of(task: dict) -> int:
    return int(task["object"].rpartition("/")[2].removesuffix(".jpg"))


@pytest.fixture(scope="module")
def boxed(studio, manifest) -> str:
    """A job that has boxes of both pictures."""
    job = job_of_type(studio, "BoundingBox", manifest, "boxes")
    answer_all(studio, job, lambda task: boxes(box(4 + number_of(task))))
    studio.finished(job)
    return job


@pytest.fixture(scope="module")
def masked(studio, manifest) -> str:
    """A job that has masks of both pictures, by two workers who agree."""
    job = job_of_type(
        studio, "SemanticSegmentation", manifest, "areas-ref", NumberOfHumanWorkersPerDataObject=2
    )
    answer_all(studio, job, *[lambda task: mask(dog=(2, 12), cat=(20, 50))] * 2)
    studio.finished(job)
    return job


def test_a_class_is_written_as_aws_writes_it(studio, manifest):
    job = job_of_type(studio, "ImageMultiClass", manifest, "animal", NumberOfHumanWorkersPerDataObject=3)
    answer_all(studio, job, *[lambda task, label=label: chosen(label) for label in ("cat", "dog", "cat")])
    studio.finished(job)
    for line in studio.output(job):
        assert (line["animal"], line["shelf"]) == (1, 7)
        metadata = metadata_of(line, "animal", job)
        assert 0.6 < metadata.pop("confidence") < 0.7
        assert metadata == {"class-name": "cat", "type": "groundtruth/image-classification"}
    labels = read_back(studio, job, "animal", "image_classification").images
    assert [label.names for label in labels] == [("cat",), ("cat",)]


def test_a_mask_is_written_as_aws_writes_it(studio, masked):
    labels = read_back(studio, masked, "areas-ref", "semantic_segmentation").images
    assert [label.names for label in labels] == [("dog", "cat"), ("dog", "cat")]
    for number, line in enumerate(studio.output(masked)):
        uri = line["areas-ref"]
        folder = f"s3://{studio.bucket}/output/{masked}/annotations/consolidated-annotation/output/"
        assert uri.startswith(f"{folder}{number}_") and uri.endswith(".png")
        assert stripes(studio, uri) == [0] * 2 + [1] * 10 + [0] * 8 + [2] * 30 + [0] * 10
        assert metadata_of(line, "areas-ref", masked) == {
            "internal-color-map": {
                "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 1.0},
                "1": {"class-name": "dog", "hex-color": "#1f77b4", "confidence": 1.0},
                "2": {"class-name": "cat", "hex-color": "#ff7f0e", "confidence": 1.0},
            },
            "type": "groundtruth/semantic-segmentation",
        }


@pytest.mark.parametrize(
    ("task_type", "earlier", "reviewed"),
    [
        ("VerificationBoundingBox", "boxed", "boxes"),
        ("VerificationSemanticSegmentation", "masked", "areas-ref"),
    ],
)
def test_a_verification_adds_its_verdict_and_leaves_the_label(studio, request, task_type, earlier, reviewed):
    earlier = request.getfixturevalue(earlier)
    job = job_of_type(
        studio,
        task_type,
        output_uri(studio, earlier),
        "verdict",
        labels=["good", "bad"],
        reviewed=reviewed,
        NumberOfHumanWorkersPerDataObject=2,
    )
    tasks = answer_all(
        studio, job, lambda task: chosen("bad", "It is off by a pixel."), lambda task: chosen("bad")
    )
    assert all(task["input"]["reviewedLabels"] for task in tasks)
    studio.finished(job)
    verdicts = read_back(studio, job, "verdict", "label_verification", ("good", "bad")).images
    assert [verdict.names for verdict in verdicts] == [("bad",), ("bad",)]
    for line, before in zip(studio.output(job), studio.output(earlier), strict=True):
        assert line.pop("verdict") == "1"
        assert metadata_of(line, "verdict", job) == {
            "class-name": "bad",
            "confidence": 1.0,
            "type": "groundtruth/label-verification",
            "worker-feedback": [{"comment": "It is off by a pixel."}],
        }
        del line["verdict-metadata"]
        assert line == before


def test_an_adjustment_of_boxes_tells_who_changed_them_and_leaves_the_first_ones(studio, boxed):
    source = output_uri(studio, boxed)
    job = job_of_type(studio, "AdjustmentBoundingBox", source, "adjusted", reviewed="boxes")

    def adjust(task: dict) -> dict:
        """Move the box of the first picture, and keep that of the second."""
        (first,) = task["input"]["initialValue"]
        moved = number_of(task) == 0
        return boxes(first | {"left": first["left"] + moved}, initialValueModified=moved)

    answer_all(studio, job, adjust)
    studio.finished(job)
    labels = read_back(studio, job, "adjusted", "bounding_box").images
    assert [label.adjusted for label in labels] == [True, False]
    for number, (line, before) in enumerate(zip(studio.output(job), studio.output(boxed), strict=True)):
        size = {"width": WIDTH, "height": HEIGHT, "depth": 3}
        drawn = {"class_id": 0, "left": 5, "top": 6, "width": 20, "height": 10}
        assert line.pop("adjusted") == {"image_size": [size], "annotations": [drawn]}
        assert metadata_of(line, "adjusted", job) == {
            "objects": [{"confidence": 1.0}],
            "class-map": {"0": "dog"},
            "type": "groundtruth/object-detection",
            "adjustment-status": ["adjusted", "unadjusted"][number],
        }
        del line["adjusted-metadata"]
        assert line == before


def test_an_adjustment_of_masks_shows_the_first_ones_and_leaves_them(studio, masked):
    source = output_uri(studio, masked)
    job = job_of_type(studio, "AdjustmentSemanticSegmentation", source, "better-ref", reviewed="areas-ref")
    before = studio.output(masked)

    def adjust(task: dict) -> dict:
        initial = task["input"]["initialValue"]
        assert initial["src"] == before[number_of(task)]["areas-ref"]
        assert initial["labelMappings"] == {"dog": {"color": "#1f77b4"}, "cat": {"color": "#ff7f0e"}}
        moved = number_of(task) == 0
        return mask(dog=(2, 12 - 2 * moved), cat=(20, 50), initialValueModified=moved)

    answer_all(studio, job, adjust)
    studio.finished(job)
    labels = read_back(studio, job, "better-ref", "semantic_segmentation").images
    assert [label.adjusted for label in labels] == [True, False]
    for number, (line, first) in enumerate(zip(studio.output(job), before, strict=True)):
        width = [8, 10][number]
        drawn = [0] * 2 + [1] * width + [0] * (18 - width) + [2] * 30 + [0] * 10
        assert stripes(studio, line.pop("better-ref")) == drawn
        metadata = metadata_of(line, "better-ref", job)
        assert metadata.pop("adjustment-status") == ["adjusted", "unadjusted"][number]
        assert set(metadata) == {"internal-color-map", "type"}
        del line["better-ref-metadata"]
        assert line == first


def test_lines_without_a_label_to_review_fail_alone(studio, boxed):
    labeled, bare = studio.output(boxed)
    failed = {
        "source-ref": bare["source-ref"],
        "boxes-metadata": {"failure-reason": "late", "job-name": "labeling-job/x"},
    }
    source = studio.manifest(labeled, {"source-ref": bare["source-ref"]}, failed)
    for named in ("boxes", None):
        job = job_of_type(
            studio, "VerificationBoundingBox", source, "verdict", labels=["good", "bad"], reviewed=named
        )
        done = answer_all(studio, job, lambda task: chosen("good"))
        assert [task["object"] for task in done] == [labeled["source-ref"]]
        counters = studio.finished(job)["LabelCounters"]
        assert (counters["HumanLabeled"], counters["FailedNonRetryableError"]) == (1, 2)
        lines = studio.output(job)
        assert lines[0]["verdict"] == "0"
        for line in lines[1:]:
            assert "verdict" not in line
            assert "to review" in line["verdict-metadata"]["failure-reason"]


@pytest.mark.parametrize(
    ("task_type", "form", "attribute", "new_attribute", "way"),
    [
        ("BoundingBox", "bounding_box", "boxes", "others", lambda task: boxes(box(8))),
        (
            "SemanticSegmentation",
            "semantic_segmentation",
            "areas-ref",
            "others-ref",
            lambda task: mask(dog=(0, 30)),
        ),
    ],
)
def test_a_job_on_partly_failed_output_asks_for_what_is_missing(
    studio, task_type, form, attribute, new_attribute, way
):
    uris = studio.pictures(2)
    gone = f"s3://{studio.bucket}/images/gone-{task_type}.jpg"
    source = studio.manifest(*({"source-ref": uri} for uri in (uris[0], gone, uris[1])))
    first = job_of_type(studio, task_type, source, attribute)
    answer_all(studio, first, way)
    counters = studio.finished(first)["LabelCounters"]
    assert (counters["HumanLabeled"], counters["FailedNonRetryableError"]) == (2, 1)
    assert [failure.uri for failure in read_back(studio, first, attribute, form).failures] == [gone]
    failed = studio.output(first)[1]
    assert attribute not in failed and "does not exist" in failed[f"{attribute}-metadata"]["failure-reason"]

    studio.write(gone.removeprefix(f"s3://{studio.bucket}/"), studio.read(uris[0]))
    second = job_of_type(studio, task_type, output_uri(studio, first), attribute)
    assert [task["object"] for task in answer_all(studio, second, way)] == [gone]
    assert studio.finished(second)["LabelCounters"]["TotalLabeled"] == 3
    assert len(read_back(studio, second, attribute, form).images) == 3
    again = studio.output(second)
    assert again[::2] == studio.output(first)[::2]
    assert again[1][attribute] and "failure-reason" not in again[1][f"{attribute}-metadata"]

    third = job_of_type(studio, task_type, output_uri(studio, second), new_attribute)
    assert [task["object"] for task in answer_all(studio, third, way)] == [uris[0], gone, uris[1]]
    studio.finished(third)
    for line, before in zip(studio.output(third), again, strict=True):
        assert line.pop(new_attribute) and line.pop(f"{new_attribute}-metadata")
        assert line == before


def test_a_mask_of_colours_that_are_no_labels_is_refused_and_may_be_mended(studio, manifest):
    job = job_of_type(studio, "SemanticSegmentation", manifest, "areas-ref")
    worker = studio.worker()
    task = worker.claim(job)
    mended = mask(dog=(2, 12))
    colours = mended["answer"]["labelMappings"]
    refused = worker.hand_in(task, {"answer": mended["answer"] | {"labelMappings": {}}})
    assert refused.status_code == 422
    assert "the pixel at (2, 0) is #1f77b4, the colour of no label" in refused.json()["error"]
    wrong = {"answer": mended["answer"] | {"labelMappings": colours | {"wolf": {"color": "#000000"}}}}
    assert "has the label 'wolf'" in worker.hand_in(task, wrong).json()["error"]
    assert worker.hand_in(task, mended).status_code == 200
    studio.sagemaker.stop_labeling_job(LabelingJobName=job)
    studio.finished(job, "Stopped")
    assert stripes(studio, studio.output(job)[0]["areas-ref"]) == [0] * 2 + [1] * 10 + [0] * 48


def test_an_adjustment_whose_template_shows_no_label_fails_before_anybody_works(studio, boxed):
    template = TEMPLATES["BoundingBox"]
    source = output_uri(studio, boxed)
    job = job_of_type(
        studio, "AdjustmentBoundingBox", source, "adjusted", reviewed="boxes", template=template
    )
    reason = studio.finished(job, "Failed")["FailureReason"]
    assert "<crowd-bounding-box> needs the attribute initial-value" in reason
