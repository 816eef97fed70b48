"""Bad files are named and left out, the good rest goes on, and nothing is read twice."""

import io
import json

import pytest
from dagster import Failure
from PIL import Image

from assets.records import read_record, record_uri
from tests.assets.conftest import noisy_picture, numbers, picture, version


def upload(store, loop, **files: bytes) -> None:
    for name, body in files.items():
        store.write(f"{loop.images_uri}{name}.jpg", body)


def test_what_no_worker_could_see_is_rejected_by_name_and_the_rest_goes_on(loop, store, materialize):
    turned = Image.Exif()
    turned[0x0112] = 6
    whole = noisy_picture()
    upload(
        store,
        loop,
        good=whole,
        turned=picture(exif=turned),
        empty=b"",
        cut_off=whole[: len(whole) // 2],
        text=b"these are notes",
    )
    store.write(f"{loop.images_uri}folder/", b"")  # what the S3 console makes of a folder
    result = materialize("raw_images")
    found = numbers(result, "raw_images")
    assert (found["images"], found["rejected"], found["turned_by_exif"]) == (2, 3, 1)
    checks = {each.check_name: each for each in result.get_asset_check_evaluations()}
    assert not any(check.passed or check.blocking for check in checks.values())
    examples = checks["images_are_upright"].metadata["examples"].value
    assert examples == [f"{loop.images_uri}turned.jpg: 6"]
    assert checks["files_are_images"].metadata["rejected"].value == 3
    rejected = json.loads(store.read(found["rejected_uri"]))
    reasons = {row["uri"].removeprefix(loop.images_uri): row["reason"] for row in rejected}
    assert set(reasons) == {"empty.jpg", "cut_off.jpg", "text.jpg"}
    assert "empty" in reasons["empty.jpg"]
    assert "cut off" in reasons["cut_off.jpg"]
    assert "not an image" in reasons["text.jpg"]


def test_an_image_is_read_again_only_when_its_bytes_change(loop, store, materialize):
    upload(store, loop, one=picture(10, 10), two=picture(20, 20))
    first = materialize("raw_images")
    # What is kept of an unchanged image is believed, not looked up: a mark on it stays.
    record = read_record(store, loop, "raw_images")
    for row in record["images"]:
        row["width"] += 1000
    store.write_json(record_uri(loop, "raw_images"), record)
    upload(store, loop, two=picture(30, 30), three=picture(40, 40))
    second = materialize("raw_images")
    assert numbers(first, "raw_images")["images_read_now"] == 2
    assert numbers(second, "raw_images")["images_read_now"] == 2
    widths = [row["width"] for row in read_record(store, loop, "raw_images")["images"]]
    assert sorted(widths) == [30, 40, 1010]


def test_near_duplicates_are_told(loop, store, materialize):
    whole, smaller = io.BytesIO(), io.BytesIO()
    Image.radial_gradient("L").save(whole, "PNG")
    Image.radial_gradient("L").resize((100, 75)).save(smaller, "JPEG")
    upload(store, loop, whole=whole.getvalue(), smaller=smaller.getvalue(), other=noisy_picture())
    assert numbers(materialize("raw_images"), "raw_images")["near_duplicates"] == 1


def test_the_version_changes_with_the_images_and_with_nothing_else(loop, store, materialize):
    upload(store, loop, one=picture(10, 10))
    first = version(materialize("raw_images"), "raw_images")
    assert version(materialize("raw_images"), "raw_images") == first
    upload(store, loop, one=picture(11, 10))
    assert version(materialize("raw_images"), "raw_images") != first


def test_an_empty_prefix_is_explained(loop, materialize):
    with pytest.raises(Failure, match=f"no object under {loop.images_uri}.*`bucket` and `images`"):
        materialize("raw_images")


def test_a_prefix_without_any_usable_image_is_explained(loop, store, materialize):
    upload(store, loop, notes=b"text")
    with pytest.raises(
        Failure, match=f"No object under {loop.images_uri} .* \\(1 rejected\\).*notes.jpg: not an image"
    ):
        materialize("raw_images")


def test_a_wrong_bucket_is_explained(loop, materialize):
    with pytest.raises(Failure, match="no-such-bucket.*the bucket does not exist"):
        materialize("raw_images", settings=loop.model_copy(update={"bucket": "no-such-bucket"}))


def test_a_wrong_region_is_explained(loop, materialize):
    with pytest.raises(Failure, match="the region is wrong: correct `region`"):
        materialize("raw_images", settings=loop.model_copy(update={"region": "eu-west-1"}))


def test_wrong_credentials_are_explained(loop, materialize, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(Failure, match="does not know this access key"):
        materialize("raw_images")
