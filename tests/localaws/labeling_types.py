"""Templates and answers of every built-in task type, as AWS documents them."""

import base64
import io
import json

from PIL import Image

from tests.localaws.labeling import HEIGHT, WIDTH

PALETTE = {"dog": "#1f77b4", "cat": "#ff7f0e"}  # by the order of the labels, as the element colours them
FUNCTIONS = "arn:aws:lambda:us-east-1:432418664414:function:"
PAGE = '<script src="https://assets.crowd.aws/crowd-html-elements.js"></script><crowd-form>{}</crowd-form>'
ELEMENT = """
<{tag} name="answer" src="{{{{ task.input.taskObject | grant_read_access }}}}"
    header="{{{{ task.input.header }}}}" {choices}="{{{{ task.input.labels | to_json | escape }}}}" {more}>
  <full-instructions header="How to">Look well.</full-instructions>
  <short-instructions>Look well.</short-instructions>
  <worker-comment>Why?</worker-comment>
</{tag}>
"""
INITIAL_BOXES = 'initial-value="{{ task.input.initialValue | to_json | escape }}"'
INITIAL_MASK = (
    "initial-value='{"
    '"src": "{{ task.input.initialValue.src | grant_read_access }}", '
    '"labelMappings": {{ task.input.initialValue.labelMappings | to_json | escape }}}\''
)


def element(tag: str, choices: str = "labels", more: str = "") -> str:
    return PAGE.format(ELEMENT.format(tag=tag, choices=choices, more=more))


TEMPLATES = {
    "BoundingBox": element("crowd-bounding-box"),
    "SemanticSegmentation": element("crowd-semantic-segmentation"),
    "ImageMultiClass": element("crowd-image-classifier", "categories"),
    "VerificationBoundingBox": element("crowd-image-classifier", "categories"),
    "VerificationSemanticSegmentation": element("crowd-image-classifier", "categories"),
    "AdjustmentBoundingBox": element("crowd-bounding-box", more=INITIAL_BOXES),
    "AdjustmentSemanticSegmentation": element("crowd-semantic-segmentation", more=INITIAL_MASK),
}
SIZE = {"height": HEIGHT, "width": WIDTH}


def boxes(*drawn: dict, **more) -> dict:
    return {"answer": {"boundingBoxes": list(drawn), "inputImageProperties": SIZE} | more}


def chosen(label: str, comment: str | None = None) -> dict:
    return {"answer": {"label": label} | ({"workerComment": comment} if comment else {})}


def mask(dog: tuple[int, int] | None = None, cat: tuple[int, int] | None = None, **more) -> dict:
    """Stripes of the whole height, from one column to another."""
    stripes = {label: span for label, span in (("dog", dog), ("cat", cat)) if span}
    image, file = Image.new("RGBA", (WIDTH, HEIGHT)), io.BytesIO()
    for label, (left, right) in stripes.items():
        image.paste(PALETTE[label], (left, 0, right, HEIGHT))
    image.save(file, "PNG")
    value = {
        "inputImageProperties": SIZE,
        "labelMappings": {label: {"color": PALETTE[label]} for label in stripes},
        "labeledImage": {"pngImageData": base64.b64encode(file.getvalue()).decode()},
    }
    return {"answer": value | more}


def job_of_type(studio, task_type: str, manifest: str, attribute: str, **task) -> str:
    """Start a job of a built-in task type, with ``labels``, ``reviewed``, ``template`` if given; its name."""
    labels, reviewed = task.pop("labels", ["dog", "cat"]), task.pop("reviewed", None)
    config = {"labels": [{"label": label} for label in labels]}
    if reviewed:
        config["auditLabelAttributeName"] = reviewed
    template = studio.write(
        f"{task_type}/{attribute}.html", task.pop("template", None) or TEMPLATES[task_type]
    )
    changes = {
        "LabelAttributeName": attribute,
        "LabelCategoryConfigS3Uri": studio.write(f"{task_type}/{attribute}.json", json.dumps(config)),
    }
    return studio.create(
        manifest,
        changes,
        UiConfig={"UiTemplateS3Uri": template},
        PreHumanTaskLambdaArn=f"{FUNCTIONS}PRE-{task_type}",
        AnnotationConsolidationConfig={"AnnotationConsolidationLambdaArn": f"{FUNCTIONS}ACS-{task_type}"},
        **task,
    )


def answer_all(studio, job: str, *ways) -> list[dict]:
    """Each worker answers everything in a way of its own, ``way(task)``; the tasks of the last one."""
    done = []
    for number, way in enumerate(ways):
        worker, done = studio.worker(number), []
        while task := worker.claim(job):
            reply = worker.hand_in(task, way(task))
            assert reply.status_code == 200, reply.text
            done.append(task)
    return done
