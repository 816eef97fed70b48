"""RenderUiTemplate: see a worker template as workers will, before a job is created."""

import json
from collections.abc import Callable

from localaws.groundtruth.problems import TemplateProblem
from localaws.groundtruth.templates import find_problems, render
from localaws.groundtruth.validation import invalid


class UiTemplates:
    def __init__(self, image_address: Callable[[str], str]):
        """``image_address`` turns an S3 URI into an address where the portal shows the image for a while."""
        self.image_address = image_address

    def RenderUiTemplate(self, params: dict) -> dict:
        if params.get("HumanTaskUiArn"):
            raise invalid("HumanTaskUiArn: only worker templates are offered by the stand-in")
        content = (params.get("UiTemplate") or {}).get("Content")
        if not content:
            raise invalid("UiTemplate.Content is required: it is the template to render")
        try:
            task_input = json.loads(params["Task"]["Input"])
        except ValueError as problem:
            raise invalid(f"Task.Input is not JSON: {problem}") from None
        try:
            html = render(content, task_input, self._grant)
        except TemplateProblem as problem:
            return {"RenderedContent": "", "Errors": [_error(problem)]}
        return {"RenderedContent": html, "Errors": [_error(problem) for problem in find_problems(html)]}

    def _grant(self, uri: str) -> str:
        if not uri.startswith("s3://"):
            raise TemplateProblem("AccessRefused", f"grant_read_access: {uri!r} is not an S3 URI")
        return self.image_address(uri)


def _error(problem: TemplateProblem) -> dict[str, str]:
    return {"Code": problem.code, "Message": problem.message}
