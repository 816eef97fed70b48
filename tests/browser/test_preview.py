"""The page that RenderUiTemplate answers with, opened from a file as `labelloop preview-task` opens it."""

import json
from collections.abc import Iterator

import numpy
import pytest

from assets.task_template import REVIEWS, SHAPES, task_template
from resources.loop import Loop, Review
from tests.browser.conftest import picture
from tests.localaws.labeling import LABELS, TEMPLATE, Studio
from tests.settings import LEAST
from vision.masks import write_mask

ROLE = "arn:aws:iam::000000000000:role/labeling"


@pytest.fixture
def page(contexts):
    page, errors = contexts(False).new_page(), []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script("document.addEventListener('all-crowd-elements-ready', () => (window.ready = true))")
    yield page
    page.close()
    assert errors == []


@pytest.fixture
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in, workers=0) as studio:
        yield studio


def test_a_rendered_task_can_be_looked_at_from_a_file(studio, page, tmp_path):
    uri = studio.write("images/plain.png", picture(400, 300))
    given = {"taskObject": uri, "header": "Draw", "labels": LABELS}
    rendered = studio.sagemaker.render_ui_template(
        UiTemplate={"Content": TEMPLATE}, Task={"Input": json.dumps(given)}, RoleArn=ROLE
    )
    assert rendered["Errors"] == []
    file = tmp_path / "task.html"
    file.write_text(rendered["RenderedContent"])
    page.goto(file.as_uri())
    page.wait_for_function("window.ready === true")
    element = page.locator("crowd-bounding-box")
    assert element.bounding_box()["width"] > 600
    loaded = "element => element.shadowRoot.querySelector('img').naturalWidth === 400"
    assert page.evaluate(f"({loaded})(document.querySelector('crowd-bounding-box'))")


@pytest.mark.parametrize(
    ("task", "review"),
    [
        *((task, None) for task in SHAPES),
        *(("bounding_box", review) for review in REVIEWS),
        *(("semantic_segmentation", review) for review in REVIEWS),
    ],
)
def test_every_template_that_comes_along_mounts_with_what_it_shows(studio, page, tmp_path, task, review):
    loop = Loop(**(LEAST | {"task": task}))
    if review:
        loop = loop.model_copy(update={"review": Review(kind=review, loop="other", attribute="boxes")})
    given = {
        "taskObject": studio.write("images/plain.png", picture(400, 300)),
        "header": "Look",
        "labels": ["good", "bad"] if review == "verification" else LABELS,
        "reviewedLabels": LABELS[:1],
        "initialValue": [{"label": LABELS[0], "left": 20, "top": 30, "width": 100, "height": 50}],
    }
    if task == "semantic_segmentation":
        mask = numpy.zeros((300, 400), dtype=numpy.uint8)
        mask[30:80, 20:120] = 1
        mappings = {LABELS[0]: {"color": "#1f77b4"}}
        uri = studio.write("masks/plain.png", write_mask(mask, len(LABELS)))
        given["initialValue"] = {"src": uri, "labelMappings": mappings}
    rendered = studio.sagemaker.render_ui_template(
        UiTemplate={"Content": task_template(loop)}, Task={"Input": json.dumps(given)}, RoleArn=ROLE
    )
    assert rendered["Errors"] == []
    file = tmp_path / "task.html"
    file.write_text(rendered["RenderedContent"])
    page.goto(file.as_uri())
    page.wait_for_function("window.ready === true")
    assert page.get_by_text(LABELS[0] if review != "verification" else "good").first.is_visible()
