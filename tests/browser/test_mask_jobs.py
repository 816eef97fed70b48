"""Masks painted on the stand-in's portal: what a job puts out is what was painted, pixel by pixel, and the
same mask can be corrected in the next job."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tests.browser.desk import HEIGHT, WIDTH, Desk
from tests.browser.masks import TAG, disc, drawn
from tests.localaws.labeling import Studio, picture
from tests.localaws.labeling_types import job_of_type


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in) as studio:
        yield studio


@pytest.fixture
def desk(chromium, studio):
    desk = Desk(chromium, studio.stand_in.portal)
    yield desk
    desk.close()
    assert desk.errors == []


class MaskTask:
    """The mask element in the portal's frame, once it is ready, as ``drawn`` reads it."""

    def __init__(self, desk: Desk):
        self.element = desk.frame.locator(TAG)
        desk.wait_for_task()
        self.element.evaluate("element => element.ready")


def click(desk: Desk, x: float, y: float) -> None:
    desk.drag(x, y, x, y)


def palette_png(studio: Studio, uri: str) -> np.ndarray:
    image = Image.open(io.BytesIO(studio.read(uri)))
    assert image.mode == "P"
    return np.asarray(image)


@pytest.mark.slow
def test_a_painted_mask_is_put_out_and_corrected_in_the_next_job(studio, desk):
    uri = studio.write("large/painted.jpg", picture(WIDTH, HEIGHT))
    job = job_of_type(studio, "SemanticSegmentation", studio.manifest({"source-ref": uri}), "areas-ref")
    desk.work_on(job, studio.usernames[0])
    task = MaskTask(desk)
    desk.press("p")
    for corner in [(40, 30), (140, 30), (140, 90), (40, 90)]:
        click(desk, *corner)
    desk.press("Enter", "2", "b")
    desk.drag(200, 200, 300, 250)
    desk.press("ArrowLeft", "Enter")  # a dab by the keyboard
    painted = drawn(task)
    assert (painted[30:90, 40:140] == 1).all() and (painted == 2).any()
    desk.press("Control+Enter")
    desk.heading("No more tasks").wait_for()
    studio.finished(job)

    (line,) = studio.output(job)
    assert (palette_png(studio, line["areas-ref"]) == painted).all()

    manifest = studio.describe(job)["LabelingJobOutput"]["OutputDatasetS3Uri"]
    job = job_of_type(studio, "AdjustmentSemanticSegmentation", manifest, "better-ref", reviewed="areas-ref")
    desk.open(f"/jobs/{job}")
    task = MaskTask(desk)
    assert (drawn(task) == painted).all()
    desk.press("1")
    click(desk, 350, 50)
    desk.press("Control+Enter")
    desk.heading("No more tasks").wait_for()
    studio.finished(job)

    (line,) = studio.output(job)
    expected = np.where(disc(350, 50, 12), 1, painted)
    assert (palette_png(studio, line["better-ref"]) == expected).all()
    assert (palette_png(studio, line["areas-ref"]) == painted).all()
    assert line["better-ref-metadata"]["adjustment-status"] == "adjusted"
