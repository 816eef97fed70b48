"""The requester's page scores workers on lines whose answer is known, whatever else stands on them."""

import json

import pytest

from localaws.groundtruth.jobs import Jobs
from localaws.groundtruth.requester.known_answers import known_boxes
from localaws.groundtruth.requester.reports import Reports
from localaws.store import Store
from tests.localaws.test_requester_reports import store_with

BOX = {"left": 1, "top": 2, "width": 10, "height": 20}
ANSWER = {"any": {"boundingBoxes": [BOX | {"label": "dog"}], "inputImageProperties": {}}}


def line(**attributes) -> str:
    return json.dumps({"source-ref": "s3://bucket/x.jpg", **attributes})


def known(*annotations: object, **names: str) -> str:
    label = {"image_size": [{"width": 60, "height": 40, "depth": 3}], "annotations": list(annotations)}
    return line(**{"known-answer": label, "known-answer-metadata": {"class-map": names or {"0": "dog"}}})


def scores(store: Store) -> dict[str, dict | None]:
    report = Reports(store, Jobs(store), lambda uri: uri).report("job")
    json.dumps(report, allow_nan=False)
    return {row["worker"]: row["known"] for row in report["workers"]}


@pytest.fixture
def job(tmp_path):
    """Four labeled objects, answered by three workers each; a function to say what is known of them."""
    store = store_with(tmp_path, 6)

    def set_lines(*lines: str, answers: dict[str, object]) -> Store:
        with store.transaction() as connection:
            for number, text in enumerate(lines):
                connection.execute("UPDATE object SET line = ? WHERE number = ?", (text, number))
            for worker, answer in answers.items():
                connection.execute(
                    "UPDATE slot SET answer = ? WHERE worker = ?", (json.dumps(answer), worker)
                )
        return store

    return set_lines


def test_each_worker_is_scored_on_the_known_lines_alone(job):
    two = [{"class_id": 0, **BOX}, {"class_id": 0, **BOX, "left": 40}]
    cat = {"any": {"boundingBoxes": [BOX | {"label": "cat"}]}}
    nothing = {"any": {"boundingBoxes": []}}
    answers = {"worker-0": ANSWER, "worker-1": cat, "worker-2": nothing}
    told = scores(job(known(*two), known(), answers=answers))
    assert told["worker-0"] == {
        "images": 2,
        "found": 1,
        "missed": 1,
        "extra": 1,
        "mean_iou": 1.0,
        "score": 0.5,
    }
    assert (told["worker-1"]["found"], told["worker-1"]["score"], told["worker-1"]["mean_iou"]) == (
        0,
        0,
        None,
    )
    assert (told["worker-2"]["missed"], told["worker-2"]["extra"]) == (2, 0)


def test_a_job_that_knows_nothing_scores_nobody(job):
    assert set(scores(job(answers={"worker-0": ANSWER})).values()) == {None}


@pytest.mark.parametrize(
    "text",
    [
        line(**{"known-answer": 7}),
        line(**{"known-answer": {"annotations": {}}}),
        line(**{"known-answer": {"annotations": []}, "known-answer-metadata": []}),
        line(note='"known-answer"'),
    ],
)
def test_a_line_that_knows_nothing_readable_counts_for_nobody(job, text):
    assert known_boxes(text) is None
    assert set(scores(job(text, answers={"worker-0": ANSWER})).values()) == {None}


@pytest.mark.parametrize(
    "answer",
    [{"any": {"label": "dog"}}, [], {"any": {"boundingBoxes": [1, None, {"left": "x"}, {"label": 7}]}}],
)
def test_an_answer_of_any_form_never_breaks_the_page(job, answer):
    odd = [{"class_id": 9, **BOX}, 7, {"class_id": 0, **BOX, "width": 1e400}]
    told = scores(job(known({"class_id": 0, **BOX}, *odd), answers={"worker-0": answer}))
    assert told["worker-0"] is None or told["worker-0"]["found"] == 0
