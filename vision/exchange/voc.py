"""Pascal VOC folders: ``Annotations/*.xml`` beside ``JPEGImages``. Pixels count from 1, the last included."""

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from vision.boxes import Box
from vision.exchange.dataset import Dataset, DatasetProblem, image_size, usable
from vision.manifest import LabeledImage


def read_voc(folder: Path) -> Dataset:
    """Read ``Annotations/*.xml`` and ``JPEGImages`` of a Pascal VOC folder. Raises DatasetProblem.

    Labels are in alphabetical order. VOC counts pixels from 1 and includes the last one.
    """
    folder = Path(folder)
    files = sorted((folder / "Annotations").glob("*.xml"))
    if not files:
        raise DatasetProblem(f"{folder} is no Pascal VOC folder: it has no Annotations/*.xml")
    images, truth, problems = [], {}, []
    for file in files:
        try:
            annotation = ElementTree.parse(file).getroot()
            path = _voc_image(folder / "JPEGImages", annotation, file.stem)
            if path.name in truth:
                raise ValueError(f"a second annotation of {path.name}")
            width, height, depth = image_size(path)
            boxes = usable(map(_voc_box, annotation.iter("object")), width, height, file.name, problems)
        except (ElementTree.ParseError, OSError, ValueError) as problem:
            problems.append(f"{file.name}: {problem}")
            continue
        images.append(path)
        truth[path.name] = LabeledImage(path.name, width, height, depth, boxes)
    for path in sorted((folder / "JPEGImages").glob("*")):
        if path.name not in truth:
            problems.append(f"{path.name}: no usable annotation of this image")
    labels = sorted({box.label for image in truth.values() for box in image.boxes})
    return Dataset(folder.resolve().name, labels, images, truth, problems)


def write_voc(folder: Path, images: Mapping[Path, LabeledImage]) -> None:
    """Write the annotations of images that are in ``folder``/JPEGImages, with different stems."""
    (folder / "Annotations").mkdir(parents=True, exist_ok=True)
    for path, image in images.items():
        root = ElementTree.Element("annotation")
        _elements(root, {"folder": "JPEGImages", "filename": path.name})
        size = {"width": image.width, "height": image.height, "depth": image.depth}
        _elements(ElementTree.SubElement(root, "size"), size)
        for box in image.boxes:
            found = ElementTree.SubElement(root, "object")
            _elements(found, {"name": box.label})
            corners = {"xmin": box.left + 1, "ymin": box.top + 1, "xmax": box.right, "ymax": box.bottom}
            _elements(ElementTree.SubElement(found, "bndbox"), corners)
        ElementTree.indent(root)
        tree = ElementTree.ElementTree(root)
        tree.write(folder / "Annotations" / f"{path.stem}.xml", encoding="utf-8", xml_declaration=True)


def _elements(parent: ElementTree.Element, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        ElementTree.SubElement(parent, name).text = str(value)


def _voc_image(folder: Path, annotation: ElementTree.Element, stem: str) -> Path:
    named = Path(annotation.findtext("filename", "")).name
    for name in filter(None, (named, f"{stem}.jpg", f"{stem}.jpeg", f"{stem}.png")):
        if (folder / name).is_file():
            return folder / name
    raise ValueError(f"its image {named or stem} is not in JPEGImages")


def _voc_box(element: ElementTree.Element) -> Box:
    corners = (float(element.findtext(f"bndbox/{name}", "nan")) for name in ("xmin", "ymin", "xmax", "ymax"))
    left, top, right, bottom = corners
    return Box(element.findtext("name", "").strip(), left - 1, top - 1, right - left + 1, bottom - top + 1)
