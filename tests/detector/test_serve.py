import io
import json
import subprocess
import sys

import numpy as np
import pytest
import serve
import torch  # noqa: TID253
from model import Detector
from PIL import Image

from .conftest import draw_shapes, jpeg


@pytest.fixture(scope="module")
def model(trained) -> serve.Model:
    return serve.model_fn(str(trained.model))


def ask(model: serve.Model, image: bytes, content_type: str = "image/jpeg") -> list[list[float]]:
    answer, content_type = serve.output_fn(
        serve.predict_fn(serve.input_fn(image, content_type), model), "application/json"
    )
    assert content_type == "application/json"
    return json.loads(answer)["prediction"]


def assert_found(prediction: list[list[float]], label: dict) -> None:
    """Every labeled shape is found with a good score, where it is in the stored image."""
    size = label["image_size"][0]
    for annotation in label["annotations"]:
        left, top = annotation["left"] / size["width"], annotation["top"] / size["height"]
        right = left + annotation["width"] / size["width"]
        bottom = top + annotation["height"] / size["height"]
        assert any(
            row[0] == annotation["class_id"]
            and row[1] > 0.3
            and np.abs(np.array(row[2:]) - [left, top, right, bottom]).max() < 0.1
            for row in prediction
        ), (annotation, prediction[:5])


def test_the_served_network_is_the_trained_one_for_any_number_of_pictures(trained, model):
    state = torch.load(trained.checkpoint, weights_only=True)
    detector = Detector(2, 128, base_width=8)
    detector.load_state_dict(state["progress"]["best_weights"])
    for count in (1, 3):
        pictures = np.stack([np.asarray(draw_shapes(seed)[0]) for seed in range(count)])
        boxes, scores = model.session.run(None, {"image": pictures})
        with torch.no_grad():
            corners, logits = detector.eval()(torch.from_numpy(pictures))
        assert np.abs(boxes - corners.numpy()).max() < 0.01  # pixels
        assert np.abs(scores - logits.sigmoid().numpy()).max() < 1e-4


def test_the_answer_has_the_shape_of_the_built_in_algorithms(model):
    picture, label = draw_shapes(0)
    prediction = ask(model, jpeg(picture))
    assert_found(prediction, label)
    rows = np.array(prediction)
    assert rows.shape[1] == 6 and (rows[:, 1:] >= 0).all() and (rows[:, 1:] <= 1).all()
    assert set(rows[:, 0]) <= {0, 1} and (np.diff(rows[:, 1]) <= 0).all()
    assert (rows[:, 4] > rows[:, 2]).all() and (rows[:, 5] > rows[:, 3]).all()


def test_a_portrait_with_an_orientation_tag_is_answered_in_stored_pixels(model):
    picture, label = draw_shapes(1)
    right = max(box["left"] + box["width"] for box in label["annotations"]) + 4
    assert right < 110
    label["image_size"][0]["width"] = right
    portrait = picture.crop((0, 0, right, 128)).resize((8 * right, 8 * 128))  # a large one is decoded smaller
    exif = portrait.getexif()
    exif[0x0112] = 6  # shown lying on its side, stored upright
    prediction = ask(model, jpeg(portrait, exif=exif))
    assert_found(prediction, label)
    assert prediction == ask(model, jpeg(portrait))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1"])
def test_png_of_any_mode_is_answered(model, mode):
    stream = io.BytesIO()
    draw_shapes(0)[0].convert(mode).save(stream, "PNG")
    assert isinstance(ask(model, stream.getvalue(), "image/png; q=1"), list)


def test_an_empty_wall_gives_a_list_and_not_an_error(model):
    assert isinstance(ask(model, jpeg(Image.new("RGB", (1, 3000))), "application/x-image"), list)


@pytest.mark.parametrize(
    ("body", "content_type", "complaint"),
    [
        (b"{}", "application/json", "content type 'application/json' is not one of application/x-image"),
        (b"", "image/jpeg", "not a readable JPEG or PNG image .0 bytes."),
        (b"GIF89a" + bytes(100), "image/jpeg", "not a readable JPEG or PNG image .106 bytes."),
        (jpeg(draw_shapes(0)[0])[:1000], "image/jpeg", "the image cannot be decoded: .*truncated"),
    ],
)
def test_what_cannot_be_answered_is_the_callers_error(model, body, content_type, complaint):
    with pytest.raises(ValueError, match=complaint):
        ask(model, body, content_type)


@pytest.mark.parametrize("accept", ["application/json", "*/*", "", "text/html, application/json;q=0.9"])
def test_json_is_answered_to_whoever_takes_it(accept):
    assert serve.output_fn([], accept) == (b'{"prediction": []}', "application/json")


def test_a_client_that_takes_no_json_is_told():
    with pytest.raises(ValueError, match="cannot answer as 'text/csv'"):
        serve.output_fn([], "text/csv")


def test_boxes_of_one_object_are_thinned_within_a_class_and_not_across():
    boxes = np.float32([[10, 10, 50, 50], [12, 10, 52, 50], [200, 10, 240, 50], [10, 10, 50, 50]])
    scores = np.float32([[0.9, 0], [0.8, 0], [0.7, 0], [0, 0.6]])
    _, found, classes = serve.select_boxes(boxes, scores)
    assert found.tolist() == pytest.approx([0.9, 0.7, 0.6]) and classes.tolist() == [0, 0, 1]
    assert len(serve.select_boxes(boxes, scores, most=2)[0]) == 2
    assert len(serve.select_boxes(boxes, np.zeros((4, 2), np.float32))[0]) == 0


def test_a_box_is_not_where_one_point_put_it_but_where_those_that_agree_do():
    near, far = [12, 10, 52, 50], [25, 10, 65, 50]  # overlaps of .90 and .45 with the best one
    boxes, scores = np.float32([[10, 10, 50, 50], near, far]), np.float32([[0.9], [0.6], [0.5]])
    corners, found, _ = serve.select_boxes(boxes, scores)
    assert corners.tolist() == [pytest.approx([10.8, 10, 50.8, 50]), far]
    assert found.tolist() == pytest.approx([0.9, 0.5])


def test_the_models_own_code_serves_alone_and_without_torch(trained):
    program = """
import sys
import inference
model = inference.model_fn(sys.argv[1])
image = inference.input_fn(sys.stdin.buffer.read(), "image/jpeg")
print(inference.output_fn(inference.predict_fn(image, model), "*/*")[0].decode())
assert "torch" not in sys.modules
"""
    served = subprocess.run(
        [sys.executable, "-c", program, trained.model],
        cwd=trained.model / "code",
        input=jpeg(draw_shapes(0)[0]),
        capture_output=True,
        timeout=60,
    )
    assert served.returncode == 0, served.stderr
    assert len(json.loads(served.stdout)["prediction"]) > 0
