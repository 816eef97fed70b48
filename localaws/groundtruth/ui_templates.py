"""RenderUiTemplate: see a worker template as workers will, before a job is created."""

from collections.abc import Callable

from localaws.groundtruth.portal.static_files import StaticFiles
from localaws.groundtruth.problems import TemplateProblem
from localaws.groundtruth.strict_json import loads
from localaws.groundtruth.templates import find_problems, render
from localaws.groundtruth.validation import invalid

PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Preview</title><body>{}</body></html>'


class UiTemplates:
    def __init__(self, image_address: Callable[[str], str], static: StaticFiles, portal_url: str):
        """``image_address`` turns an S3 URI into an address where the portal shows the image for a while."""
        self.image_address = image_address
        self.static = static
        self.portal_url = portal_url

    def RenderUiTemplate(self, params: dict) -> dict:
        """The content is a page that a browser shows wherever it is kept: its elements and images come from
        the portal, by their whole addresses; the images' addresses hold for a quarter of an hour."""
        if params.get("HumanTaskUiArn"):
            raise invalid("HumanTaskUiArn: only worker templates are offered by this server")
        content = (params.get("UiTemplate") or {}).get("Content")
        if not content:
            raise invalid("UiTemplate.Content is required: it is the template to render")
        try:
            task_input = loads(params["Task"]["Input"])
        except ValueError as problem:
            raise invalid(f"Task.Input is not JSON: {problem}") from None
        try:
            html = render(content, task_input, self._grant)
        except TemplateProblem as problem:
            return {"RenderedContent": "", "Errors": [_error(problem)]}
        page = PAGE.format(self.static.with_elements(html, self.portal_url))
        return {"RenderedContent": page, "Errors": [_error(problem) for problem in find_problems(html)]}

    def _grant(self, uri: str) -> str:
        if not uri.startswith("s3://"):
            raise TemplateProblem("AccessRefused", f"grant_read_access: {uri!r} is not an S3 URI")
        return self.image_address(uri)


def _error(problem: TemplateProblem) -> dict[str, str]:
    return {"Code": problem.code, "Message": problem.message}
