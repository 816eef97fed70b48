"""The functions are deployed as zips of their folders, so the tests load them from there too."""

import contextlib
import importlib.util
import io
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from tests.lambdas.masks import LABELS

FOLDER = Path(__file__).resolve().parents[2] / "lambdas"


def load_handler(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_handler", FOLDER / name / "handler.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session", autouse=True)
def folders() -> Iterator[None]:
    """Both folders are where imports are looked up, as Lambda's /var/task is: no module may be in both."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("pre_annotation", "consolidation"):
            patch.syspath_prepend(FOLDER / name)
        yield


@pytest.fixture(scope="session")
def consolidation(folders) -> ModuleType:
    return load_handler("consolidation")


@pytest.fixture
def pre_annotation(folders) -> ModuleType:
    """Loaded afresh, as in a cold start: it remembers the jobs it has seen."""
    return load_handler("pre_annotation")


@pytest.fixture
def consolidate(consolidation):
    """The label of one object, and its mask: rows of label names or None."""

    def run(*answers, labels=LABELS):
        written = {}

        def write(object_id, png):
            written[object_id] = png
            assert png[24:26] == b"\x08\x03", "8 bits, with a palette"
            return f"s3://masks/{object_id}.png"

        payload = [{"datasetObjectId": "7", "annotations": list(answers)}]
        results = consolidation.consolidate(payload, "animals", labels, None, write)
        if not results:
            assert not written, "a mask without a label"
            return None, None
        label = results[0]["consolidatedAnnotation"]["content"]["animals"]
        assert label["mask-ref"] == "s3://masks/7.png"
        return label, Image.open(io.BytesIO(written["7"]))

    return run


@pytest.fixture
def s3(stand_in_environment):
    s3 = stand_in_environment.client("s3")
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket="consolidation")
    return s3
