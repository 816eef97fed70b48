"""The consolidation function as it is deployed and called: its zip, its event, its objects in S3."""

import base64
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from resources.functions import pack

LABELS = ["cat", "dog"]
ARN = "arn:aws:sagemaker:us-east-1:000000000000:labeling-job/cats-and-dogs"
LAMBDAS = Path(__file__).resolve().parents[2] / "lambdas"
ROOT = "s3://consolidation/out/cats-and-dogs/annotations/consolidated-annotation"
SIZE = {"width": 8, "height": 6}
CAT = {"left": 1, "top": 1, "width": 5, "height": 4, "label": "cat"}


def annotation(worker, **content):
    return {"workerId": worker, "annotationData": {"content": json.dumps(content)}}


def boxes(worker):
    return annotation(worker, box={"boundingBoxes": [CAT], "inputImageProperties": SIZE})


def mask(worker, left=2):
    image = Image.new("RGBA", (SIZE["width"], SIZE["height"]))
    image.paste("#1f77b4", (left, 1, 6, 5))
    png = io.BytesIO()
    image.save(png, "PNG")
    return annotation(
        worker,
        mask={
            "inputImageProperties": SIZE,
            "labelMappings": {"cat": {"color": "#1f77b4"}},
            "labeledImage": {"pngImageData": base64.b64encode(png.getvalue()).decode()},
        },
    )


def item(object_id, *annotations):
    return {"datasetObjectId": object_id, "dataObject": {"s3Uri": "s3://i/1.jpg"}, "annotations": annotations}


def put(s3, uri, body):
    s3.put_object(Bucket="consolidation", Key=uri.removeprefix("s3://consolidation/"), Body=body)


def get(s3, uri):
    return s3.get_object(Bucket="consolidation", Key=uri.removeprefix("s3://consolidation/"))


def request(s3, payload, **further):
    uri = f"{ROOT}/consolidation-request/iteration-1/2026-11-25_20:15:00.json"
    put(s3, uri, json.dumps(payload).encode())
    return {
        "version": "2018-10-16",
        "labelingJobArn": ARN,
        "labelCategories": LABELS,
        "labelAttributeName": "animals",
        "roleArn": "arn:aws:iam::000000000000:role/labeling",
        "payload": {"s3Uri": uri},
        **further,
    }


def labels_of(results):
    return {
        result["datasetObjectId"]: result["consolidatedAnnotation"]["content"]["animals"]
        for result in results
    }


def test_payload_and_long_answers_are_read_from_s3(consolidation, s3):
    long = boxes("ann")["annotationData"]["content"]
    put(s3, "s3://consolidation/answers/ann.json", long.encode())
    apart = {"workerId": "ann", "annotationData": {"s3Uri": "s3://consolidation/answers/ann.json"}}
    results = consolidation.handle(request(s3, [item("0", apart, boxes("bob"))]), None)
    label = labels_of(results)["0"]
    assert label["annotations"] == [{"class_id": 0, "left": 1, "top": 1, "width": 5, "height": 4}]
    assert label["consensus"]["workers"] == 2


@pytest.mark.parametrize(
    "further, folder",
    [({"outputConfig": f"{ROOT}/masks/"}, "masks"), ({"outputConfig": f"{ROOT}/m"}, "m"), ({}, "output")],
    ids=["named", "named without a slash", "beside the payload"],
)
def test_masks_are_written_under_the_jobs_output_with_the_same_name_each_time(
    consolidation, s3, further, folder
):
    event = request(s3, [item("3", mask("ann"), mask("bob")), item("4", mask("ann", left=4))], **further)
    results = consolidation.handle(event, None)
    labels = labels_of(results)
    uri = f"{ROOT}/{folder}/3_2026-11-25_20:15:00.png"
    assert labels["3"]["mask-ref"] == uri
    written = get(s3, uri)
    assert written["ContentType"] == "image/png"
    body = written["Body"].read()
    image = Image.open(io.BytesIO(body))
    assert (image.mode, image.size) == ("P", (8, 6))
    assert image.getbbox() == (2, 1, 6, 5)
    assert labels["4"]["mask-ref"] != uri
    assert consolidation.handle(event, None) == results
    assert get(s3, uri)["Body"].read() == body


def test_a_job_with_a_key_of_its_own_has_its_masks_encrypted_with_it(consolidation, s3):
    key = "arn:aws:kms:us-east-1:000000000000:key/labels"
    (result,) = consolidation.handle(request(s3, [item("9", mask("ann"))], kmsKeyId=key), None)
    written = get(s3, labels_of([result])["9"]["mask-ref"])
    assert (written["ServerSideEncryption"], written["SSEKMSKeyId"]) == ("aws:kms", key)


def test_each_object_is_of_the_kind_that_most_workers_answered_with(consolidation, capsys):
    verdict = {"category": {"label": "cat"}}
    results = consolidation.consolidate(
        [
            item("0", boxes("ann"), annotation("eve", **verdict), boxes("bob")),
            item("1", annotation("ann", **verdict)),
            item("2", annotation("ann", transcript={"text": "meow"}), annotation("bob", note="none")),
        ],
        "animals",
        LABELS,
    )
    labels = labels_of(results)
    assert labels.keys() == {"0", "1"}, "an object that nobody answered usably is left out"
    assert labels["0"]["consensus"] == {
        "workers": 2,
        "ignored_answers": 1,
        "ignored_boxes": 0,
        "least_certainty": 1.0,
    }
    assert labels["1"]["class-name"] == "cat"
    log = capsys.readouterr().out.splitlines()
    assert "object 0: ignored: worker eve: answered with classes, most with boxes" in log
    none = "the answer holds none of boundingBoxes, labeledImage, label"
    assert log[-2:] == [f"object 2: ignored: worker {worker}: {none}" for worker in ("ann", "bob")]


def run_zip(folder, tmp_path, program, *blocked):
    """Run a program where only the unpacked zip and the site's packages can be found, but not the blocked."""
    with zipfile.ZipFile(io.BytesIO(pack(LAMBDAS / folder))) as archive:
        archive.extractall(tmp_path)
    block = "".join(f"sys.modules[{name!r}] = None; " for name in blocked)
    return subprocess.run(
        [
            sys.executable,
            "-P",
            "-c",
            f"import sys; {block}sys.path.insert(0, {str(tmp_path)!r}); {program}",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("folder", ["pre_annotation", "consolidation"])
def test_the_zip_stands_alone(folder, tmp_path):
    program = (
        "import handler, pathlib; print(pathlib.Path(handler.__file__).parent, callable(handler.handle))"
    )
    done = run_zip(folder, tmp_path, program)
    assert done.stdout.split() == [str(tmp_path), "True"], done.stderr


def test_boxes_and_classes_need_no_layer_and_masks_say_which(tmp_path):
    payload = [item("0", boxes("ann")), item("1", annotation("ann", category={"label": "dog"}))]
    call = f"import handler; print(len(handler.consolidate({payload!r}, 'animals', {LABELS!r})))"
    done = run_zip("consolidation", tmp_path, call, "numpy", "PIL")
    assert done.stdout.split() == ["2"], done.stderr
    call = f"import handler; handler.consolidate({[item('0', mask('ann'))]!r}, 'animals', {LABELS!r})"
    for missing in ("numpy", "PIL"):
        done = run_zip("consolidation", tmp_path, call, missing)
        assert "RuntimeError: masks cannot be consolidated" in done.stderr
        assert missing in done.stderr and "functions.layers" in done.stderr
