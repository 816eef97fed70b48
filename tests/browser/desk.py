"""A worker at a browser: the portal's own pages, used as people use them."""

from tests.localaws.labeling import PASSWORD, Studio, picture

TIMEOUT = 60_000  # milliseconds: a loaded machine is slow
WIDTH, HEIGHT = 400, 300  # of the pictures, in pixels
FIRST_PASSWORD = "First-2-go!"
DRAWING = "crowd-bounding-box"


class Desk:
    """One browser window. ``errors`` gathers what scripts threw and what the console says of them; a refusal
    by the server, which the console notes too, is none."""

    def __init__(self, chromium, portal: str, width: int = 1280, height: int = 800, **options):
        self.portal = portal
        self.context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        self.context.set_default_timeout(TIMEOUT)
        self.errors: list[str] = []
        self.page = self.context.new_page()
        self.page.on("console", lambda message: message.type == "error" and self._note(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note(self, text: str) -> None:
        if not text.startswith("Failed to load resource"):
            self.errors.append(text)

    # Getting in

    def open(self, path: str = "/") -> None:
        self.page.goto(self.portal + path)

    def fill_in(self, username: str, password: str) -> None:
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.keyboard.press("Enter")

    def work_on(self, job: str, username: str) -> None:
        """Sign in at the job's own address, and wait for the task."""
        self.open(f"/jobs/{job}")
        self.fill_in(username, PASSWORD)
        self.wait_for_task()

    # What is on the screen

    def heading(self, name: str):
        return self.page.get_by_role("heading", name=name, exact=True)

    def button(self, name: str):
        return self.page.get_by_role("button", name=name, exact=True)

    def text(self, words: str):
        return self.page.get_by_text(words).first

    def see(self, *words: str) -> None:
        for part in words:
            self.text(part).wait_for()

    def confirm(self, action: str) -> None:
        self.page.get_by_role("dialog").get_by_role("button", name=action, exact=True).click()
        self.page.get_by_role("dialog").wait_for(state="detached")

    # The task in its frame

    @property
    def frame(self):
        return self.page.frame_locator("iframe")

    @property
    def element(self):
        return self.frame.locator(DRAWING)

    @property
    def submit_button(self):
        return self.frame.get_by_role("button", name="Submit", exact=True)

    def wait_for_task(self, number: int | None = None) -> None:
        """Until the task can be worked on; ``number``: the "3" of "3 of 12 in this job"."""
        if number is not None:
            self.see(f"{number} of ")
        self.submit_button.wait_for()
        self.frame.locator("img").first.wait_for()

    def value(self) -> dict:
        return self.element.evaluate("element => element.value")

    def boxes(self) -> list[dict]:
        return self.value()["boundingBoxes"]

    def wait_for_boxes(self, boxes: list[dict]) -> None:
        """Until the frame has these boxes, such as those of a draft."""
        for _ in range(TIMEOUT // 100):
            if self.boxes() == boxes:
                return
            self.page.wait_for_timeout(100)
        assert self.boxes() == boxes

    def drag(self, left: float, top: float, right: float, bottom: float) -> None:
        """Drag from one pixel of the picture to another."""
        image = self.frame.locator("img").first
        place = image.bounding_box()
        across, down = place["width"] / WIDTH, place["height"] / HEIGHT
        self.page.mouse.move(place["x"] + left * across, place["y"] + top * down)
        self.page.mouse.down()
        self.page.mouse.move(place["x"] + right * across, place["y"] + bottom * down, steps=4)
        self.page.mouse.up()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def close(self) -> None:
        self.context.close()


def add_newcomer(studio: Studio, username: str) -> str:
    """A member of the studio's team who has not chosen a password yet."""
    studio.cognito.admin_create_user(
        UserPoolId=studio.pool, Username=username, TemporaryPassword=FIRST_PASSWORD
    )
    studio.join(username, studio.name)
    return username


def make_job(studio: Studio, pictures: int, **task) -> str:
    """A job of so many pictures for one worker each."""
    uris = [studio.write(f"large/{number}.jpg", picture(WIDTH, HEIGHT)) for number in range(pictures)]
    return studio.create(studio.manifest(*({"source-ref": uri} for uri in uris)), **task)
