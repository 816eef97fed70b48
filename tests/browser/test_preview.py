"""The page that RenderUiTemplate answers with, opened from a file as `labelloop preview-task` opens it."""

import json

import pytest

from tests.browser.conftest import picture
from tests.localaws.labeling import LABELS, TEMPLATE, Studio

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


def test_a_rendered_task_can_be_looked_at_from_a_file(stand_in, page, tmp_path):
    studio = Studio(stand_in, workers=0)
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
