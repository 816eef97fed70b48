"""The requester's page in a real browser, on the stand-in's portal: what it shows, and what it never runs."""

import base64
import io
import json
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from tests.browser.conftest import drawing, encode, turned_picture
from tests.localaws.labeling import Studio, answer, box, wait_for
from tests.localaws.requesting import HEADER, link_token

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
WIDTH, HEIGHT = 400, 300
BACKDROP, SHAPE = (0xDF, 0xE5, 0xE8), (0x7C, 0x9A, 0x8E)  # of the pictures' drawing
MASK = "#d62728"
# The last line of a job gets no label, the others one of each kind.
FUNCTION = """
import base64, json, boto3

def handle(event, context):
    s3 = boto3.client("s3")
    bucket, _, key = event["payload"]["s3Uri"].removeprefix("s3://").partition("/")
    folder = event["outputConfig"].removeprefix(f"s3://{bucket}/")
    s3.put_object(Bucket=bucket, Key=folder + "mask.png", Body=base64.b64decode(MASK))
    labels = LABELS
    labels["1"]["mask-ref"] = event["outputConfig"] + "mask.png"
    return [
        {"datasetObjectId": number, "consolidatedAnnotation": {"content": {"boxes": labels[number]}}}
        for number in (item["datasetObjectId"] for item in json.loads(
            s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
        if number in labels
    ]
"""


def mask() -> bytes:
    """The left half is the second class, the right half background; as consolidation writes masks."""
    image = Image.new("P", (WIDTH, HEIGHT), 0)
    image.putpalette(b"\xff\xff\xff" + b"\x1f\x77\xb4" + bytes.fromhex(MASK[1:]))
    image.paste(2, (0, 0, WIDTH // 2, HEIGHT))
    return encode(image, "PNG")


def function() -> str:
    labels = {
        "0": {
            "image_size": [{"width": WIDTH, "height": HEIGHT, "depth": 3}],
            "annotations": [
                {"class_id": 0, "left": 40, "top": 30, "width": 120, "height": 150},
                {"class_id": 1, "left": 200, "top": 60, "width": 160, "height": 180},
            ],
            "objects": [{"confidence": 1.0}, {"confidence": 0.5}],
            "class-map": {"0": HOSTILE, "1": "cat"},
        },
        "1": {
            "internal-color-map": {
                "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 0.9},
                "2": {"class-name": HOSTILE, "hex-color": MASK, "confidence": 0.9},
            }
        },
        "2": {
            "class-name": HOSTILE,
            "confidence": 1.0,
            "worker-feedback": [{"comment": f"comment {HOSTILE}"}],
        },
    }
    png = base64.b64encode(mask()).decode()
    return f"MASK = {png!r}\nLABELS = {labels!r}\n{FUNCTION}"


class Window:
    """A browser of its own. ``errors`` are those of scripts, of the console, and dialogs that opened."""

    def __init__(self, chromium, portal: str, width: int = 1280):
        self.portal = portal
        self.context = chromium.new_context(viewport={"width": width, "height": 900})
        self.context.set_default_timeout(60_000)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.errors.append(dialog.message), dialog.dismiss()))

    def enter(self, token: str, path: str = "/requester") -> None:
        self.page.goto(f"{self.portal}{path}?token={token}")

    def pixel(self, figure, x: float, y: float) -> tuple[int, int, int]:
        """What is on the screen at a pixel of a figure's picture."""
        shown = Image.open(io.BytesIO(figure.locator(".picture").screenshot())).convert("RGB")
        return shown.getpixel((int(x * shown.width / WIDTH), int(y * shown.height / HEIGHT)))


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in, workers=2) as studio:
        studio.write("labels.json", json.dumps({"labels": [{"label": HOSTILE}, {"label": "cat"}]}))
        yield studio


@pytest.fixture(scope="module")
def job(studio) -> str:
    """A job with a box, a mask, a class, and an object that failed."""
    keys = ["images/turned.jpg", "images/1.png", f"images/{HOSTILE}.png", "images/3.png"]
    plain = encode(drawing(WIDTH, HEIGHT), "PNG")
    bodies = [turned_picture(WIDTH, HEIGHT), plain, plain, plain]
    uris = [studio.write(key, body) for key, body in zip(keys, bodies, strict=True)]
    name = studio.create(
        studio.manifest(*({"source-ref": uri} for uri in uris)),
        TaskTitle=f"Find {HOSTILE}",
        TaskDescription=f"Draw {HOSTILE}",
        NumberOfHumanWorkersPerDataObject=2,
        AnnotationConsolidationConfig={"AnnotationConsolidationLambdaArn": studio.function(function())},
    )
    for worker in studio.workers():
        while task := worker.claim(name):
            given = answer(box(40, "cat"), width=WIDTH, height=HEIGHT)
            assert worker.hand_in(task, given).status_code == 200
    studio.finished(name)
    return name


@pytest.fixture
def open_window(chromium, stand_in) -> Iterator[Callable[..., Window]]:
    windows: list[Window] = []

    def make(**options) -> Window:
        windows.append(Window(chromium, stand_in.portal, **options))
        return windows[-1]

    yield make
    for window in windows:
        window.context.close()
    assert [error for window in windows for error in window.errors] == []


@pytest.fixture
def window(open_window) -> Window:
    return open_window()


def test_a_job_is_shown_with_its_figures_and_texts_of_others_stay_texts(window, stand_in, job):
    window.enter(link_token(stand_in), f"/requester/jobs/{job}")
    page = window.page
    page.get_by_role("heading", name=f"Find {HOSTILE}").wait_for()
    assert page.url == f"{stand_in.portal}/requester/jobs/{job}"
    for words in (
        f"Draw {HOSTILE}",
        "✓ Completed",
        "100 % · 4 of 4",
        f"1 × {HOSTILE} 1.00",
        "1 × cat 0.50",
        f"{HOSTILE} 0.90",
        f"comment {HOSTILE}",
        "The consolidation function returned no annotation for this object",
    ):
        page.get_by_text(words).first.wait_for()
    assert page.locator("main img:not([src^='/images/'])").count() == 0
    assert page.locator("main script").count() == 0
    tiles = page.locator(".tiles > div").all_inner_texts()
    assert "Mean confidence\n0.88" in tiles  # of 0.75, 0.9 and 1
    assert "Objects agreed on\n33.3 %" in tiles
    rows = page.get_by_role("table", name="Workers").get_by_role("row").all_inner_texts()
    assert [row.split("\t")[1] for row in rows[1:]] == ["4", "4"]
    assert page.get_by_role("table", name="Known answers").count() == 0, "nothing is known here"


def test_workers_are_scored_on_what_is_known(window, stand_in, studio):
    known = {"class_id": 1, "left": 40, "top": 10, "width": 20, "height": 20}
    line = {
        "source-ref": studio.write("images/known.png", encode(drawing(WIDTH, HEIGHT), "PNG")),
        "known-answer": {"annotations": [known]},
        "known-answer-metadata": {"class-map": {"1": "cat"}},
    }
    name = studio.create(studio.manifest(line), NumberOfHumanWorkersPerDataObject=2)
    right = {"label": "cat", **{side: value for side, value in known.items() if side != "class_id"}}
    for worker, boxes in zip(studio.workers(), ([right], [right | {"left": 200}]), strict=True):
        task = worker.claim(name)
        assert worker.hand_in(task, answer(*boxes, width=WIDTH, height=HEIGHT)).status_code == 200
    studio.finished(name)
    window.enter(link_token(stand_in), f"/requester/jobs/{name}")
    table = window.page.get_by_role("table", name="Known answers")
    table.wait_for()
    rows = [row.split("\t")[1:] for row in table.get_by_role("row").all_inner_texts()[1:]]
    assert sorted(rows) == [["1", "0", "1", "1", "–", "0.00"], ["1", "1", "0", "0", "1.00", "1.00"]]


def test_boxes_lie_where_they_are_in_the_stored_pixels(window, stand_in, job):
    window.enter(link_token(stand_in), f"/requester/jobs/{job}")
    figure = window.page.locator("figure").filter(has_text="turned.jpg")
    figure.locator("img").evaluate("image => image.decode()")
    picture = figure.locator("img").bounding_box()
    scale = picture["width"] / WIDTH
    assert picture["height"] == pytest.approx(HEIGHT * scale, abs=1)  # not turned, whatever its EXIF data say
    [first, second] = [figure.locator("rect.box").nth(index).bounding_box() for index in range(2)]
    for found, (left, top, width, height) in ((first, (40, 30, 120, 150)), (second, (200, 60, 160, 180))):
        assert found["x"] - picture["x"] == pytest.approx(left * scale, abs=3)
        assert found["y"] - picture["y"] == pytest.approx(top * scale, abs=3)
        assert (found["width"], found["height"]) == pytest.approx((width * scale, height * scale), abs=5)
    assert "unsure" not in figure.locator("rect.box").first.get_attribute("class")
    assert "unsure" in figure.locator("rect.box").nth(1).get_attribute("class")
    assert window.pixel(figure, 100, 100) == pytest.approx(SHAPE, abs=8)
    assert window.pixel(figure, 20, 280) == pytest.approx(BACKDROP, abs=8)


def test_a_mask_colours_its_pixels_and_leaves_the_background_as_it_is(window, stand_in, job):
    window.enter(link_token(stand_in), f"/requester/jobs/{job}")
    figure = window.page.locator("figure").filter(has=window.page.locator(".mask"))
    for image in figure.locator("img").all():
        image.evaluate("image => image.decode()")
    assert window.pixel(figure, 380, 280) == pytest.approx(BACKDROP, abs=3)
    color = tuple(bytes.fromhex(MASK[1:]))
    expected = tuple(0.6 * over + 0.4 * under for over, under in zip(color, BACKDROP, strict=True))
    assert window.pixel(figure, 20, 280) == pytest.approx(expected, abs=4)


@pytest.mark.slow
def test_the_page_refreshes_by_itself_and_keeps_focus_and_what_was_closed(window, stand_in, studio):
    uris = [
        studio.write(f"images/refresh-{index}.png", encode(drawing(WIDTH, HEIGHT), "PNG")) for index in "ab"
    ]
    name = studio.create(studio.manifest(*({"source-ref": uri} for uri in uris)))
    window.enter(link_token(stand_in))
    page = window.page
    link = page.get_by_role("link", name=name)
    link.focus()
    row = page.get_by_role("row").filter(has=link)
    row.get_by_text("0 % · 0 of 2").wait_for()
    worker = studio.worker()
    given = answer(box(40, "cat"), width=WIDTH, height=HEIGHT)
    assert worker.hand_in(worker.claim(name), given).status_code == 200
    row.get_by_text("50 % · 1 of 2").wait_for()
    assert link.evaluate("link => link === document.activeElement")
    page.keyboard.press("Enter")
    page.get_by_text("How these figures are computed").click()
    shown = page.locator("figure").first
    shown.evaluate("figure => figure.dataset.before = 'yes'")
    assert worker.hand_in(worker.claim(name), given).status_code == 200
    page.get_by_text("100 % · 2 of 2").wait_for()
    page.get_by_text("✓ Completed").wait_for()
    assert page.locator("figure").count() == 2 and page.locator("figure[data-before]").count() == 1
    assert not page.locator("details.method").evaluate("details => details.open")


def test_a_link_that_is_followed_from_another_site_opens_the_page(window, stand_in, job):
    page = window.page
    for address in (f"/requester?token={link_token(stand_in)}", f"/requester/jobs/{job}"):
        page.goto("about:blank")
        page.set_content(f'<a href="{stand_in.portal}{address}">from elsewhere</a>')
        page.get_by_role("link").click()
        page.get_by_text("100 % · 4 of 4").first.wait_for()


def test_without_a_session_the_page_says_how_to_get_one(window, stand_in, job):
    page = window.page
    page.goto(f"{stand_in.portal}/requester/jobs/{job}")
    page.get_by_text("labelloop requester").wait_for()
    assert page.get_by_text("Find").count() == 0 and page.locator("#refusal").is_hidden()
    window.enter(link_token(stand_in, headers={HEADER: "another.example"}))
    page.get_by_text("AWS does not confirm the link: it was made for another portal").wait_for()
    page.get_by_text("labelloop requester").wait_for()
    window.enter(link_token(stand_in))
    page.get_by_role("link", name=job).wait_for()
    window.enter("an-old-link")  # whoever is in needs none
    page.get_by_role("link", name=job).wait_for()
    # The console notes every refusal; there must be nothing else in it.
    window.errors[:] = [
        error for error in window.errors if "the server responded with a status of 40" not in error
    ]


@pytest.mark.slow
def test_a_portal_that_is_away_is_told_and_the_page_goes_on_when_it_is_back(chromium, own_stand_in):
    window = Window(chromium, own_stand_in.portal)
    window.enter(link_token(own_stand_in))
    window.page.get_by_text("There are no labeling jobs yet.").wait_for()
    own_stand_in.kill()
    window.page.get_by_text("The portal cannot be reached; trying again.").wait_for()
    own_stand_in.start()
    wait_for(lambda: window.page.locator("#trouble").inner_text() == "", "the page to go on")
    window.page.get_by_text("There are no labeling jobs yet.").wait_for()
    window.context.close()


@pytest.mark.parametrize("width", [1280, 1920])
def test_nothing_is_cut_off_at_the_usual_sizes(open_window, stand_in, job, width):
    window = open_window(width=width)
    for path in ("/requester", f"/requester/jobs/{job}"):
        window.enter(link_token(stand_in), path)
        window.page.get_by_text("100 % · 4 of 4").first.wait_for()
        assert window.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
