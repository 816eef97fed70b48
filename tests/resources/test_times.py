"""Times of AWS are read quickly, and as botocore reads them."""

import pytest
from botocore.utils import parse_timestamp

from resources.aws import read_time


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-26T08:47:00.000Z",
        "2026-11-26T08:47:00Z",
        "2026-11-26T08:47:00+01:00",
        "Thu, 26 Nov 2026 08:47:00 GMT",
        1795683729.016,
        "1795683729",
    ],
)
def test_a_time_is_the_same_whoever_reads_it(value):
    assert read_time(value) == parse_timestamp(value)
    assert read_time(value).utcoffset() is not None


def test_what_is_no_time_is_refused():
    with pytest.raises(ValueError, match="nonsenseZ"):
        read_time("nonsenseZ")
