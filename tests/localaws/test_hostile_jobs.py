"""What a hostile template, label or manifest may hold: refused by name, or inert in what workers see."""

# ruff: noqa: E501 - a case is a line

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.localaws.labeling import ROLE, TEMPLATE, Studio, answer, box, picture


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in, workers=1) as studio:
        yield studio


@pytest.fixture(scope="module")
def manifest(studio) -> str:
    return studio.manifest({"source-ref": studio.pictures(1)[0]})


def around(text: str) -> str:
    """The usual template with this in it."""
    return TEMPLATE.replace("</crowd-form>", f"{text}</crowd-form>")


REFUSED_AT_ONCE = {
    "nothing": ("", "a worker template needs a <crowd-form>"),
    "no crowd element": ("<p>Draw!</p>", "a worker template needs a <crowd-form>"),
    "two that are answered with": (around("<crowd-classifier>"), "a worker template needs"),
    "an element that is not offered": (around("<crowd-polygon>"), "does not offer <crowd-polygon>"),
    "one in capitals": (around("<CROWD-KEYPOINT name=x>"), "does not offer <crowd-keypoint>"),
    "one after a space": (around("< crowd-3d-point-cloud>"), "does not offer <crowd-3d-point-cloud>"),
    "a script of another server": (around("<script src=https://evil.example/x.js></script>"), "https://evil.example/x.js is from another server"),
    "a script of another server, in capitals": (around("<SCRIPT\nSRC = 'HTTPS://EVIL.EXAMPLE/x.js'></SCRIPT>"), "is from another server"),
    "a script of whatever scheme": (around('<script src="//evil.example/x.js"></script>'), "is from another server"),
    "a style sheet of another server": (around('<link rel="stylesheet" href="https://evil.example/x.css">'), "is from another server"),
    "too long": ("x" * 128_001, "128001 characters; 128000 are accepted"),
    "far too long": ("x" * 5_000_000, "128000 are accepted"),
    "no text": (b"\xff\xfe<crowd-form>", "codec can't decode"),
    "comments that never end": ("<!--" * 32_000, "a worker template needs"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED_AT_ONCE)
def test_a_hostile_template_makes_no_job(studio, manifest, name):
    template, reason = REFUSED_AT_ONCE[name]
    uri = studio.write("hostile.html", template)
    with pytest.raises(ClientError, match="ValidationException") as refusal:
        studio.sagemaker.create_labeling_job(**studio.request(manifest, UiConfig={"UiTemplateS3Uri": uri}))
    assert reason in str(refusal.value) and len(str(refusal.value)) < 2000


RENDERED = {
    "a loop of a hundred million": ("{% for i in (1..100000000) %}x{% endfor %}", "LoopIterationLimitError"),
    "a loop in a loop": ("{% for i in (1..999) %}{% for j in (1..999) %}x{% endfor %}{% endfor %}", "LoopIterationLimitError"),
    "a page without end": ("{% for i in (1..90000) %}{{ 'x' | append: 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy' }}{% endfor %}", "OutputStreamLimitError"),
    "a text that grows by itself": ("{% assign a = 'xxxxxxxxxx' %}{% assign b = a | replace: 'x', a %}{% assign c = b | replace: 'x', b %}{{ c | replace: 'x', c }}", "would make 100000000 characters"),
    "a text of a million parts": ("{% assign a = 'xxxxxxxxxx' %}{% assign b = a | replace: 'x', a %}{% assign c = b | replace: 'x', b %}{% assign d = c | append: c | split: '' %}", "would make 20000 parts"),
    "a file of this machine": ("{% include '/etc/passwd' %}", "TemplateNotFoundError"),
    "a file above this one": ("{% render '../../portal-secret' %}", "TemplateNotFoundError"),
    "a filter that there is not": ("{{ 'x' | system }}", "UnknownFilter"),
    "a tag that there is not": ("{% python %}", "unexpected tag 'python'"),
    "a tag that never ends": ("{{ task.input", "{{ is never closed by }}"),
    "twenty thousand of them": ("{{" * 20_000, "{{ is never closed by }}"),
    "a block that never ends": ("{% raw %}" * 5_000, "{% raw %} is never closed"),
    "blocks in blocks": ("{% if true %}" * 5_000, "BlockNestingError"),
    "a tag of brackets": ("{{ " + "(" * 60_000 + " }}", "longer than 4000 characters"),
    "a tag of spaces": ("{{" + " " * 3_000 + "}}", "more than 200 spaces in a row"),
    "an address that is no S3 object": ("{{ '/etc/passwd' | grant_read_access }}", "AccessRefused"),
    "an address of another server": ("{{ 'https://evil.example' | grant_read_access }}", "AccessRefused"),
    "a division by nothing": ("{{ 1 | divided_by: 0 }}", "RenderingError"),
}  # fmt: skip


@pytest.mark.parametrize("name", RENDERED)
def test_a_template_that_would_hold_others_up_is_ended_with_a_reason(studio, name):
    template, reason = RENDERED[name]
    given = {"UiTemplate": {"Content": template}, "Task": {"Input": "{}"}, "RoleArn": ROLE}
    answered = studio.sagemaker.render_ui_template(**given)
    assert answered["RenderedContent"] == ""
    [error] = answered["Errors"]
    assert reason in f"{error['Code']}: {error['Message']}"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ('{"a": ', "Task.Input is not JSON"),
        ("[" * 60_000, "Task.Input is not JSON: nested too deeply"),
        ('{"a": NaN}', "Task.Input is not JSON: NaN"),
        ('{"a": "\\ud800"}', "Task.Input is not JSON: a text holds half a character"),
    ],
    ids=["half an object", "nesting", "NaN", "half a character"],
)
def test_task_input_that_is_no_json_is_refused(studio, given, reason):
    call = {"UiTemplate": {"Content": TEMPLATE}, "Task": {"Input": given}, "RoleArn": ROLE}
    with pytest.raises(ClientError, match=re.escape(reason)):
        studio.sagemaker.render_ui_template(**call)


def test_what_python_knows_of_an_object_is_not_in_a_template(studio):
    template = (
        "{{ task.__class__ }}{{ task.input.__init__.__globals__ }}{{ self }}{{ config }}|{{ task.input.a }}"
    )
    given = {"UiTemplate": {"Content": template}, "Task": {"Input": '{"a": "<b>"}'}, "RoleArn": ROLE}
    assert "|&lt;b&gt;" in studio.sagemaker.render_ui_template(**given)["RenderedContent"]
    assert "class" not in re.sub(
        r"<script.*?</script>", "", studio.sagemaker.render_ui_template(**given)["RenderedContent"]
    )


CONFIGS = {
    "nesting": "[" * 100_000,
    "half a character": '{"labels": [{"label": "\\ud800"}]}',
    "no text": b"\xff",
    "a megabyte": '{"labels": [{"label": "' + "x" * 2**20 + '"}]}',
    "an endless number": '{"labels": [{"label": "dog"}], "x": 1e999}',
    "labels of objects": '{"labels": [{"label": {"x": 1}}]}',
    "a label without end": '{"labels": [{"label": "' + "x" * 257 + '"}]}',
    "an attribute of objects": '{"labels": [{"label": "dog"}], "auditLabelAttributeName": {"x": 1}}',
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_hostile_label_configuration_makes_no_job(studio, manifest, name):
    uri = studio.write("hostile.json", CONFIGS[name])
    with pytest.raises(ClientError, match="ValidationException.*LabelCategoryConfigS3Uri"):
        studio.sagemaker.create_labeling_job(**studio.request(manifest) | {"LabelCategoryConfigS3Uri": uri})


LINES = {
    "half a character": ('{"source-ref": "s3://b/\\ud800"}', "half a character"),
    "half a character in a key": ('{"source-ref": "s3://b/k", "\\udead": 1}', "half a character"),
    "nesting": ('{"source-ref": "s3://b/k", "x": ' + "[" * 200 + "]" * 200 + "}", "nested too deeply"),
    "an endless number": ('{"source-ref": "s3://b/k", "x": 1e999}', "1e999 is no number"),
    "an integer without end": ('{"source-ref": "s3://b/k", "x": ' + "9" * 5000 + "}", "an integer has 5000 digits"),
    "a name with a dollar": ('{"source-ref": "s3://b/k", "$where": 1}', "begins with $"),
    "two sources": ('{"source-ref": "s3://b/k", "source": "x"}', "exactly one of source-ref and source"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_hostile_manifest_fails_the_job_before_anybody_works(studio, name):
    line, reason = LINES[name]
    job = studio.create(studio.manifest(line))
    assert reason in studio.finished(job, "Failed")["FailureReason"]


def test_a_source_that_is_no_s3_object_fails_that_object_only(studio):
    good = studio.pictures(1)[0]
    uris = ["file:///etc/passwd", "s3://", "s3://../x", "http://169.254.169.254/latest/meta-data", good]
    job = studio.create(studio.manifest(*({"source-ref": uri} for uri in uris)))
    studio.worker().label_all(job, lambda task: [box(4)])
    studio.finished(job)
    *failed, labeled = studio.output(job)
    assert [line["source-ref"] for line in failed] == uris[:-1] and "boxes" in labeled
    assert all("is not an S3 URI" in line["boxes-metadata"]["failure-reason"] for line in failed)


def test_names_and_fields_made_of_markup_stay_text_in_what_workers_are_sent(studio):
    script = "</script><script>alert(1)</script>"
    labels = ['"><img src=x onerror=alert(1)>', "{{ 7 | times: 7 }}", "' onload='x", script]
    key = "images/\"><svg onload=alert(1)>'{{ 6 | times: 7 }}.jpg"
    line = {
        "source-ref": studio.write(key, picture()),
        "__proto__": {"polluted": True},
        script: script,
        "note": f"{script} {{{{ 6 | times: 7 }}}}",
    }
    template = around("<p title='{{ task.input.manifestLine.note }}'>{{ task.input.manifestLine.note }}</p>")
    job = studio.create(
        studio.manifest(line),
        {
            "LabelCategoryConfigS3Uri": studio.write(
                "markup.json", json.dumps({"labels": [{"label": label} for label in labels]})
            )
        },
        UiConfig={"UiTemplateS3Uri": studio.write("markup.html", template)},
    )
    worker = studio.worker()
    task = worker.claim(job)
    assert task["labels"] == labels and task["object"] == line["source-ref"]
    page = httpx.get(studio.stand_in.portal + task["content"])
    assert "alert(1)" in page.text and "49" not in page.text and "6 | times: 7" in page.text
    for tag in ("<img src=x", "<svg", "<script>alert", "onload='x"):
        assert tag not in page.text, tag
    policy = page.headers["content-security-policy"]
    assert "sandbox allow-scripts allow-modals" in policy and "connect-src 'none'" in policy
    assert "allow-same-origin" not in policy and "allow-top-navigation" not in policy
    assert httpx.get(studio.stand_in.portal + task["image"]).content == picture()
    assert worker.hand_in(task, answer(box(4, labels[0]), box(5, script))).status_code == 200
    studio.finished(job)
    (out,) = studio.output(job)
    assert set(out["boxes-metadata"]["class-map"].values()) == {labels[0], script}
    assert {name: out[name] for name in line} == line
