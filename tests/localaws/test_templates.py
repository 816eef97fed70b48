"""Worker templates: escaped, sandboxed, and refused by the name of what the portal cannot show."""

from html import escape as html_escape

import pytest

from localaws.groundtruth.problems import TemplateProblem
from localaws.groundtruth.templates import (
    access_for,
    answer_element,
    check_choices,
    check_source,
    find_problems,
    render,
)

STARTER = """
<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form>
  <crowd-bounding-box name="boundingBox" src="{{ task.input.taskObject | grant_read_access }}"
      header="{{ task.input.header }}" labels="{{ task.input.labels | to_json | escape }}">
    <full-instructions header="Boxes">Draw tightly.</full-instructions>
    <short-instructions>Draw tightly.</short-instructions>
  </crowd-bounding-box>
</crowd-form>
"""
INPUT = {"taskObject": "s3://b/k.jpg", "header": "Draw", "labels": ["dog", "cat"]}


def shown_at(uri: str) -> str:
    return f"https://portal/{uri.removeprefix('s3://')}"


def test_the_starter_template_renders_to_one_answerable_element():
    html = render(STARTER, INPUT, shown_at)
    assert 'src="https://portal/b/k.jpg"' in html
    assert "labels='" not in html and 'labels="[&#34;dog&#34;, &#34;cat&#34;]"' in html  # escaped once
    assert find_problems(html) == []
    assert answer_element(html, "crowd-bounding-box")["name"] == "boundingBox"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ task.input.source-ref }}", "s3://b/k.jpg"),
        ("{{ task.input.old-metadata.class-map[number] }}", ""),
        ("{% assign n = '1' %}{{ task.input.old-metadata.class-map[n] }}", "dog"),
        ("{{ task.input.hostile }}", "&lt;b&gt;&#34;&#39;&amp;amp;"),
        ("{{ task.input.hostile | escape_once }}", "&lt;b&gt;&#34;&#39;&amp;"),
        ("{{ task.input.hostile | skip_autoescape }}", "<b>\"'&amp;"),
        ("{{ task.input.hostile | to_json }}", "&#34;&lt;b&gt;\\&#34;&#39;&amp;amp;&#34;"),
        ("{{ task.input.missing }}", ""),
        ("{{ task.__class__ }}{{ task.input.__init__ }}", ""),
        ("{{ \"Have you read 'James & the Giant Peach'?\" | escape }}",
         "Have you read &#39;James &amp; the Giant Peach&#39;?"),
    ],
)  # fmt: skip
def test_variables_are_escaped_unless_the_template_says_otherwise(template, text):
    values = {
        "source-ref": "s3://b/k.jpg",
        "old-metadata": {"class-map": {"1": "dog"}},
        "hostile": "<b>\"'&amp;",
    }
    assert render(template, values, shown_at) == text


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{% for", "TemplateSyntaxError"),
        ("{{ x | no_such_filter }}", "UnknownFilter"),
        ("{% for i in (1..1000000000) %}x{% endfor %}", "RenderingError"),
        ("{% assign a = 'x' %}{% for i in (1..99) %}{% assign a = a | append: a %}{% endfor %}",
         "RenderingError"),
        ("{% for i in (1..300) %}{% for j in (1..300) %}"
         "{{ task.input.long }}{% endfor %}{% endfor %}", "RenderingError"),
        ("{% include '/etc/passwd' %}", "RenderingError"),
        ("{% render 'index.html' %}", "RenderingError"),
        ("{{ 1 | divided_by: 0 }}", "RenderingError"),
    ],
)  # fmt: skip
def test_a_template_cannot_run_away_or_reach_files(template, code):
    with pytest.raises(TemplateProblem) as refused:
        render(template, {"long": "x" * 1000}, shown_at)
    assert refused.value.code == code


def test_access_is_granted_only_to_what_the_line_or_the_template_names():
    template = "{{ task.input.uri | grant_read_access }} {{ 's3://b/example.jpg' | grant_read_access }}"
    line = {"source-ref": "s3://b/k.jpg", "old": {"mask-ref": "s3://b/mask.png"}}
    for uri in ("s3://b/k.jpg", "s3://b/mask.png"):
        assert render(template, {"uri": uri}, access_for(template, line, shown_at)) == (
            f"{shown_at(uri)} https://portal/b/example.jpg"
        )
    for uri in ("s3://b/other.jpg", "https://b/k.jpg", "/etc/passwd"):
        with pytest.raises(TemplateProblem, match="grant_read_access") as refused:
            render(template, {"uri": uri}, access_for(template, line, shown_at))
        assert refused.value.code == "AccessRefused"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (STARTER.replace("crowd-form>", "crowd-polygon>"), "<crowd-polygon>"),
        (STARTER.replace("crowd-bounding-box", "crowd-keypoint"), "<crowd-keypoint>"),
        ("<p>nothing to do</p>", "needs a <crowd-form>, and in it inputs or one of crowd-bounding-box"),
        (STARTER + "<crowd-classifier>", "this one has crowd-form, crowd-bounding-box, crowd-classifier"),
        ("x" * 128_001, "128001 characters"),
    ],
)  # fmt: skip
def test_an_element_that_the_portal_lacks_is_refused_by_name(template, message):
    with pytest.raises(TemplateProblem, match=message):
        check_source(template)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('name="boundingBox"', "", "needs the attribute name"),
        ("task.input.taskObject | grant_read_access", "task.input.nothing", "needs the attribute src"),
        ("crowd-form", "form", "must stand in a <crowd-form>"),
        ("</crowd-form>", '<crowd-bounding-box name="b"></crowd-bounding-box>', "answer with one element"),
        ("Draw tightly.", "<crowd-keypoint></crowd-keypoint>", "<crowd-keypoint>"),
    ],
)
def test_rendered_html_that_makes_no_task_is_told_why(before, after, message):
    problems = find_problems(render(STARTER.replace(before, after), INPUT, shown_at))
    assert any(message in problem.message for problem in problems), problems


@pytest.mark.parametrize(
    "source",
    [
        '<script async src="https://platform.example.com/widgets.js"></script>',
        "<SCRIPT SRC=//cdn.example.com/x.js></SCRIPT>",
        '<link href="https://example.com/x.css" rel="stylesheet">',
        '<link rel=stylesheet href="{{ task.input.style }}">',
        '<script type="module" src="s3://b/x.js"></script>',
    ],
)
def test_scripts_and_styles_from_elsewhere_are_refused_because_no_task_could_load_them(source):
    with pytest.raises(TemplateProblem, match="is from another server") as refused:
        check_source(STARTER + source)
    assert refused.value.code == "ExternalResource"
    shown = render(STARTER + source, INPUT | {"style": "/x.css"}, shown_at)
    assert [problem.code for problem in find_problems(shown)] == ["ExternalResource"]
    assert check_source(STARTER + f"<!-- {source} -->") == "crowd-bounding-box"


@pytest.mark.parametrize(
    ("source", "tag"),
    [
        ("<audio controls><source src='x.mp3'></audio>", "audio"),
        ('<VIDEO src="x.mp4">', "video"),
        ('<iframe width="5" src="{{ task.input.taskObject | grant_read_access }}"></iframe>', "iframe"),
    ],
)
def test_sounds_films_and_documents_are_refused_because_they_would_not_be_shown(source, tag):
    with pytest.raises(TemplateProblem, match=f"<{tag}> would stay empty: the portal"):
        check_source(STARTER + source)


def test_links_icons_and_scripts_of_the_page_itself_are_no_resources_of_other_servers():
    more = (
        '<a href="https://example.com">see</a> <link rel="icon" href="data:image/png;base64,AAAA">'
        '<script>let src = "https://example.com/x.js"</script>'
        '<link rel="stylesheet" href="https://assets.crowd.aws/css/crowd-html-elements-v2.css">'
    )
    assert check_source(STARTER + more) == "crowd-bounding-box"


def test_a_form_of_inputs_only_is_answered_as_a_whole():
    form = '<crowd-form><crowd-input name="caption"></crowd-input></crowd-form>'
    assert check_source(form) == "crowd-form"
    assert find_problems(form) == [] and "name" not in answer_element(form, "crowd-form")


@pytest.mark.parametrize(
    ("categories", "unknown"),
    [
        ('["dog", "cat"]', None),
        ("['dog', 'cat',]", None),
        ("[dog, cat]", None),  # in no form that is known here
        ("['dog', 'bird']", "'bird'"),
        ('["dog", 3]', "3"),
    ],
)
def test_a_choice_that_is_no_label_of_the_job_is_told_before_anybody_chooses_it(categories, unknown):
    html = f'<crowd-form><crowd-classifier name="a" categories="{html_escape(categories)}"></crowd-form>'
    attributes = answer_element(html, "crowd-classifier")
    if unknown is None:
        return check_choices("crowd-classifier", attributes, ["dog", "cat"])
    with pytest.raises(TemplateProblem, match=f"offers .{unknown}. as categories; the labels of the job"):
        check_choices("crowd-classifier", attributes, ["dog", "cat"])


def test_an_element_in_a_comment_is_no_element():
    assert check_source(STARTER + "<!-- <crowd-polygon> -->") == "crowd-bounding-box"
