"""The detector behind a real endpoint: the same answers as without one, also beside images that are none."""

import io
import json
import tarfile
from concurrent.futures import ThreadPoolExecutor

import pytest
import serve
from botocore.exceptions import ClientError

from tests.localaws.workshop import Workshop

from .conftest import draw_shapes, jpeg


@pytest.fixture(scope="module")
def workshop(stand_in) -> Workshop:
    return Workshop(stand_in)


@pytest.fixture(scope="module")
def endpoint(workshop, trained) -> str:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        archive.add(trained.model, arcname=".")
    data = workshop.put("models/shapes.tar.gz", stream.getvalue())
    name = workshop.endpoint(workshop.config(workshop.model("", ModelDataUrl=data)))
    assert workshop.settled(name)["EndpointStatus"] == "InService"
    return name


def ask(workshop: Workshop, endpoint: str, body: bytes, content_type: str = "image/jpeg") -> bytes | int:
    """The answer, or the status that the container refused with."""
    try:
        return workshop.ask(endpoint, body, ContentType=content_type)
    except ClientError as refused:
        return refused.response["OriginalStatusCode"]


@pytest.mark.slow
def test_broken_images_are_refused_and_harm_no_neighbour(workshop, endpoint, trained):
    model = serve.model_fn(str(trained.model))
    good = [jpeg(draw_shapes(seed)[0]) for seed in range(4)]
    alone = [serve.predict_fn(serve.input_fn(body, "image/jpeg"), model) for body in good]
    broken = [b"", b"no image", good[0][:1000], b"GIF89a" + bytes(100)]
    bodies = [*good, *broken] * 4
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda body: ask(workshop, endpoint, body), bodies))
    for start in range(0, len(answers), 8):
        assert [json.loads(answer)["prediction"] for answer in answers[start : start + 4]] == alone
        assert answers[start + 4 : start + 8] == [400, 400, 400, 400]


def test_a_content_type_that_is_no_image_is_named(workshop, endpoint):
    with pytest.raises(ClientError, match=r"client error \(415\).*content type 'text/plain' is not one of"):
        workshop.ask(endpoint, b"no image", ContentType="text/plain")
    assert ask(workshop, endpoint, b"{}", "application/json") == 415
