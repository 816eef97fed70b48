"""A card tells what is known, and says of the rest that it is not."""

from vision.boxes import Box
from vision.manifest import LabeledImage
from vision.model_card import as_markdown, describe_measures, describe_split, not_known

LABELS = ["bar", "square", "rare|label"]


def image(*labels: str, human: bool = True) -> LabeledImage:
    boxes = tuple(Box(label, 10 * place, 10, 8, 8) for place, label in enumerate(labels))
    return LabeledImage("s3://b/1.jpg", 100, 80, 3, boxes, human=human)


def card(**changes) -> dict:
    data = {"train": describe_split([image("bar", "bar"), image("square", "bar")], LABELS, "0" * 12)}
    training = {"training_job": "job-1", "libraries": None, "metrics": {"validation:F1": 0.5}}
    measures = describe_measures(
        {"mAP50": 0.8, "mAP50-95": 0.4}, "AP50", {"bar": 0.9, "square": None}, None, 0.95
    )
    whole = {"model": "model-1", "loop": "shapes", "task": "bounding_box"}
    return whole | {"data": data, "training": training, "evaluation": measures} | changes


def test_objects_and_images_of_a_label_are_not_mixed_up():
    images = [image("bar", "bar", "square"), image("bar", human=False), image()]
    found = describe_split(images, LABELS, "1" * 12)
    assert (found["images"], found["images_without_label"], found["images_labeled_by_people"]) == (3, 1, 2)
    assert found["labels"] == {
        "bar": {"objects": 3, "images": 2},
        "square": {"objects": 1, "images": 1},
        "rare|label": {"objects": 0, "images": 0},
    }


def test_a_label_without_any_object_is_on_the_card_and_breaks_no_table():
    text = as_markdown(card())
    assert r"| rare\|label | 0 on 0 images |" in text
    assert "| bar | 3 on 2 images |" in text


def test_what_is_missing_is_called_not_known_and_no_number():
    text = as_markdown(card())
    assert "| libraries | not known |" in text and "- training.libraries" in text
    assert "| AP50 square | not known | not known |" in text
    assert "| **mAP50** | 0.8 | not known |" in text
    assert "what the model is meant for" in text
    whole = card(training=None, evaluation=None)
    assert not_known(whole) == ["training", "evaluation"]
    assert "### Evaluation\n\nnot known" in as_markdown(whole)


def test_an_interval_stands_beside_the_measure_that_it_is_of():
    intervals = (0.7, 0.9), {"bar": (0.85, 0.95)}
    measures = describe_measures({"mAP50": 0.8, "mAP50-95": 0.4}, "AP50", {"bar": 0.9}, intervals, 0.95)
    text = as_markdown(card(evaluation=measures))
    assert "|  | value | 95% interval |" in text
    assert "| **mAP50** | 0.8 | 0.700 to 0.900 |" in text
    assert "| **mAP50-95** | 0.4 | not known |" in text
    assert "| AP50 bar | 0.9 | 0.850 to 0.950 |" in text
