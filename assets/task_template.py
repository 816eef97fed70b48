"""The page that a worker sees: Ground Truth's own starter template with the loop's instructions."""

import html
import re
from pathlib import Path
from string import Template

from resources.loop import Loop

PROJECT = Path(__file__).resolve().parents[1]
# https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-reference.html
STARTERS = Path(__file__).with_name("templates")
SHAPES = {"bounding_box": "boxes", "semantic_segmentation": "masks", "image_classification": "classes"}
REVIEWS = {"verification": "verify", "adjustment": "adjust"}


def task_template(loop: Loop) -> str:
    """The template's text, in which Ground Truth fills in image, labels and header of each task.

    ``$title`` and ``$instructions`` are filled in here, also in a template of the loop's own. Raises
    FileNotFoundError.
    """
    path = PROJECT / loop.labeling.template if loop.labeling.template else starter(loop)
    return Template(path.read_text()).safe_substitute(
        title=inert(loop.labeling.title), instructions=paragraphs(loop.labeling.instructions)
    )


def starter(loop: Loop) -> Path:
    """Ground Truth's own template for the loop's task, or for the review of that task's labels."""
    shape = SHAPES[loop.task]
    name = f"{REVIEWS[loop.review.kind]}_{shape}" if loop.review else shape
    return STARTERS / f"{name}.liquid.html"


def paragraphs(text: str) -> str:
    return "".join(f"<p>{inert(part.strip())}</p>" for part in re.split(r"\n\s*\n", text.strip()))


def inert(text: str) -> str:
    """Text that stays text, for HTML and for Liquid."""
    return html.escape(text).replace("{", "&#123;").replace("}", "&#125;")
