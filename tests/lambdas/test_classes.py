"""What the consolidation function makes of chosen classes: classification, and verification with comments."""

import json

import pytest

LABELS = ["good", "bad", "unsure"]


def answer(worker, label, comment=None, element="category"):
    value = {"label": label} if comment is None else {"label": label, "workerComment": comment}
    return {"workerId": worker, "annotationData": {"content": json.dumps({element: value})}}


@pytest.fixture
def consolidate(consolidation):
    def run(*answers):
        payload = [{"datasetObjectId": "0", "annotations": list(answers)}]
        results = consolidation.consolidate(payload, "verdict", LABELS)
        return results[0]["consolidatedAnnotation"]["content"]["verdict"] if results else None

    return run


def test_the_majority_decides_with_its_share_as_confidence(consolidate):
    label = consolidate(answer("ann", "bad"), answer("bob", "good"), answer("eve", "bad"))
    assert label == {
        "class-id": 1,
        "class-name": "bad",
        "confidence": 0.6667,
        "consensus": {"workers": 3, "ignored_answers": 0},
    }


def test_of_classes_with_equally_many_votes_the_first_in_the_list_wins(consolidate):
    for votes in (("unsure", "bad"), ("bad", "unsure")):
        label = consolidate(*(answer(f"worker {number}", vote) for number, vote in enumerate(votes)))
        assert (label["class-id"], label["class-name"], label["confidence"]) == (1, "bad", 0.5)


def test_a_single_worker_can_be_told_apart_from_a_crowd_that_agrees(consolidate):
    assert consolidate(answer("ann", "good")) == {
        "class-id": 0,
        "class-name": "good",
        "confidence": 1.0,
        "consensus": {"workers": 1, "ignored_answers": 0},
    }


def test_comments_are_kept_whoever_wrote_them_and_empty_ones_are_not(consolidate):
    answers = [
        answer("ann", "good", "   "),
        answer("bob", "bad", " too wide on the right "),
        answer("eve", "bad", "a bird is missing"),
        answer("joe", "bad", 5),
    ]
    feedback = [{"comment": "a bird is missing"}, {"comment": "too wide on the right"}]
    assert consolidate(*answers)["worker-feedback"] == feedback
    assert consolidate(*reversed(answers)) == consolidate(*answers)
    assert "worker-feedback" not in consolidate(answer("ann", "good", ""))


@pytest.mark.parametrize("label", ["horse", None, 1, ["good"], {"good": True}], ids=str)
def test_a_label_that_is_none_of_the_jobs_is_not_counted(consolidate, label, capsys):
    result = consolidate(answer("ann", "good"), answer("eve", label, "a comment"))
    assert (result["confidence"], result["consensus"]) == (1.0, {"workers": 1, "ignored_answers": 1})
    assert "worker-feedback" not in result
    assert "object 0: ignored: worker eve: the label" in capsys.readouterr().out
    assert consolidate(answer("eve", label)) is None


def test_a_worker_has_one_vote_and_none_when_he_contradicts_himself(consolidate):
    result = consolidate(answer("ann", "good"), answer("eve", "bad"), answer("eve", "bad"))
    assert result["class-name"] == "good"
    assert result["consensus"] == {"workers": 2, "ignored_answers": 1}
    result = consolidate(answer("ann", "good"), answer("eve", "bad"), answer("eve", "unsure"))
    assert result["consensus"] == {"workers": 1, "ignored_answers": 2}
