"""What the consolidation function makes of workers' answers, in Ground Truth's own payload format."""

import json
import random

import pytest

LABELS = ["cat", "dog"]
ARN = "arn:aws:sagemaker:us-east-1:000000000000:labeling-job/cats-and-dogs"


def box(left, top, width, height, label="cat"):
    return {"left": left, "top": top, "width": width, "height": height, "label": label}


def answer(worker, *boxes, size=(400, 300), element="boundingBox"):
    content = {
        element: {
            "boundingBoxes": list(boxes),
            "inputImageProperties": {"width": size[0], "height": size[1]},
        }
    }
    return {"workerId": worker, "annotationData": {"content": json.dumps(content)}}


def payload(*answers, object_id="0"):
    return [
        {
            "datasetObjectId": object_id,
            "dataObject": {"s3Uri": "s3://images/1.jpg"},
            "annotations": list(answers),
        }
    ]


@pytest.fixture
def consolidate(consolidation):
    def run(*answers):
        results = consolidation.consolidate(payload(*answers), "animals", LABELS, read=None)
        return results[0]["consolidatedAnnotation"]["content"]["animals"] if results else None

    return run


def test_a_careless_worker_drags_no_edge(consolidate):
    label = consolidate(
        answer("ann", box(100, 50, 80, 60)),
        answer("bob", box(102, 52, 80, 60)),
        answer("eve", box(90, 20, 110, 100)),
    )
    assert label["annotations"] == [{"class_id": 0, "left": 100, "top": 50, "width": 82, "height": 62}]
    assert label["objects"] == [{"confidence": 1.0}]
    assert label["image_size"] == [{"width": 400, "height": 300, "depth": 3}]
    assert label["class-map"] == {"0": "cat"}
    assert label["consensus"] == {
        "workers": 3,
        "ignored_answers": 0,
        "ignored_boxes": 0,
        "least_certainty": 1.0,
    }


def test_a_box_of_one_worker_alone_is_dropped_and_of_two_kept_with_its_share(consolidate):
    label = consolidate(
        answer("ann", box(0, 0, 50, 50), box(200, 100, 60, 60, "dog")),
        answer("bob", box(2, 0, 50, 50)),
        answer("eve", box(300, 200, 40, 40)),
    )
    assert [annotation["left"] for annotation in label["annotations"]] == [1]
    assert label["objects"] == [{"confidence": 0.6667}]


@pytest.mark.parametrize(
    ("drawn", "certainty"),
    [
        (["cat", "cat", "cat"], 1.0),
        (["cat", "cat", None], 0.6667),  # an object, says one less than all
        (["cat", None, None], 0.6667),  # none, say two of three
        (["cat", None], 0.5),
        (["cat", "dog"], 0.5),  # something is there, but what?
        ([None, None], 1.0),
        (["cat"], 1.0),
    ],
)
def test_the_least_sure_decision_is_told(consolidate, drawn, certainty):
    answers = [
        answer(f"worker {number}", *([box(10, 10, 50, 50, label)] if label else []))
        for number, label in enumerate(drawn)
    ]
    assert consolidate(*answers)["consensus"]["least_certainty"] == certainty


def test_a_worker_cannot_confirm_his_own_box_by_drawing_it_twice(consolidate):
    label = consolidate(answer("ann", box(10, 10, 50, 50), box(11, 10, 50, 50)), answer("bob"))
    assert label["annotations"] == []


def test_the_only_worker_is_believed(consolidate):
    label = consolidate(answer("ann", box(10, 10, 50, 50), box(11, 10, 50, 50)))
    assert len(label["annotations"]) == 2
    assert label["consensus"]["workers"] == 1


def test_an_image_without_objects_is_labeled_and_not_failed(consolidate):
    label = consolidate(answer("ann"), answer("bob"))
    assert (label["annotations"], label["objects"], label["class-map"]) == ([], [], {})


def test_the_majority_names_the_object(consolidate):
    label = consolidate(
        answer("ann", box(10, 10, 50, 50, "dog")),
        answer("bob", box(10, 10, 50, 50, "cat")),
        answer("eve", box(10, 10, 50, 50, "dog")),
    )
    assert [annotation["class_id"] for annotation in label["annotations"]] == [1]
    assert label["class-map"] == {"1": "dog"}


def test_neighbours_stay_two_objects(consolidate):
    boxes = box(10, 10, 60, 60), box(50, 10, 60, 60)
    label = consolidate(answer("ann", *boxes), answer("bob", *reversed(boxes)))
    assert [annotation["left"] for annotation in label["annotations"]] == [10, 50]


def test_boxes_stay_inside_the_image_as_whole_pixels(consolidate):
    label = consolidate(
        answer("ann", box(-20, -5, 60.5, 50.5)),
        answer("bob", box(-10, 0.5, 50.5, 45)),
    )
    (annotation,) = label["annotations"]
    assert all(type(value) is int for value in annotation.values())
    assert (annotation["left"], annotation["top"]) == (0, 0)
    label = consolidate(answer("ann", box(380, 280, 90, 90)), answer("bob", box(381, 281, 90, 90)))
    (annotation,) = label["annotations"]
    assert annotation["left"] + annotation["width"] == 400
    assert annotation["top"] + annotation["height"] == 300


def test_any_name_of_the_element_is_understood(consolidate):
    answers = (answer(worker, box(10, 10, 50, 50), element="annotatedResult") for worker in ("ann", "bob"))
    assert len(consolidate(*answers)["annotations"]) == 1


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[" * 100_000,
        "[]",
        "{}",
        '{"boundingBox": {"boundingBoxes": "none"}}',
        '{"boundingBox": {"boundingBoxes": []}}',
        '{"boundingBox": {"boundingBoxes": [], "inputImageProperties": {"width": 0, "height": 3}}}',
        '{"boundingBox": {"boundingBoxes": [], "inputImageProperties": []}}',
    ],
    ids=lambda content: content[:60],
)
def test_an_answer_that_cannot_be_read_costs_only_itself(consolidate, content, capsys):
    bad = {"workerId": "eve", "annotationData": {"content": content}}
    label = consolidate(answer("ann", box(10, 10, 50, 50)), bad, answer("bob", box(10, 10, 50, 50)))
    assert len(label["annotations"]) == 1
    assert label["consensus"] == {
        "workers": 2,
        "ignored_answers": 1,
        "ignored_boxes": 0,
        "least_certainty": 1.0,
    }
    assert "object 0: ignored: worker eve" in capsys.readouterr().out


@pytest.mark.parametrize(
    "bad",
    [
        "a box",
        box(10, 10, 50, 50, "horse"),
        box(10, 10, 50, 50, ["cat"]),
        box(10, 10, 0, 50),
        box(500, 10, 50, 50),
        box("10", 10, 50, 50),
        box(True, 10, 50, 50),
        box(float("nan"), 10, 50, 50),
        box(10**400, 10, 50, 50),
        {"left": 10, "label": "cat"},
    ],
    ids=lambda bad: str(bad)[:60],
)
def test_a_box_that_is_none_costs_only_itself(consolidate, bad):
    good = box(10, 10, 50, 50)
    label = consolidate(answer("ann", bad, good), answer("bob", good))
    assert len(label["annotations"]) == 1
    assert label["consensus"] == {
        "workers": 2,
        "ignored_answers": 0,
        "ignored_boxes": 1,
        "least_certainty": 1.0,
    }


def test_an_answer_about_other_pixels_is_not_mixed_in(consolidate):
    good = box(10, 10, 50, 50)
    label = consolidate(answer("ann", good), answer("bob", good), answer("eve", good, size=(300, 400)))
    assert label["consensus"] == {
        "workers": 2,
        "ignored_answers": 1,
        "ignored_boxes": 0,
        "least_certainty": 1.0,
    }


def modified(annotation, value):
    content = json.loads(annotation["annotationData"]["content"])
    content["boundingBox"]["initialValueModified"] = value
    return annotation | {"annotationData": {"content": json.dumps(content)}}


def test_a_change_by_one_worker_makes_the_label_adjusted(consolidate):
    ann, bob = answer("ann", box(10, 10, 50, 50)), answer("bob", box(10, 10, 50, 50))
    changed = consolidate(modified(ann, False), modified(bob, True))
    assert changed["adjustment-status"] == "adjusted"
    assert consolidate(modified(ann, False), modified(bob, False))["adjustment-status"] == "unadjusted"
    assert "adjustment-status" not in consolidate(ann, bob)


def test_an_object_that_nobody_answered_is_left_out(consolidate):
    assert consolidate() is None
    assert consolidate({"workerId": "eve", "annotationData": {"content": "?"}}) is None


def crowd_of_three(rng, objects):
    """A payload of images with up to eight boxes each, and three workers who draw them loosely."""
    items = []
    for index in range(objects):
        truth = [
            (rng.randrange(300), rng.randrange(200), rng.randrange(30, 100), rng.randrange(30, 100))
            for _ in range(rng.randrange(8))
        ]
        answers = [
            answer(
                worker,
                *(
                    box(*(side + rng.randint(-4, 4) for side in sides), rng.choice(LABELS))
                    for sides in truth
                    if rng.random() > 0.1
                ),
            )
            for worker in ("ann", "bob", "eve")
        ]
        items += payload(*answers, object_id=str(index))
    return items


def test_the_order_of_answers_and_boxes_changes_nothing(consolidation):
    rng = random.Random(4)
    items = crowd_of_three(rng, 30)
    expected = consolidation.consolidate(items, "animals", LABELS, read=None)
    for item in items:
        rng.shuffle(item["annotations"])
        for annotation in item["annotations"]:
            content = json.loads(annotation["annotationData"]["content"])
            rng.shuffle(content["boundingBox"]["boundingBoxes"])
            annotation["annotationData"]["content"] = json.dumps(content)
    assert consolidation.consolidate(items, "animals", LABELS, read=None) == expected


def test_a_thousand_objects_fit_in_one_call(consolidation):
    results = consolidation.consolidate(crowd_of_three(random.Random(5), 1000), "animals", LABELS, read=None)
    assert [result["datasetObjectId"] for result in results] == [str(index) for index in range(1000)]
    assert len(json.dumps(results)) < 6_000_000, "AWS Lambda returns at most 6 MB"
