"""The worker's pages in a real browser, on the stand-in's portal: from the first password to the output."""

import secrets
from collections.abc import Callable, Iterator

import pytest

from tests.browser.desk import FIRST_PASSWORD, HEIGHT, WIDTH, Desk, add_newcomer, make_job
from tests.localaws.labeling import PASSWORD, Studio, wait_for


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in, workers=2) as studio:
        yield studio


@pytest.fixture
def sit_down(chromium) -> Iterator[Callable[..., Desk]]:
    """``sit_down(studio)`` opens a browser window; errors of scripts in it fail the test."""
    desks: list[Desk] = []

    def open_desk(studio: Studio, **options) -> Desk:
        desks.append(Desk(chromium, studio.stand_in.portal, **options))
        return desks[-1]

    yield open_desk
    for desk in desks:
        desk.close()
    assert [error for desk in desks for error in desk.errors] == []


@pytest.fixture
def desk(sit_down, studio) -> Desk:
    return sit_down(studio)


def test_boxes_by_mouse_and_by_keyboard_are_what_the_job_puts_out(studio, desk):
    name = make_job(studio, 2)
    newcomer = add_newcomer(studio, f"new-{secrets.token_hex(4)}")
    desk.open(f"/jobs/{name}")
    desk.fill_in(newcomer, FIRST_PASSWORD)
    desk.heading("Choose a password").wait_for()
    desk.page.get_by_label("New password").fill("short")
    desk.page.get_by_label("The same again").fill("other")
    desk.press("Enter")
    desk.see("The two passwords are not the same.")
    desk.page.get_by_label("The same again").fill("short")
    desk.press("Enter")
    desk.page.get_by_role("alert").filter(has_text="long enough").wait_for()  # the pool's own words
    for label in ("New password", "The same again"):
        desk.page.get_by_label(label).fill(PASSWORD)
    desk.press("Enter")

    desk.wait_for_task(1)  # the address has survived the sign-in
    desk.see("1 of 2 in this job")
    desk.drag(40, 30, 160, 180)
    desk.press("2")  # the selected box becomes a cat
    desk.drag(200, 60, 390, 290)
    by_mouse = desk.value()
    assert [box["label"] for box in by_mouse["boundingBoxes"]] == ["cat", "cat"]
    first = by_mouse["boundingBoxes"][0]
    assert (first["left"], first["top"], first["width"], first["height"]) == (40, 30, 120, 150)
    desk.submit_button.click()

    desk.wait_for_task(2)
    desk.wait_for_boxes([])
    # From here on no pointer is used: the frame has the focus when its task is loaded.
    desk.press("Enter", "Shift+ArrowLeft", "ArrowUp", "Alt+ArrowRight", "2")
    by_keyboard = desk.value()
    assert [box["label"] for box in by_keyboard["boundingBoxes"]] == ["cat"]
    desk.press("Control+Enter")
    desk.heading("No more tasks").wait_for()
    desk.see("You have submitted 2 tasks")

    studio.finished(name)
    for line, given in zip(studio.output(name), (by_mouse, by_keyboard), strict=True):
        label = line["boxes"]
        assert label["image_size"] == [{"width": WIDTH, "height": HEIGHT, "depth": 3}]
        found = [
            {key: box[key] for key in ("left", "top", "width", "height")} | {"class_id": box["class_id"]}
            for box in label["annotations"]
        ]
        expected = [
            {key: box[key] for key in ("left", "top", "width", "height")} | {"class_id": 1}
            for box in given["boundingBoxes"]
        ]
        assert sorted(found, key=str) == sorted(expected, key=str)


def test_a_stopped_task_is_resumed_with_what_was_drawn(studio, desk):
    name, username = make_job(studio, 2), studio.usernames[0]
    desk.work_on(name, username)
    desk.drag(40, 30, 160, 180)
    boxes = desk.boxes()
    desk.button("Stop and resume later").click()
    desk.see("others get the task")
    desk.confirm("Cancel")
    assert desk.boxes() == boxes
    desk.button("Stop and resume later").click()
    desk.confirm("Stop")
    desk.heading("Jobs").wait_for()
    card = desk.page.get_by_role("listitem").filter(has_text=name)
    card.get_by_text("Stopped: resume within").wait_for()
    assert studio.worker(0).jobs()[name]["at_hand"] == "stopped"
    card.get_by_role("link", name="Resume").click()
    desk.wait_for_task(1)
    desk.wait_for_boxes(boxes)
    desk.see("Draft restored")
    desk.press("Control+Enter")
    desk.wait_for_task(2)
    assert studio.worker(0).jobs()[name]["submitted"] == 1


@pytest.mark.slow
def test_a_draft_is_saved_by_itself_and_outlives_reload_and_going_back(studio, desk):
    name = make_job(studio, 1)
    desk.work_on(name, studio.usernames[0])
    desk.drag(40, 30, 160, 180)
    desk.see("Draft saved")
    saved = desk.boxes()
    with desk.page.expect_response("**/activity") as sign_of_life:  # what timeSpentInSeconds is made of
        desk.page.reload()
        desk.wait_for_task()
    assert sign_of_life.value.status == 200
    desk.wait_for_boxes(saved)
    desk.drag(200, 60, 390, 290)
    both = desk.boxes()
    desk.page.get_by_role("link", name="Worker portal").click()  # before the draft was saved by itself
    desk.heading("Jobs").wait_for()
    desk.page.go_back()
    desk.wait_for_task()
    desk.wait_for_boxes(both)


def test_closing_the_window_warns_while_something_is_not_saved(studio, desk):
    name = make_job(studio, 1)
    desk.work_on(name, studio.usernames[0])
    asked: list[str] = []
    desk.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    on_their_way: list = []  # drafts that do not arrive before the warning has come
    desk.page.route("**/draft", lambda route: route.continue_() if asked else on_their_way.append(route))
    desk.drag(40, 30, 160, 180)
    wait_for(lambda: desk.page.wait_for_timeout(50) or on_their_way, "a draft to be sent")
    desk.page.close(run_before_unload=True)
    wait_for(lambda: desk.page.wait_for_timeout(50) or asked, "the warning")
    assert asked == ["beforeunload"]
    for draft in on_their_way:
        draft.continue_()
    desk.see("Draft saved")
    desk.page.mouse.move(640, 400)  # to look at the picture changes nothing
    with desk.page.expect_event("close"):
        desk.page.close(run_before_unload=True)
    assert asked == ["beforeunload"]


def test_a_released_task_goes_back_and_a_declined_one_makes_room_for_the_next(studio, desk):
    name = make_job(studio, 2)
    desk.work_on(name, studio.usernames[0])
    task = studio.worker(0).claim(name)  # the one on the screen
    desk.drag(40, 30, 160, 180)
    desk.button("Release").click()
    desk.see("Your work on this task is lost.")
    desk.confirm("Release")
    desk.heading("Jobs").wait_for()
    assert studio.worker(0).jobs()[name]["at_hand"] is None
    desk.page.get_by_role("listitem").filter(has_text=name).get_by_role("link", name="Start").click()
    desk.wait_for_task()
    assert desk.boxes() == []
    assert studio.worker(0).claim(name)["object"] == task["object"]
    desk.button("Decline").click()
    desk.see("you will not be offered the task again")
    desk.confirm("Decline")
    desk.see("Declined")
    wait_for(
        lambda: (
            (studio.worker(0).jobs()[name]["at_hand"] and studio.worker(0).claim(name)["object"])
            not in (None, task["object"])
        ),
        "the next task",
    )


def test_a_task_whose_time_is_over_is_locked_and_the_next_one_is_offered(studio, desk):
    name = make_job(studio, 1)
    desk.page.clock.install()
    desk.work_on(name, studio.usernames[0])
    desk.drag(40, 30, 160, 180)
    drawn = desk.boxes()
    desk.page.clock.fast_forward(245_000)
    desk.page.locator(".time.short").wait_for()
    assert "One minute is left" in desk.page.get_by_role("alert").all_inner_texts()[-1]
    desk.page.clock.fast_forward(60_000)
    desk.see("The time for this task is over. Nothing of it was submitted")
    for way in ("Stop and resume later", "Release", "Decline"):
        assert desk.button(way).is_disabled()
    assert desk.submit_button.is_disabled()
    desk.drag(200, 60, 390, 290)
    assert desk.boxes() == drawn
    studio.pass_time(name, 300)
    desk.button("Next task").click()
    desk.wait_for_task(1)
    desk.wait_for_boxes([])


@pytest.mark.slow
def test_a_killed_server_costs_neither_the_task_nor_the_draft(own_stand_in, sit_down):
    studio = Studio(own_stand_in, workers=1)
    name = make_job(studio, 1)
    desk = sit_down(studio)
    desk.work_on(name, studio.usernames[0])
    desk.drag(40, 30, 160, 180)
    desk.see("Draft saved")
    own_stand_in.kill()
    desk.drag(200, 60, 390, 290)
    desk.see("The portal cannot be reached", "Not saved yet")
    drawn = desk.boxes()
    own_stand_in.start()
    desk.see("Draft saved")
    desk.text("The portal cannot be reached").wait_for(state="detached")
    desk.page.reload()
    desk.wait_for_task()
    desk.wait_for_boxes(drawn)
    own_stand_in.kill()
    desk.submit_button.click()
    desk.see("Submitting…")
    own_stand_in.start()
    desk.heading("No more tasks").wait_for()
    studio.finished(name)
    (line,) = studio.output(name)
    assert len(line["boxes"]["annotations"]) == 2


def test_an_answer_that_is_refused_can_be_mended_and_submitted_again(studio, desk):
    template = """
    <crowd-form>
      <crowd-bounding-box name="boundingBox" src="{{ task.input.taskObject | grant_read_access }}"
          header="Boxes" labels="{{ task.input.labels | to_json | escape }}">
        <full-instructions header="Boxes">Draw tightly.</full-instructions>
        <short-instructions>Draw tightly.</short-instructions>
      </crowd-bounding-box>
      <label>Comment <textarea name="comment"></textarea></label>
    </crowd-form>"""
    uri = studio.write("commented.liquid.html", template)
    name = make_job(studio, 1, UiConfig={"UiTemplateS3Uri": uri})
    desk.work_on(name, studio.usernames[0])
    desk.drag(40, 30, 160, 180)
    comment = desk.frame.get_by_label("Comment")
    comment.fill("x" * 70_000)
    desk.submit_button.click()
    desk.see("The answer was not accepted: ")
    desk.frame.get_by_text("bytes").first.wait_for()  # the frame says it too
    comment.fill("much shorter")
    desk.submit_button.click()
    desk.heading("No more tasks").wait_for()


@pytest.mark.slow
def test_a_session_that_ends_during_a_task_is_renewed_over_it(studio, desk):
    name = make_job(studio, 1)
    desk.work_on(name, studio.usernames[0])
    desk.drag(40, 30, 160, 180)
    desk.see("Draft saved")
    desk.context.clear_cookies()
    desk.submit_button.click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_label("Password").fill(PASSWORD)
    desk.press("Enter")
    desk.heading("No more tasks").wait_for()
    studio.finished(name)
    assert len(studio.output(name)[0]["boxes"]["annotations"]) == 1


def test_a_sign_in_in_another_window_does_not_cost_the_task(studio, desk):
    name, username = make_job(studio, 1), studio.usernames[0]
    desk.work_on(name, username)
    desk.drag(40, 30, 160, 180)
    desk.see("Draft saved")
    credentials = {"username": username, "password": PASSWORD}
    again = desk.context.request.post(
        f"{desk.portal}/api/sign-in", data=credentials
    )  # with the window's cookie
    assert again.status == 200
    desk.submit_button.click()
    desk.heading("No more tasks").wait_for()


def test_everything_is_in_reach_on_small_and_on_large_screens(studio, desk):
    long = "Boxes around the lists of ingredients on the packaging of foods and of cosmetics"
    name = make_job(studio, 1, TaskTitle=long)
    desk.work_on(name, studio.usernames[0])
    for width, height in ((1024, 768), (1280, 800), (1920, 1080)):
        desk.page.set_viewport_size({"width": width, "height": height})
        for way in ("Stop and resume later", "Release", "Decline", "Sign out"):
            place = desk.button(way).bounding_box()
            assert place["x"] >= 0 and place["x"] + place["width"] <= width, (way, width)
            assert place["y"] + place["height"] < 80, (way, width)  # one row
        assert desk.text("1 of 1 in this job").is_visible() and desk.text(" left").is_visible()
        assert desk.page.evaluate("document.documentElement.scrollWidth") <= width
        frame = desk.page.locator("iframe").bounding_box()
        assert frame["width"] == width and frame["y"] + frame["height"] == height and frame["y"] < 60


@pytest.mark.slow
def test_a_task_that_was_handed_back_elsewhere_is_not_worked_on_in_vain(studio, desk):
    name = make_job(studio, 1)
    desk.work_on(name, studio.usernames[0])
    elsewhere = studio.worker(0)
    elsewhere.act(elsewhere.claim(name), "release")
    desk.drag(40, 30, 160, 180)
    desk.see("This task is no longer yours")
    desk.button("Next task").click()
    desk.wait_for_task(1)
    assert desk.boxes() == []


@pytest.mark.slow
def test_a_task_that_opens_a_moment_later_is_found_without_being_asked_for(studio, desk):
    name = make_job(studio, 2, MaxConcurrentTaskCount=1)
    desk.work_on(name, studio.usernames[0])
    desk.drag(40, 30, 160, 180)
    desk.submit_button.click()
    desk.wait_for_task(2)
    desk.wait_for_boxes([])


def test_signing_out_leaves_nothing_on_the_screen(studio, desk):
    name = make_job(studio, 1)
    desk.open()
    desk.fill_in(studio.usernames[0], PASSWORD)
    desk.page.get_by_role("listitem").filter(has_text=name).get_by_role("link", name="Start").click()
    desk.wait_for_task()
    desk.drag(40, 30, 160, 180)
    desk.button("Sign out").click()
    desk.heading("Sign in").wait_for()
    assert desk.page.locator("iframe").count() == 0
    desk.page.go_back()
    desk.heading("Sign in").wait_for()
    assert desk.page.evaluate("fetch('/api/session').then(reply => reply.status)") == 401
    desk.open(f"/jobs/{name}")
    desk.fill_in(studio.usernames[0], PASSWORD)
    desk.wait_for_task()
    wait_for(lambda: len(desk.boxes()) == 1, "the draft")


def test_a_template_reaches_neither_the_portal_nor_its_page(studio, sit_down):
    template = """
    <crowd-form>
      <crowd-bounding-box name="boundingBox" src="{{ task.input.taskObject | grant_read_access }}"
          header="Boxes" labels="{{ task.input.labels | to_json | escape }}">
        <full-instructions header="Boxes">Draw tightly.</full-instructions>
        <short-instructions>Draw tightly.</short-instructions>
      </crowd-bounding-box>
    </crowd-form>
    <p id="loot">waiting</p>
    <script>
      const attempts = [
        () => parent.document.title,
        () => document.cookie,
        () => localStorage.length,
        () => fetch("/api/jobs", { credentials: "include" }),
        () => fetch("/api/session"),
      ];
      const wait = (attempt) => Promise.resolve().then(attempt).then(() => "reached", () => "refused");
      Promise.all(attempts.map(wait)).then((found) => (loot.textContent = found.join(" ")));
      for (const draft of [null, [], "x", { a: 1n }, 7]) parent.postMessage({ type: "draft", draft }, "*");
      for (const message of [null, 1, "ready", {}, { type: "constructor" }]) parent.postMessage(message, "*");
    </script>"""
    uri = studio.write("nosy.liquid.html", template)
    name = make_job(studio, 1, UiConfig={"UiTemplateS3Uri": uri})
    desk = sit_down(studio)
    desk.work_on(name, studio.usernames[0])
    desk.frame.get_by_text("refused refused refused refused refused").wait_for()
    desk.errors.clear()  # the browser has named each of these refusals
    assert studio.worker(0).claim(name)["draft"] is None
    desk.drag(40, 30, 160, 180)
    desk.submit_button.click()
    desk.heading("No more tasks").wait_for()
