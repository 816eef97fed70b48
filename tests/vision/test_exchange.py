"""Other people's data sets: read whole, with a word about everything left out."""

import json
from pathlib import Path

import pytest
from PIL import Image

from vision.boxes import Box
from vision.exchange import (
    DatasetProblem,
    read_coco,
    read_coco_truth,
    read_voc,
    read_yolo,
    write_coco,
    write_voc,
    write_yolo,
)
from vision.manifest import LabeledImage


def voc_object(name, xmin, ymin, xmax, ymax) -> str:
    corners = f"<xmin>{xmin}</xmin><ymin>{ymin}</ymin><xmax>{xmax}</xmax><ymax>{ymax}</ymax>"
    return f"<object><name>{name}</name><bndbox>{corners}</bndbox></object>"


@pytest.fixture
def voc(tmp_path) -> Path:
    for name in ("Annotations", "JPEGImages"):
        (tmp_path / name).mkdir()
    Image.new("RGB", (100, 80)).save(tmp_path / "JPEGImages" / "1.jpg")
    annotate(tmp_path, "1", voc_object("dog", 1, 1, 100, 80), voc_object("cat", 11, 21, 30, 50))
    return tmp_path


def annotate(folder: Path, stem: str, *objects: str, filename: str | None = None) -> None:
    text = f"<annotation><filename>{filename or stem + '.jpg'}</filename>{''.join(objects)}</annotation>"
    (folder / "Annotations" / f"{stem}.xml").write_text(text)


def test_voc_boxes_count_from_one_and_include_the_last_pixel(voc):
    dataset = read_voc(voc)
    assert (dataset.labels, dataset.problems) == (["cat", "dog"], [])
    assert dataset.images == [voc / "JPEGImages" / "1.jpg"]
    image = dataset.truth["1.jpg"]
    assert (image.width, image.height, image.depth) == (100, 80, 3)
    assert image.boxes == (Box("dog", 0, 0, 100, 80), Box("cat", 10, 20, 20, 30))


def test_what_a_voc_folder_lacks_is_named_and_the_rest_kept(voc):
    Image.new("RGB", (100, 80)).save(voc / "JPEGImages" / "unannotated.jpg")
    Image.new("RGB", (100, 80)).save(voc / "JPEGImages" / "slip.png")
    annotate(voc, "missing", voc_object("dog", 1, 1, 50, 50))
    annotate(
        voc, "slip", voc_object("dog", 7, 7, 7, 7), voc_object("cat", 90, 1, 200, 50), filename="old.jpg"
    )
    Image.new("RGB", (100, 80)).save(voc / "JPEGImages" / "words.jpg")
    annotate(voc, "words", voc_object("dog", "left", 1, 50, 50))
    Image.new("RGB", (100, 80)).save(voc / "JPEGImages" / "unboxed.jpg")
    annotate(voc, "unboxed", "<object><name>dog</name></object>", voc_object("cat", 1, 1, 9, 9))
    annotate(voc, "z-again", filename="1.jpg")
    (voc / "Annotations" / "broken.xml").write_text("<annotation>")
    dataset = read_voc(voc)
    assert sorted(dataset.truth) == ["1.jpg", "slip.png", "unboxed.jpg"]
    assert dataset.truth["unboxed.jpg"].boxes == (Box("cat", 0, 0, 9, 9),)
    assert dataset.truth["slip.png"].boxes == (Box("cat", 89, 0, 11, 50),)
    told = "\n".join(dataset.problems)
    assert "missing.xml: its image missing.jpg is not in JPEGImages" in told
    assert "slip.xml: no box of a size inside the image of 100 x 80: Box(label='dog'" in told
    assert "words.xml: could not convert string to float: 'left'" in told
    assert "unboxed.xml: no box of a size inside the image of 100 x 80: Box(label='dog', left=nan" in told
    assert "z-again.xml: a second annotation of 1.jpg" in told
    assert "broken.xml: " in told
    assert "unannotated.jpg: no usable annotation" in told


def test_a_folder_that_is_not_voc_is_refused(tmp_path):
    with pytest.raises(DatasetProblem, match="no Annotations"):
        read_voc(tmp_path)


def test_real_photographs_are_read_whole(bccd):
    dataset = read_voc(bccd)
    assert dataset.labels == ["Platelets", "RBC", "WBC"]
    assert len(dataset.images) == len(dataset.truth) == 364
    assert sum(len(image.boxes) for image in dataset.truth.values()) == 4886
    assert [problem[:22] for problem in dataset.problems] == [
        "BloodImage_00338.xml: ",
        "BloodImage_00343.xml: ",
    ]


def test_coco_reads_back_what_was_written(tmp_path):
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    images = {}
    for name, boxes in {"1.jpg": (Box("dog", 1.5, 2, 30, 40),), "2.jpg": ()}.items():
        Image.new("RGB", (100, 80)).save(photographs / name)
        images[photographs / name] = LabeledImage(name, 100, 80, 3, boxes)
    write_coco(tmp_path / "truth.json", ["cat", "dog"], images)
    dataset = read_coco(tmp_path / "truth.json")
    assert (dataset.name, dataset.labels, dataset.problems) == ("truth", ["cat", "dog"], [])
    assert dataset.images == list(images)
    assert {name: image.boxes for name, image in dataset.truth.items()} == {
        "1.jpg": (Box("dog", 1.5, 2, 30, 40),),
        "2.jpg": (),
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photographs", "truth.json"]


def coco(tmp_path, *annotations, names=("a/1.jpg",)) -> Path:
    file = tmp_path / "instances.json"
    content = {
        "categories": [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}],
        "images": [{"id": n, "file_name": name, "width": 100, "height": 80} for n, name in enumerate(names)],
        "annotations": [{"id": n, "image_id": 0, **one} for n, one in enumerate(annotations)],
    }
    file.write_text(json.dumps(content))
    return file


def test_what_a_coco_file_lacks_is_named_and_the_rest_kept(tmp_path):
    file = coco(
        tmp_path,
        {"category_id": 7, "bbox": [90, 10, 50, 50]},
        {"category_id": 7, "bbox": [200, 10, 50, 50]},
        {"category_id": 3, "bbox": [0, 0, 90, 70], "iscrowd": 1},
    )
    labels, truth, problems = read_coco_truth(file)
    assert labels == ["cat", "dog"]
    assert truth["1.jpg"].boxes == (Box("dog", 90, 10, 10, 50),)
    assert problems == [
        "annotation 2: a region of many objects is no box",
        "a/1.jpg: no box of a size inside the image of 100 x 80: "
        "Box(label='dog', left=200, top=10, width=50, height=50, score=None)",
    ]
    assert f"a/1.jpg: no such image in {tmp_path}" in read_coco(file).problems


def test_a_file_that_is_not_coco_is_refused(tmp_path):
    with pytest.raises(DatasetProblem, match="the same file name"):
        read_coco_truth(coco(tmp_path, names=("a/1.jpg", "b/1.jpg")))
    with pytest.raises(DatasetProblem, match="no COCO instances file: KeyError: 9"):
        read_coco_truth(coco(tmp_path, {"category_id": 9, "bbox": [0, 0, 9, 9]}))
    with pytest.raises(DatasetProblem, match="no COCO instances file: FileNotFoundError"):
        read_coco_truth(tmp_path / "none.json")


def test_outlines_and_classes_are_written_and_read_back(tmp_path):
    shape = (((1.5, 2.0), (9.0, 2.0), (9.0, 8.25)), ((20.0, 20.0), (30.0, 20.0), (30.0, 30.0)))
    images = {
        tmp_path / "1.jpg": LabeledImage(
            "1.jpg", 64, 48, 3, (Box("cap", 1, 2, 29, 28, outline=shape),), image_class="bottle"
        ),
        tmp_path / "2.jpg": LabeledImage("2.jpg", 64, 48, 3, (), image_class="jar"),
        tmp_path / "3.jpg": LabeledImage("3.jpg", 64, 48, 3, (Box("cap", 1, 2, 29, 28),)),
    }
    write_coco(tmp_path / "truth.json", ["cap"], images)
    labels, truth, problems = read_coco_truth(tmp_path / "truth.json")
    assert (labels, problems) == (["cap"], [])
    assert truth == {path.name: image for path, image in images.items()}
    assert [box.outline for image in truth.values() for box in image.boxes] == [shape, ()]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"segmentation": {"counts": [1], "size": [4, 4]}}, "annotation 7: its mask is run-length coded"),
        ({"segmentation": [[1, 1, 5, 5]]}, "annotation 7: a polygon needs three or more corners"),
        ({"segmentation": [[1, 1, 5, 5, 9]]}, "annotation 7: a polygon needs three or more corners"),
    ],
)
def test_a_shape_that_cannot_be_read_is_told_and_its_box_is_kept(tmp_path, changes, problem):
    annotation = {"id": 7, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9]} | changes
    content = {
        "images": [{"id": 1, "file_name": "1.jpg", "width": 64, "height": 48}],
        "annotations": [annotation],
        "categories": [{"id": 1, "name": "cap"}],
    }
    (tmp_path / "truth.json").write_text(json.dumps(content))
    _, truth, problems = read_coco_truth(tmp_path / "truth.json")
    assert truth["1.jpg"].boxes == (Box("cap", 1, 1, 9, 9),) and truth["1.jpg"].boxes[0].outline == ()
    assert problems[0].startswith(problem)


def test_an_image_of_two_classes_is_told(tmp_path):
    content = {
        "images": [{"id": 1, "file_name": "1.jpg", "width": 64, "height": 48}],
        "annotations": [{"id": number, "image_id": 1, "category_id": number} for number in (1, 2)],
        "categories": [{"id": 1, "name": "jar"}, {"id": 2, "name": "bottle"}],
    }
    (tmp_path / "truth.json").write_text(json.dumps(content))
    labels, truth, problems = read_coco_truth(tmp_path / "truth.json")
    assert (labels, truth["1.jpg"].image_class) == ([], "jar")
    assert problems == ["annotation 2: a second class of image 1"]


BOXES = {
    "1.jpg": (Box("dog", 0, 0, 97, 83), Box("cat", 13, 7, 2, 5), Box("dog", 90, 80, 7, 3)),
    "2.png": (),
    "3.jpg": (Box("cat", 31, 11, 33, 71),),
}


def photographs(folder: Path) -> dict[Path, LabeledImage]:
    folder.mkdir(parents=True)
    images = {}
    for name, boxes in BOXES.items():
        Image.new("RGB", (97, 83)).save(folder / name)
        images[folder / name] = LabeledImage(name, 97, 83, 3, boxes)
    return images


@pytest.mark.parametrize("form", ["coco", "voc", "yolo"])
def test_what_is_written_reads_back_exactly(tmp_path, form):
    images = photographs(tmp_path / ("JPEGImages" if form == "voc" else "images"))
    if form == "coco":
        write_coco(tmp_path / "instances.json", ["dog", "cat"], images)
        dataset = read_coco(tmp_path / "instances.json")
    elif form == "voc":
        write_voc(tmp_path, images)
        dataset = read_voc(tmp_path)
    else:
        write_yolo(tmp_path, ["dog", "cat"], images)
        dataset = read_yolo(tmp_path)
    assert dataset.problems == []
    assert dataset.labels == (["cat", "dog"] if form == "voc" else ["dog", "cat"])  # VOC has no list of them
    assert {name: image.boxes for name, image in dataset.truth.items()} == BOXES
    assert dataset.images == list(images)
    assert {(image.width, image.height, image.depth) for image in dataset.truth.values()} == {(97, 83, 3)}


def test_every_whole_pixel_survives_yolos_fractions(tmp_path):
    (tmp_path / "images").mkdir()
    path = tmp_path / "images" / "wide.png"
    Image.new("1", (4001, 3)).save(path)
    boxes = tuple(Box("line", left, 0, 4001 - left - left % 2, 3) for left in range(0, 3990, 7))
    write_yolo(tmp_path, ["line"], {path: LabeledImage("wide.png", 4001, 3, 1, boxes)})
    assert read_yolo(tmp_path).truth["wide.png"].boxes == boxes


def test_what_a_yolo_folder_lacks_is_named_and_the_rest_kept(tmp_path):
    images = photographs(tmp_path / "images")
    write_yolo(tmp_path, ["dog", "cat"], images)
    (tmp_path / "labels" / "1.txt").write_text("2 0.5 0.5 0.1 0.1\n")
    (tmp_path / "labels" / "2.txt").unlink()
    dataset = read_yolo(tmp_path)
    assert list(dataset.truth) == ["3.jpg"]
    assert "1.jpg: '2 0.5 0.5 0.1 0.1' is no line of class (0 to 1), x, y" in dataset.problems[0]
    assert dataset.problems[1].startswith("2.png: ") and "2.txt" in dataset.problems[1]
    (tmp_path / "data.yaml").write_text("nc: 2\n")
    with pytest.raises(DatasetProblem, match="is no YOLO folder: data.yaml has no names: KeyError: 'names'"):
        read_yolo(tmp_path)
