import io

import pytest
from records import MAGIC, read_records

from .conftest import record


def read(stream: bytes) -> list[bytes]:
    return list(read_records(io.BytesIO(stream)))


@pytest.mark.parametrize("length", range(9))
def test_padding_is_not_taken_for_data(length):
    records = [b"x" * length, b"", b"after"]
    assert read(b"".join(map(record, records))) == records


def test_an_image_that_contains_the_magic_number_is_put_together_again():
    parts = [b"begin...", b"middle", b"end"]  # cut where the number stood, as MXNet's writer does
    stream = b"".join(record(part, flag) for flag, part in zip((1, 2, 3), parts, strict=True))
    assert read(stream + record(b"next")) == [MAGIC.to_bytes(4, "little").join(parts), b"next"]


@pytest.mark.parametrize(
    ("stream", "complaint"),
    [
        (record(b"first") + b"not RecordIO", "record 2: starts with 0x20746f6e"),
        (record(b"first") + record(b"second")[:-4], "record 2: the stream ends after 4 of 6 bytes"),
        (record(b"first") + record(b"second")[:5], "record 2: the stream ends inside a record header"),
        (record(b"first", flag=1), "record 1: the stream ends before its last part"),
        (record(b"first") + record(b"second", flag=2), "record 2: part flag 2"),
    ],
)
def test_broken_framing_is_named_and_not_read_on(stream, complaint):
    with pytest.raises(ValueError, match=complaint):
        read(stream)
