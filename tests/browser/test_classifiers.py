"""<crowd-classifier> and <crowd-image-classifier>, verification with overlays and comments included."""

import io

import pytest
from PIL import Image

IMAGE_TAG = "crowd-image-classifier"
TEXT = """
  <crowd-form>
    <crowd-classifier name="mood" header="What is the mood?" categories="['happy', 'sad', 'none of these']">
      <classification-target><p>I love this.</p></classification-target>
      <full-instructions header="Moods"><p>All about moods.</p></full-instructions>
      <short-instructions><p>Read it twice.</p></short-instructions>
    </crowd-classifier>
  </crowd-form>"""
COMMENT = """<worker-comment header="Why?" link-text="Say why" placeholder="e.g. too large">
  In a word.</worker-comment>"""


def image(attributes: str = "", children: str = "", picture: str = "plain.png") -> str:
    return f"""
      <crowd-form>
        <crowd-image-classifier name="verdict" header="Is it right?" src="/pictures/{picture}"
                                categories='["good", "bad"]' {attributes}>
          {children}
          <short-instructions>Look closely.</short-instructions>
          <full-instructions>Look very closely.</full-instructions>
        </crowd-image-classifier>
      </crowd-form>"""


BOXES = """overlay='{ "boundingBox": { labels: ["bird", "cat"], value: [
  { height: 100, label: "bird", left: 40, top: 30, width: 80 },
  { height: 50, label: "bird", left: 200, top: 100, width: 60 } ] }, }' """
MASK = """overlay='{ "semanticSegmentation": { "labels": ["Cat", "Dog"], "labelMappings":
  { "Cat": { "color": "#2ca02c" }, "Dog": { "color": "#d62728" } }, "src": "/pictures/mask.png", } }' """


@pytest.fixture
def mask(pictures):
    """White background, a green cat, a pixel of another colour: as a consolidated mask looks."""
    drawn = Image.new("RGB", (400, 300), "#ffffff")
    drawn.paste("#2ca02c", (40, 30, 120, 130))
    drawn.putpixel((0, 0), (1, 2, 3))
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG")
    pictures["mask.png"] = buffer.getvalue()


def test_a_text_is_classified_with_the_mouse(mount):
    task = mount(TEXT, "crowd-classifier")
    assert task.frame.get_by_text("I love this.").is_visible()
    assert task.frame.get_by_text("Read it twice.").is_visible()
    task.frame.get_by_label("none of these").check()

    assert task.answer() == {"mood": {"label": "none of these"}}


def test_a_text_is_classified_with_the_keyboard_alone(mount):
    task = mount(TEXT, "crowd-classifier")
    task.press("2", "Control+Enter")

    assert task.wait_for_message("submit")["answer"] == {"mood": {"label": "sad"}}


def test_arrows_go_through_the_categories(mount):
    task = mount(TEXT, "crowd-classifier")
    task.press("1", "ArrowDown")

    assert task.value() == "sad"


def test_nothing_is_submitted_before_a_category_is_chosen(mount):
    task = mount(TEXT, "crowd-classifier")
    assert task.value() is None
    task.button("Submit").click()
    assert task.element.get_by_role("alert").inner_text() == "Choose a category first."
    assert task.messages("submit") == []

    task.press("1")  # the message has put the focus on the categories
    assert task.answer() == {"mood": {"label": "happy"}}


def test_a_template_reads_the_choice_and_adds_to_the_categories(mount):
    script = """<script>
      document.addEventListener("all-crowd-elements-ready", () => {
        const classifier = document.querySelector("crowd-classifier");
        const wrapper = classifier.shadowRoot.querySelector(".annotation-area .category-picker-wrapper");
        const more = document.createElement("p");
        wrapper.insertAdjacentElement("afterend", more);
        classifier.categories = ["happy", "sad"];
        classifier.addEventListener("change", (event) => { more.textContent = event.target.value; });
      });</script>"""
    task = mount(TEXT + script, "crowd-classifier")
    task.press("2")

    assert task.frame.get_by_role("radio").count() == 2
    assert task.element.locator(".annotation-area p").inner_text() == "sad"


def test_categories_are_a_named_group_of_radio_buttons(mount):
    task = mount(TEXT, "crowd-classifier")
    group = task.frame.get_by_role("radiogroup", name="What is the mood?")

    assert group.get_by_role("radio").count() == 3


def test_a_picture_is_classified(mount):
    task = mount(image(), IMAGE_TAG)
    task.press("2")

    assert task.answer() == {"verdict": {"label": "bad"}}


def test_a_comment_is_part_of_the_answer_only_when_there_is_one(mount):
    task = mount(image(children=COMMENT), IMAGE_TAG)
    task.press("1")
    assert task.element.evaluate("element => element._submittableValue") == {"label": "good"}

    task.button("Say why").click()
    dialog = task.frame.get_by_role("dialog", name="Why?")
    assert task.frame.get_by_text("In a word.").is_visible()
    assert dialog.get_by_role("textbox").get_attribute("placeholder") == "e.g. too large"
    task.page.keyboard.type(" 2 boxes, h and ? ")
    task.press("Escape")

    assert task.answer() == {"verdict": {"label": "good", "workerComment": "2 boxes, h and ?"}}


def test_a_comment_without_texts_of_its_own_has_the_documented_ones(mount):
    task = mount(image(children="<worker-comment></worker-comment>"), IMAGE_TAG)
    task.button("Add a comment").click()

    assert task.frame.get_by_role("dialog", name="Add a comment").is_visible()


def test_without_the_region_there_is_no_comment(mount):
    assert mount(image(), IMAGE_TAG).button("Add a comment").count() == 0


def test_a_draft_has_the_category_and_the_comment(mount):
    task = mount(image(children=COMMENT), IMAGE_TAG)
    task.press("2")
    task.button("Say why").click()
    task.page.keyboard.type("loose")
    task.press("Escape")
    draft = task.draft()

    again = mount(image(children=COMMENT), IMAGE_TAG)
    again.tell({"type": "restore", "draft": draft})
    assert again.answer() == {"verdict": {"label": "bad", "workerComment": "loose"}}


def test_boxes_under_review_lie_on_their_pixels_and_can_be_hidden(mount):
    task = mount(image(BOXES), IMAGE_TAG)
    drawn = task.frame.locator("svg.overlay rect.drawn").first.bounding_box()
    x, y = task.point(40, 30)
    right, bottom = task.point(120, 130)
    assert (drawn["x"], drawn["y"]) == pytest.approx((x, y), abs=2)
    assert (drawn["width"], drawn["height"]) == pytest.approx((right - x, bottom - y), abs=4)
    assert task.frame.locator(".entry").all_inner_texts() == ["bird"]  # only what is there

    task.press("h")
    assert task.frame.locator("svg.overlay rect").count() == 0
    task.button("Hide the labels").click()
    assert task.frame.locator("svg.overlay rect.drawn").count() == 2


def test_a_mask_under_review_shows_the_labels_and_leaves_the_rest_clear(mount, mask):
    task = mount(image(MASK), IMAGE_TAG)
    pixels = task.frame.locator("canvas.mask").evaluate(
        """canvas => [[0, 0], [10, 10], [40, 30], [119, 129], [120, 130]].map(([x, y]) =>
          [...canvas.getContext("2d").getImageData(x, y, 1, 1).data])"""
    )
    assert pixels == [[0, 0, 0, 0], [0, 0, 0, 0], [44, 160, 44, 255], [44, 160, 44, 255], [0, 0, 0, 0]]

    task.press("h")
    assert not task.frame.locator("canvas.mask").is_visible()


def test_the_picture_under_review_can_be_zoomed_and_moved(mount):
    task = mount(image(BOXES), IMAGE_TAG)
    before = task.point(100, 100)
    task.drag((100, 100), (120, 110))
    after = task.point(100, 100)
    assert after[0] > before[0]
    assert after[1] > before[1]

    task.press("+")
    drawn = task.frame.locator("svg.overlay rect.drawn").first.bounding_box()
    assert (drawn["x"], drawn["y"]) == pytest.approx(task.point(40, 30), abs=2)


@pytest.mark.parametrize(
    ("overlay", "problem"),
    [
        ("{instanceSegmentation: {}}", "boundingBox or semanticSegmentation is expected"),
        ("[{", "a key expected"),
        (
            "{semanticSegmentation: {src: '/pictures/turned.jpg', labelMappings: {a: {color: 'red'}}}}",
            "#rrggbb",
        ),
    ],
)
def test_labels_that_cannot_be_shown_are_not_judged(mount, overlay, problem):
    task = mount(image(f'overlay="{overlay}"'), IMAGE_TAG)
    task.press("1")
    task.button("Submit").click()

    assert problem in task.element.get_by_role("alert").inner_text()
    assert task.messages("submit") == []


def test_a_mask_of_another_size_is_not_judged(mount, pictures):
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30)).save(buffer, "PNG")
    pictures["mask.png"] = buffer.getvalue()
    task = mount(image(MASK), IMAGE_TAG)

    alert = task.element.get_by_role("alert").inner_text()
    assert "the mask has 40 x 30 pixels, the image 400 x 300" in alert


def test_a_hostile_category_is_text_and_nothing_else(mount):
    hostile = "&lt;img src=x onerror=alert(1)>"
    task = mount(TEXT.replace("'sad'", f"'{hostile}'"), "crowd-classifier")
    task.press("2")

    assert task.answer() == {"mood": {"label": "<img src=x onerror=alert(1)>"}}
    assert task.element.locator("img").count() == 0
