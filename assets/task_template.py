"""The page that a worker sees: Ground Truth's own starter template with the loop's instructions."""

import html
import re
from pathlib import Path
from string import Template

from resources.loop import Loop

PROJECT = Path(__file__).resolve().parents[1]
# https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-bounding-box.html
STARTER = Path(__file__).with_name("templates") / "boxes.liquid.html"


def task_template(loop: Loop) -> str:
    """The template's text, in which Ground Truth fills in image, labels and header of each task.

    ``$title`` and ``$instructions`` are filled in here, also in a template of the loop's own. Raises
    FileNotFoundError.
    """
    path = PROJECT / loop.labeling.template if loop.labeling.template else STARTER
    return Template(path.read_text()).safe_substitute(
        title=inert(loop.labeling.title), instructions=paragraphs(loop.labeling.instructions)
    )


def paragraphs(text: str) -> str:
    return "".join(f"<p>{inert(part.strip())}</p>" for part in re.split(r"\n\s*\n", text.strip()))


def inert(text: str) -> str:
    """Text that stays text, for HTML and for Liquid."""
    return html.escape(text).replace("{", "&#123;").replace("}", "&#125;")
