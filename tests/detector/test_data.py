import json

import numpy as np
import pytest
from data import DataProblem, class_names, read_channel

from .conftest import CLASSES, draw_shapes, jpeg, pairs, record, stream_channel, write_manifest_folder


def label_of(seed: int) -> dict:
    return draw_shapes(seed)[1]


def test_a_pipe_and_a_folder_give_the_same_examples(base, tmp_path):
    streamed = read_channel(stream_channel(base, "train", pairs(3)), 96, CLASSES)
    stored = read_channel(write_manifest_folder(tmp_path / "stored", 3), 96, CLASSES)
    assert len(streamed) == len(stored) == 3
    for one, other in zip(streamed, stored, strict=True):
        assert (one.pixels == other.pixels).all() and (one.boxes == other.boxes).all()
        assert one.classes.tolist() == other.classes.tolist()


def test_boxes_lose_their_objects_when_the_picture_is_scaled(base):
    example = read_channel(stream_channel(base, "train", pairs(1)), 64, CLASSES)[0]
    assert example.pixels.shape == (64, 64, 3)
    for (left, top, right, bottom), class_id in zip(example.boxes.astype(int), example.classes, strict=True):
        red, _, blue = example.pixels[(top + bottom) // 2, (left + right) // 2]
        assert (red > 150) == bool(class_id) and (blue > 150) == (not class_id)


def test_an_orientation_tag_turns_neither_picture_nor_boxes(base):
    picture, label = draw_shapes(1, width=60, height=120)
    exif = picture.getexif()
    exif[0x0112] = 6  # shown lying on its side, stored upright
    stream = record(jpeg(picture, exif=exif)) + record(json.dumps(label).encode())
    example = read_channel(stream_channel(base, "train", stream), 120, CLASSES)[0]
    assert example.pixels.shape == (120, 60, 3)
    annotation = label["annotations"][0]
    assert example.boxes[0, :2].tolist() == [annotation["left"], annotation["top"]]


def test_a_picture_without_objects_is_kept_as_background(base):
    stream = record(jpeg(draw_shapes(0)[0])) + record(b'{"annotations": []}')
    example = read_channel(stream_channel(base, "train", stream), 64, CLASSES)[0]
    assert example.boxes.shape == (0, 4) and example.boxes.dtype == np.float32


GOOD = jpeg(draw_shapes(0)[0])
BOX = {"class_id": 0, "left": 10, "top": 10, "width": 20, "height": 20}


@pytest.mark.parametrize(
    ("image", "label", "complaint"),
    [
        (b"", label_of(0), "pair 3: not a readable JPEG or PNG image .0 bytes."),
        (GOOD[:900], label_of(0), "pair 3: the image cannot be decoded: .*truncated"),
        (GOOD, {"annotations": [BOX | {"class_id": 2}]}, "pair 3: box 1 has class_id 2; there are 2 classes"),
        (
            GOOD,
            {"annotations": [BOX, BOX | {"width": 0}]},
            "pair 3: box 2 has no area inside the 128x128 image",
        ),
        (GOOD, {"annotations": [BOX | {"left": 128}]}, "pair 3: box 1 has no area inside"),
        (GOOD, {"annotations": [{"class_id": 0}]}, "pair 3: no 'left' in the label"),
        (GOOD, {"class-map": {}}, "pair 3: no 'annotations' in the label"),
        (
            GOOD,
            {"annotations": [], "image_size": [{"width": 64, "height": 64, "depth": 3}]},
            "pair 3: labeled at 64x64, but the image is 128x128",
        ),
    ],
)
def test_a_record_that_cannot_be_trained_on_is_named(base, image, label, complaint):
    stream = pairs(2) + record(image) + record(json.dumps(label).encode())
    with pytest.raises(DataProblem, match=f"channel train, {complaint}"):
        read_channel(stream_channel(base, "train", stream), 64, CLASSES)


def test_a_stream_that_breaks_off_is_not_a_short_data_set(base):
    with pytest.raises(DataProblem, match="channel train, pair 3: record 6: the stream ends"):
        read_channel(stream_channel(base, "train", pairs(3)[:-4]), 64, CLASSES)


def test_an_image_without_a_label_is_not_background(base):
    with pytest.raises(DataProblem, match="channel train, pair 3: the image has no label record"):
        read_channel(stream_channel(base, "train", pairs(2) + record(GOOD)), 64, CLASSES)


def test_a_channel_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataProblem, match="channel train: there is neither a folder"):
        read_channel(tmp_path / "train", 64, CLASSES)


def test_a_manifest_line_is_named_when_its_image_is_missing(tmp_path):
    folder = write_manifest_folder(tmp_path / "stored", 2)
    (folder / "1.jpg").unlink()
    with pytest.raises(DataProblem, match=r"output.manifest line 2: no file in .* 's3://shapes/1.jpg'"):
        read_channel(folder, 64, CLASSES)


def test_class_names_come_from_the_class_maps_unless_they_contradict(tmp_path):
    folder = write_manifest_folder(tmp_path / "stored", 2)
    assert class_names(folder) == CLASSES
    with open(folder / "output.manifest", "a") as manifest:
        manifest.write(json.dumps({"shapes-metadata": {"class-map": {"1": "cube"}}}) + "\n")
    with pytest.raises(DataProblem, match="line 3: class 1 is 'cube' here and 'box' before"):
        class_names(folder)
