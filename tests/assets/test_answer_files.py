"""An answer file is named with the image that it is about, and with no other."""

from dataclasses import replace

from assets.answer_files import answers_by_image, answers_uri
from assets.explanation import Explanation, History
from assets.explanation_text import steps
from assets.labels import Label
from resources.served_model import ServedModel
from tests.assets.test_label_checks import job
from vision.manifest import LabeledImage
from vision.nearest import Nearest
from vision.seen import SeenBoxes

IMAGE = LabeledImage("s3://b/1", 40, 30, 3, (), job="job", created="2026-11-22T12:00:00")
SERVED = ServedModel(
    "live", "InService", "config", "model", "s3://b/model", "train", None, [], "boxes", {}, {}
)
FUNCTIONS = {"consolidation": {"arn": "arn:f", "sha256": ["1" * 64, "2" * 64]}}


def test_the_number_in_a_files_name_is_that_of_the_manifests_line_in_every_iteration():
    images = [f"s3://b/{number}" for number in range(12)]
    names = ["iteration-1/1/t.json", "iteration-2/10/t.json", "iteration-2/10/u.json", "iteration-2/2/t.json"]
    assert answers_by_image(images, names) == {
        "s3://b/1": names[:1],
        "s3://b/10": names[1:3],
        "s3://b/2": names[3:],
    }


def test_files_that_are_no_answer_about_an_image_of_the_batch_are_passed_over():
    names = ["iteration-1/9/t.json", "iteration-1/x/t.json", "iteration-1/0/t.txt", "other/0/t.json"]
    assert answers_by_image(["s3://b/0"], names) == {}


def origin_of(**noted) -> dict:
    return Label(IMAGE, "etag", "batch-1", **noted).origin()


def told(origin: dict | None) -> list[tuple[str, str]]:
    nearest = Nearest(IMAGE, False, 3, None, None, 5)
    return steps(Explanation("asked.jpg", SeenBoxes([], ["square"], 0.5), SERVED, nearest, origin, None, []))


def test_a_label_whose_answers_nobody_noted_says_how_to_get_them():
    origin = origin_of()
    assert "answers" not in origin and "functions" not in origin
    assert told(origin)[-1] == (
        "answers",
        "not noted when the batch was collected: materialize labeled_manifest[batch-1], labels",
    )
    assert "materialize labels once more" in dict(told(None))["labeled by"]


def test_code_that_was_changed_while_people_worked_is_told_as_such():
    steps = dict(told(origin_of(answers=["s3://b/a.json"], functions=FUNCTIONS)))
    assert steps["consolidation"] == (
        "arn:f, its code was changed while the job was at work: 111111111111, then 222222222222"
    )
    assert steps["answers"] == "s3://b/a.json"


def test_a_label_that_no_worker_made_says_so():
    imported = origin_of(answers=[], functions={}) | {"job": "imported/ours"}
    assert told(imported)[-1] == ("answers", "none: it was imported with its label, no worker answered")
    assert told(origin_of(answers=[], functions=FUNCTIONS))[-1] == (
        "answers",
        "none: job has no answer about this image",
    )


def test_the_history_finds_a_label_by_its_bytes_and_else_by_any_of_its_names():
    origin = origin_of(answers=[])
    later = origin | {"created": "2026-12-01T00:00:00", "image": "s3://b/2"}
    history = History({"s3://b/renamed": [origin, later]})
    assert history.find(IMAGE, "etag") == origin
    assert history.find(IMAGE) == origin, "by the name that it had when it was labeled"
    renamed = LabeledImage("s3://b/renamed", 40, 30, 3, (), job="job", created=later["created"])
    assert history.find(renamed) == later, "by the name that it has now"
    assert history.find(LabeledImage("s3://b/other", 40, 30, 3, (), job="job", created=IMAGE.created)) is None


def test_the_answers_of_a_job_lie_beside_its_manifests():
    finished = replace(job(1), output_uri="s3://b/out/job/manifests/output/output.manifest")
    assert answers_uri(finished) == "s3://b/out/job/annotations/worker-response/"
