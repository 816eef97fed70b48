"""A loop's labels as files for other programs: `labelloop export`."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from rich.console import Console

from assets.labels import read_accepted
from assets.records import read_record
from orchestration.home import Home
from orchestration.loop import LoopError, load_loop
from orchestration.preview import aws_of
from resources.aws import Aws
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.exchange import write_coco, write_voc, write_yolo

IMAGES = {"coco": "images", "voc": "JPEGImages", "yolo": "images"}


def export(home_folder: Path, loop_file: Path | None, *, form: str, folder: Path, console: Console) -> None:
    """Write the loop's `labels` to a new ``folder`` and say what is in it. Raises LoopError, dg.Failure."""
    home = Home(home_folder.absolute())
    loop = load_loop(loop_file or home.last_loop())
    with aws_of(home):
        images, objects = write_labels(loop, ObjectStore(aws=Aws(region=loop.region)), form, folder)
    console.print(f"{images} images with {objects} boxes: {folder}", soft_wrap=True, highlight=False)


def write_labels(loop: Loop, store: ObjectStore, form: str, folder: Path) -> tuple[int, int]:
    """Annotations and images of all labels; ``form`` is one of IMAGES. Returns how many images and boxes."""
    if loop.label_form != "bounding_box":
        raise LoopError(f"{loop.name}: only boxes can be exported, and its labels are of {loop.label_form}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LoopError(f"{folder} is not empty: give a new folder")
    labels = read_accepted(store, loop, read_record(store, loop, "labels"))
    names = file_names([label.uri.removeprefix(loop.images_uri) for label in labels])
    (folder / IMAGES[form]).mkdir(parents=True, exist_ok=True)
    paths = [folder / IMAGES[form] / name for name in names]
    for path, body in zip(paths, store.read_all(label.uri for label in labels), strict=True):
        path.write_bytes(body)
    images = dict(zip(paths, labels, strict=True))
    if form == "coco":
        write_coco(folder / "instances.json", loop.labels, images)
    elif form == "voc":
        write_voc(folder, images)
    else:
        write_yolo(folder, loop.labels, images)
    return len(labels), sum(len(label.boxes) for label in labels)


def file_names(keys: Iterable[str]) -> Sequence[str]:
    """A file name for each key, no two with the same stem: the formats have an annotation file per stem."""
    taken: set[str] = set()
    names = []
    for key in keys:
        path = PurePosixPath(key.replace("/", "_"))
        stem, number = path.stem, 1
        while stem.lower() in taken:  # some file systems do not tell A from a
            number += 1
            stem = f"{path.stem}-{number}"
        taken.add(stem.lower())
        names.append(stem + path.suffix)
    return names
