"""The page for the workers has the loop's instructions in it, and nothing in them can become code."""

import json

import pytest

from assets.task_template import inert, paragraphs, task_template
from resources.aws import Aws

HOSTILE = "</short-instructions><script>alert(1)</script> {{ task.input.taskObject }} {% raw %} $labels"


@pytest.fixture
def render(stand_in_environment):
    client = Aws().client("sagemaker")

    def render(template: str, labels: list[str]) -> str:
        task = {
            "taskObject": "s3://bucket/image.jpg",
            "header": "Draw a box around each ingredients list",
            "labels": labels,
        }
        answer = client.render_ui_template(
            UiTemplate={"Content": template},
            Task={"Input": json.dumps(task)},
            RoleArn="arn:aws:iam::000000000000:role/any-role-of-this-loop",
        )
        assert answer["Errors"] == []
        return answer["RenderedContent"]

    return render


def test_a_worker_sees_labels_header_and_instructions(loop, render):
    page = render(task_template(loop), loop.labels)
    assert "Draw tight boxes." in page
    assert 'header="Draw a box around each ingredients list"' in page
    assert "square" in page and "bar" in page


def test_hostile_instructions_stay_text(loop, render):
    labeling = loop.labeling.model_copy(update={"instructions": HOSTILE, "title": HOSTILE[:100]})
    page = render(task_template(loop.model_copy(update={"labeling": labeling})), loop.labels)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ task.input" not in page and "$labels" in page


def test_empty_lines_separate_paragraphs():
    assert paragraphs("one\ntwo\n\nthree <b>") == "<p>one\ntwo</p><p>three &lt;b&gt;</p>"


def test_braces_mean_nothing_to_liquid():
    assert inert("{{ x }}") == "&#123;&#123; x &#125;&#125;"


def test_a_template_of_the_loops_own_is_used(loop, tmp_path):
    own = tmp_path / "own.html"
    own.write_text("<crowd-form>$title {{ task.input.taskObject }}</crowd-form>")
    labeling = loop.labeling.model_copy(update={"template": str(own)})
    text = task_template(loop.model_copy(update={"labeling": labeling}))
    assert text == "<crowd-form>Find the ingredients {{ task.input.taskObject }}</crowd-form>"
