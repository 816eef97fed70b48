"""A loop whose labeling is at an address of its own: everything else stays where it was."""

from pathlib import Path

import pytest

from assets.batches import open_batch, waiting
from assets.records import read_record
from tests.assets.conftest import hire, numbers, picture
from tests.localaws.labeling import PASSWORD, Worker, answer, box, wait_for
from tests.localaws.standing_alone import LabelingService, keys_of


@pytest.fixture
def labeling(stand_in, tmp_path):
    service = LabelingService(tmp_path / "labeling", stand_in.environment)
    yield service
    service.stop()


@pytest.fixture
def elsewhere(loop, stand_in, labeling, tmp_path, monkeypatch):
    """The loop, told where labeling is and which profile has the keys for it."""
    access_key, secret_key = keys_of(labeling.credentials_file)
    profile = f"[labeling]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n"
    both = tmp_path / "credentials"
    both.write_text(Path(stand_in.credentials_file).read_text() + profile)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(both))
    place = {"ground_truth_endpoint_url": labeling.endpoint, "ground_truth_profile": "labeling"}
    few = {"labeling": loop.labeling.model_copy(update={"workers_per_object": 1})}
    return loop.model_copy(update=place | few)


@pytest.mark.slow
def test_only_the_labeling_of_a_loop_goes_to_its_labeling_service(
    elsewhere, store, materialize, stand_in, labeling
):
    there = stand_in.client("sagemaker")
    before = teams(there)
    for name, colour in (("a", "white"), ("b", "teal")):
        store.write(f"{elsewhere.images_uri}{name}.jpg", picture(60, 40, colour))
    materialize("raw_images", settings=elsewhere)
    materialize("labeling_team", "labeling_functions", settings=elsewhere)
    images = read_record(store, elsewhere, "raw_images")["images"]
    batch = open_batch(store, elsewhere, waiting(images, [], 1).members)
    materialize("labeling_input", "labeling_job", batch=batch, settings=elsewhere)

    team = read_record(store, elsewhere, "labeling_team")
    job = read_record(store, elsewhere, "labeling_job", batch)["name"]
    assert team["portal"] == labeling.portal
    hire(team, f"{elsewhere.bucket}-worker")
    worker = Worker(labeling.portal, f"{elsewhere.bucket}-worker", PASSWORD)
    wait_for(lambda: worker.jobs().get(job), f"{job} to be open")
    for _ in range(2):
        task = wait_for(lambda: worker.claim(job), "a task")
        assert task["labels"] == ["square", "bar"]
        name = task["element"]["name"]
        given = answer(box(4, "bar"))["boundingBox"]
        assert worker.hand_in(task, {name: given}).status_code == 200
    own = labeling.client(*keys_of(labeling.credentials_file))
    status = "LabelingJobStatus"
    wait_for(lambda: own.describe_labeling_job(LabelingJobName=job)[status] == "Completed", f"{job} to end")

    found = numbers(materialize("labeled_manifest", batch=batch, settings=elsewhere), "labeled_manifest")
    assert (found["images"], found["boxes"], found["failed"]) == (2, 2, 0)
    answers = read_record(store, elsewhere, "labeled_manifest", batch)["answers"]
    files = {uri: store.read_json(answers["prefix"] + name) for uri, [name] in answers["files"].items()}
    assert sorted(files) == [f"{elsewhere.images_uri}{name}.jpg" for name in ("a", "b")]
    assert all(len(file["answers"]) == 1 for file in files.values())
    assert there.list_labeling_jobs(NameContains=job)["LabelingJobSummaryList"] == []
    assert teams(there) == before, "what other loops have there stays as it was"


def teams(sagemaker) -> tuple[list, list]:
    return sagemaker.list_workteams()["Workteams"], sagemaker.list_workforces()["Workforces"]
