"""The demo's photographs: the same everywhere in a run, with a truth that fits the pixels."""

from dataclasses import replace

import numpy
import pytest
from PIL import Image

from demo.packs import CLASSES, LABELS
from demo.photographs import make_photograph, make_photographs, perspective
from vision.exchange import read_coco, write_coco


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    make_photographs(folder, 6, seed=1)
    return folder


@pytest.fixture(scope="module")
def photographs():
    return [make_photograph(3, number)[:2] for number in range(24)]


def test_photographs_come_with_their_truth(folder):
    dataset = read_coco(folder / "truth.json")
    assert dataset.labels == ["ingredients", "nutrition", "barcode"]
    assert dataset.problems == []
    assert [path.name for path in dataset.images] == [f"pack-1-{number:04d}.jpg" for number in range(6)]
    for path in dataset.images:
        with Image.open(path) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB")
            assert image.size == (dataset.truth[path.name].width, dataset.truth[path.name].height)
    assert any(image.boxes for image in dataset.truth.values())


def test_all_labels_occur_often_enough_to_learn_them(photographs):
    labels = [box.label for _, boxes in photographs for box in boxes]
    assert min(labels.count(label) for label in ("ingredients", "nutrition", "barcode")) >= 8


def test_boxes_are_whole_pixels_inside_the_photograph_and_large_enough_to_see(photographs):
    for photograph, boxes in photographs:
        for box in boxes:
            assert all(type(side) is int for side in (box.left, box.top, box.width, box.height))
            assert box.left >= 0 and box.top >= 0
            assert box.right <= photograph.width and box.bottom <= photograph.height
            assert box.width >= 20 and box.height >= 15


def test_a_barcode_is_where_the_truth_says(photographs):
    """Bars change from black to white many times along a line, plain pack and table do not."""
    checked = 0
    for photograph, boxes in photographs:
        grey = numpy.asarray(photograph.convert("L"), dtype=int)
        for box in (box for box in boxes if box.label == "barcode" and box.width < box.height * 3):
            row = grey[int(box.top + box.height * 0.4), int(box.left) : int(box.right)]
            contrast = (row.max() - row.min()) / 2
            changes = numpy.abs(numpy.diff(row > row.min() + contrast)).sum()
            assert contrast > 25 and changes >= 15
            checked += 1
    assert checked >= 5


def test_a_photograph_depends_on_seed_and_number_only(folder, tmp_path):
    make_photographs(tmp_path, 2, seed=1)
    for name in ("pack-1-0000.jpg", "pack-1-0001.jpg"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    few, many = (read_coco(place / "truth.json").truth for place in (tmp_path, folder))
    assert few == {name: many[name] for name in few}
    assert make_photograph(2, 0)[1] != make_photograph(1, 0)[1]


def test_a_complete_folder_is_left_alone_and_an_incomplete_one_completed(tmp_path):
    truth = make_photographs(tmp_path, 2, seed=1)
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.iterdir()}
    steps = []
    make_photographs(tmp_path, 2, seed=1, progress=lambda done, count: steps.append((done, count)))
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.iterdir()} == before
    assert steps == []

    (tmp_path / "pack-1-0001.jpg").unlink()
    make_photographs(tmp_path, 3, seed=1, progress=lambda done, count: steps.append((done, count)))
    assert (tmp_path / "pack-1-0001.jpg").read_bytes() == before["pack-1-0001.jpg"][1]
    assert (tmp_path / "pack-1-0000.jpg").stat().st_mtime_ns == before["pack-1-0000.jpg"][0]
    assert len(read_coco(truth).images) == 3
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_the_camera_sees_the_corners_where_they_were_put():
    corners = [(10, 20), (200, 30), (190, 300), (5, 280)]
    matrix = perspective((100, 150), corners)
    for flat, seen in zip([(0, 0), (100, 0), (100, 150), (0, 150)], corners, strict=True):
        point = matrix @ (*flat, 1)
        assert tuple(point[:2] / point[2]) == pytest.approx(seen)


def test_outlines_fill_their_boxes_and_every_photograph_has_a_class(folder):
    truth = read_coco(folder / "truth.json").truth
    for image in truth.values():
        assert image.image_class in CLASSES
        for box in image.boxes:
            [outline] = box.outline
            xs, ys = zip(*outline, strict=True)
            assert len(outline) == 4
            assert (max(min(xs), 0), max(min(ys), 0)) == pytest.approx((box.left, box.top), abs=1)
            right, bottom = min(max(xs), image.width), min(max(ys), image.height)
            assert (right, bottom) == pytest.approx((box.right, box.bottom), abs=1)


def test_a_truth_that_has_boxes_only_is_made_anew_with_the_same_photographs(tmp_path):
    file = make_photographs(tmp_path, 2, seed=1)
    whole, picture = file.read_text(), (tmp_path / "pack-1-0000.jpg").read_bytes()
    truth = read_coco(file).truth
    boxes_only = {tmp_path / name: replace(image, image_class=None) for name, image in truth.items()}
    write_coco(file, LABELS, boxes_only)
    make_photographs(tmp_path, 2, seed=1)
    assert (file.read_text(), (tmp_path / "pack-1-0000.jpg").read_bytes()) == (whole, picture)
