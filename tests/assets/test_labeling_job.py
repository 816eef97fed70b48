"""What the asset of a labeling job leads to: the page where its progress is seen."""

import dagster as dg
import httpx
import pytest

from assets.records import record_uri
from orchestration.definitions import loop_resources
from orchestration.sensors.labeling import labeling_sensor
from tests.assets.conftest import numbers, picture
from vision.manifest import input_manifest

BATCH = "batch-1"


@pytest.fixture
def job(loop, store, materialize) -> dict:
    """The metadata of a labeling job for one image."""
    image = store.write(f"s3://{loop.bucket}/photographs/one.jpg", picture())
    manifest = store.write(loop.uri(f"batches/{BATCH}/input-1.manifest"), input_manifest([image]))
    record = {"manifest": manifest, "sha256": loop.bucket, "images": [{"uri": image}]}
    store.write_json(record_uri(loop, "labeling_input", BATCH), record)
    materialize("labeling_team", "labeling_functions")
    return numbers(materialize("labeling_job", batch=BATCH), "labeling_job")


def test_the_job_and_its_progress_link_to_the_requesters_page(loop, instance, job):
    followed = httpx.get(job["progress_page"])
    assert followed.status_code == 303
    assert followed.headers["location"] == f"/requester/jobs/{job['labeling_job']}"
    resources = loop_resources(loop)
    needed = {name: resources[name] for name in ("ground_truth", "workforce", "store")}
    with dg.build_sensor_context(instance=instance, resources=needed) as context:
        [observation] = labeling_sensor(loop)(context).asset_events
    with httpx.Client() as client:
        client.get(observation.metadata["progress_page"].value)
        seen = client.get(httpx.URL(job["progress_page"]).join(f"/api/requester/jobs/{job['labeling_job']}"))
    assert (seen.status_code, seen.json()["total"]) == (200, 1)
