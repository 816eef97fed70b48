"""What the endpoint was asked about becomes images of the loop: each once, and only if the loop says so."""

import base64
import json

import pytest

from assets.captured_images import captured_uri
from orchestration.definitions import build_definitions, loop_resources
from orchestration.sensors.captures import captures_sensor
from resources.loop import Loop
from resources.loop_endpoint import DataCapture, Endpoint
from tests.assets.conftest import numbers, picture
from vision.captures import CaptureProblem, captured_inputs


def line(body: bytes, encoding: str = "BASE64") -> bytes:
    data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode()
    given = {"observedContentType": "application/x-image", "mode": "INPUT", "data": data}
    return json.dumps({"captureData": {"endpointInput": given | {"encoding": encoding}}}).encode()


def test_a_capture_file_gives_back_the_bytes_that_were_sent():
    output_only = json.dumps({"captureData": {"endpointOutput": {}}}).encode()
    file = b"\n".join([line(b"\xff\xd8"), output_only, b"", line(b"[1]", "JSON"), b""])
    assert list(captured_inputs(file)) == [b"\xff\xd8", b"[1]"]
    with pytest.raises(CaptureProblem, match="line 2"):
        list(captured_inputs(line(b"a") + b"\n{}"))


@pytest.fixture
def capturing(loop) -> Loop:
    endpoint = Endpoint(data_capture=DataCapture(percentage=100, label=True))
    return loop.model_copy(update={"endpoint": endpoint})


def test_without_being_told_a_loop_labels_nothing_that_it_captured(loop):
    quiet = loop.model_copy(update={"endpoint": Endpoint(data_capture=DataCapture())})
    definitions = build_definitions(quiet)
    assert "captured_images" not in {key.path[-1] for key in definitions.resolve_all_asset_keys()}
    assert "captures" not in {sensor.name for sensor in definitions.sensors}


def test_captured_images_join_the_loop_once(capturing, store, materialize):
    own, first, second = picture(colour="red"), picture(colour="green"), picture(colour="blue")
    store.write(f"{capturing.images_uri}own.jpg", own)
    materialize("raw_images", settings=capturing)

    def capture(name: str, *lines: bytes) -> None:
        store.write(
            f"{capturing.capture_uri}/shapes-live/AllTraffic/2026/11/25/{name}.jsonl", b"\n".join(lines)
        )

    def collect() -> dict:
        return numbers(materialize("captured_images", settings=capturing), "captured_images")

    capture("10/a", line(first), line(own), line(first), line(b"[1]", "JSON"))
    capture("10/damaged", b"{")
    found = collect()
    assert (found["images_copied_now"], found["files_read_now"], found["no_images"]) == (1, 2, 1)
    [copy] = store.list(captured_uri(capturing))
    assert store.read(copy.uri) == first and copy.key.endswith(".jpg")

    store.aws.client("s3").delete_object(Bucket=capturing.bucket, Key=copy.key)
    capture("09/late", line(second))
    found = collect()
    assert (found["images_copied_now"], found["files_read_now"]) == (1, 1)
    assert [store.read(each.uri) for each in store.list(captured_uri(capturing))] == [second]
    assert numbers(materialize("raw_images", settings=capturing), "raw_images")["images"] == 2


def test_a_run_is_asked_for_when_something_was_captured_and_not_before(capturing, store, instance):
    import dagster as dg

    sensor, cursor = captures_sensor(capturing), None

    def tick() -> int:
        nonlocal cursor
        resources = {"store": loop_resources(capturing)["store"]}
        with dg.build_sensor_context(instance=instance, cursor=cursor, resources=resources) as context:
            result = sensor.evaluate_tick(context)
        cursor = result.cursor or cursor
        return len(result.run_requests)

    assert [tick(), tick()] == [0, 0]
    store.write(f"{capturing.capture_uri}/shapes-live/AllTraffic/2026/11/25/10/a.jsonl", line(picture()))
    assert [tick(), tick()] == [1, 0]
