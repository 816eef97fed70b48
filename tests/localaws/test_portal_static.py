"""The portal's scripts and styles: found under addresses of their content, by frames of no origin too."""

import httpx
import pytest

from localaws.groundtruth.portal.static_files import StaticFiles

ORIGIN = "http://portal.example"
AWS = "https://assets.crowd.aws/crowd-html-elements.js"


@pytest.fixture
def static(tmp_path) -> StaticFiles:
    write(tmp_path, "elements/index.js", "export {};")
    write(tmp_path, "shell/index.html", '<script src="/static/current/shell/app.js"></script>')
    write(tmp_path, "shell/notes.txt", "not for browsers")
    return StaticFiles(tmp_path)


def write(folder, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_a_changed_script_gets_another_address(static, tmp_path):
    assert StaticFiles(tmp_path).version == static.version
    write(tmp_path, "elements/index.js", "export { };")
    assert StaticFiles(tmp_path).version != static.version


def test_a_page_loads_the_version_it_came_with(static):
    assert f'src="/static/{static.version}/shell/app.js"'.encode() in static.page("shell/index.html")


@pytest.mark.parametrize(
    "script",
    [
        f'<script src="{AWS}"></script>',
        f"<SCRIPT type='text/javascript' src='{AWS}' async >\n</SCRIPT >",
        f"<script src={AWS}></script>",
        f'<script src="{AWS.replace(".js", "-v2.js")}"></script>',
    ],
)
def test_a_template_gets_the_portals_elements_in_the_place_of_awss(static, script):
    html = static.with_elements(f"<p>1</p>{script}<crowd-form></crowd-form>", ORIGIN)
    address = f"{ORIGIN}/static/{static.version}/elements"
    assert AWS not in html
    assert html.startswith(f'<p>1</p><link rel="stylesheet" href="{address}/content.css">')
    assert f'<script type="module" crossorigin src="{address}/index.js"></script><crowd-form>' in html


def test_a_template_with_awss_styles_too_gets_the_elements_once(static):
    styles = '<link rel="stylesheet" href="https://assets.crowd.aws/css/crowd-html-elements-v2.css" />'
    html = static.with_elements(f'{styles}<script src="{AWS}"></script><crowd-form></crowd-form>', ORIGIN)
    assert "assets.crowd.aws" not in html and html.count("/elements/index.js") == 1


def test_a_template_without_a_script_gets_the_elements_too(static):
    html = static.with_elements("<script>const own = 1;</script><crowd-form></crowd-form>", ORIGIN)
    assert html.count("/elements/index.js") == 1 and html.endswith("<crowd-form></crowd-form>")


def test_files_are_sent_to_any_origin_and_nothing_else_is_sent(stand_in):
    version = StaticFiles().version
    page = httpx.get(f"{stand_in.portal}/static/{version}/shell/index.html")
    assert page.status_code == 200
    assert page.headers["access-control-allow-origin"] == "*"
    assert page.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "immutable" in page.headers["cache-control"]
    assert page.headers["x-content-type-options"] == "nosniff"
    for path in (f"{version}/../app.py", f"{version}/%2e%2e/app.py", f"{version}/", "older/shell/index.html"):
        refused = httpx.get(f"{stand_in.portal}/static/{path}", follow_redirects=True)
        assert refused.status_code == 404, path
        assert refused.headers["cache-control"] == "no-store"
