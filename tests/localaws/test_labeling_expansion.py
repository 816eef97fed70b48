"""What a manifest and the objects that it names are read as, without a server."""

import io
import json

import pytest
from PIL import Image

from localaws.groundtruth.manifest import read_manifest
from localaws.groundtruth.preparation import image_size, is_wanted
from localaws.groundtruth.problems import JobFailure

URI = "s3://b/input.manifest"


def read(*lines: str | bytes):
    return read_manifest(
        b"\n".join(line.encode() if isinstance(line, str) else line for line in lines), URI, "boxes"
    )


def test_lines_become_objects_in_their_order_whatever_ends_them():
    objects = read_manifest(
        b'{"source-ref":"s3://b/1.jpg"}\r\n{"source-ref":"s3://b/2.jpg","k":[1]}\r\n', URI, "boxes"
    )
    assert [(item.number, json.loads(item.line), item.state) for item in objects] == [
        (0, {"source-ref": "s3://b/1.jpg"}, "waiting"),
        (1, {"source-ref": "s3://b/2.jpg", "k": [1]}, "waiting"),
    ]


def test_lines_that_carry_the_label_already_are_kept_and_failed_ones_go_out_again():
    objects = read(
        '{"source-ref":"s3://b/1","boxes":{},"boxes-metadata":{"human-annotated":"yes"}}',
        '{"source-ref":"s3://b/2","boxes":{},"boxes-metadata":{"human-annotated":"no"}}',
        '{"source-ref":"s3://b/3","boxes-metadata":{"failure-reason":"late"}}',
        '{"source-ref":"s3://b/4","other":{}}',
    )
    assert [(item.state, item.machine) for item in objects] == [
        ("kept", False),
        ("kept", True),
        ("waiting", False),
        ("waiting", False),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"source-ref": "s3://b/k"', "line 2: not valid JSON: Expecting ',' delimiter at column 26"),
        ("", "line 2: not valid JSON"),
        ('["source-ref"]', "line 2: not a JSON object"),
        ("{}", "line 2: exactly one of source-ref and source is needed, found neither"),
        ('{"source-ref": "s3://b/k", "source": "x"}', "line 2: exactly one of source-ref and source"),
        ('{"source-ref": 3}', "line 2: source-ref must be a text"),
        ('{"source-ref": "s3://b/k", "$x": 1}', "line 2: the attribute name '$x' begins with $"),
        ('{"source-ref": "s3://b/k", "x": NaN}', "line 2: not valid JSON: NaN"),
        ('{"source-ref": "s3://b/k", "x": "%s"}' % ("y" * 20_001), "line 2: 'x' has 20001 characters"),
        ('{"source-ref": "s3://b/k", "x": "%s"}' % ("y" * 100_000), "line 2: 100035 characters"),
        ('{"source-ref": ' + "[" * 3000, "line 2: not valid JSON"),
        (b'{"source-ref": "s3://b/\xff"}', "line 2: not UTF-8"),
    ],
)  # fmt: skip
def test_one_bad_line_fails_the_job_with_its_number(line, message):
    good = '{"source-ref": "s3://b/k"}'
    with pytest.raises(JobFailure) as failure:
        read(good, line, good)
    assert str(failure.value).startswith(f"ClientError: {URI}")
    assert message in str(failure.value)


def test_many_bad_lines_are_counted_within_the_length_of_a_failure_reason():
    with pytest.raises(JobFailure) as failure:
        read(*["no json"] * 500)
    reason = str(failure.value)
    assert "500 lines are not valid: line 1: " in reason and reason.endswith("more")
    assert len(reason) <= 1024


@pytest.mark.parametrize("body", [b"", b"\n\n", b"  "])
def test_a_manifest_without_objects_fails_the_job(body):
    with pytest.raises(JobFailure, match="holds no data objects"):
        read_manifest(body, URI, "boxes")


def test_more_objects_than_a_job_may_have_are_refused():
    with pytest.raises(JobFailure, match="100001 lines; 100000 are accepted"):
        read_manifest(b'{"source-ref":"s3://b/k"}\n' * 100_001, URI, "boxes")


def test_the_size_is_that_of_the_stored_pixels_whatever_the_exif_orientation_says():
    image, file = Image.new("RGB", (40, 20)), io.BytesIO()
    exif = image.getexif()
    exif[0x0112] = 6  # rotate by 90 degrees to show
    image.save(file, "JPEG", exif=exif)
    assert image_size(file.getvalue()) == (40, 20)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the object is empty"),
        (b"<html>", "not a JPEG or PNG image"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "not a JPEG or PNG image"),
        (b"\xff\xd8\xff\xe0", "not a JPEG or PNG image"),
    ],
)
def test_what_is_no_image_has_no_size(data, message):
    with pytest.raises((OSError, ValueError), match=message):
        image_size(data)


def test_an_image_of_a_single_endless_row_is_refused():
    file = io.BytesIO()
    Image.new("1", (70_000, 1)).save(file, "PNG")
    with pytest.raises(ValueError, match="70000 x 1 pixels; sides of 65535 are accepted"):
        image_size(file.getvalue())


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_image_beyond_a_hundred_megapixels_is_refused_before_it_is_decoded():
    file = io.BytesIO()
    Image.new("1", (12_000, 9_000)).save(file, "PNG")
    with pytest.raises(ValueError, match="12000 x 9000 pixels; 100000000 are accepted"):
        image_size(file.getvalue())


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        ({"taskInput": {}}, True),
        ({"taskInput": {}, "isHumanAnnotationRequired": False}, False),
        ({"taskInput": {}, "humanAnnotationRequired": "false"}, False),
        ({"taskInput": {}, "humanAnnotationRequired": "true"}, True),
    ],
)
def test_both_spellings_of_a_function_that_wants_no_annotation_are_understood(reply, wanted):
    assert is_wanted(reply) is wanted
