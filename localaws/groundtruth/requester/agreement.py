"""How far workers agree, read by SQL from the consolidated outcomes in the rows.

An object's confidence is the mean of those that its label carries: of its boxes (the share of workers who
drew each), of the colours of its mask, or of its one class. Workers agreed on an object where none of these
is below ``AGREED``: for boxes and classes that means all of them, for masks nearly every pixel. Only objects
that two workers or more have answered count, and a label without any confidence (no boxes) does not.
"""

from typing import Any

from localaws.store import Store

AGREED = 0.95
# Where labels have their confidences: built-in ones in the metadata, those of other functions in themselves.
PLACES = [
    f"$.{where}.{what}"
    for what in ('"objects"', '"internal-color-map"', '"confidence"')
    for where in ('"{0}-metadata"', '"{0}"')
]
STATEMENT = """
WITH labeled AS (
    SELECT number, outcome FROM object WHERE job = :job AND state = 'labeled' AND json_valid(outcome)
    AND (SELECT count(*) FROM slot WHERE slot.job = object.job AND slot.object = object.number
         AND slot.state = 'submitted') > 1),
part AS (
    SELECT number, CASE part.type
        WHEN 'object' THEN json_extract(part.value, '$.confidence') ELSE part.value END AS confidence
    FROM labeled, json_each(outcome, {place}) AS part),
rated AS (
    SELECT number, avg(confidence) AS mean, min(confidence) AS least FROM part
    WHERE typeof(confidence) IN ('real', 'integer') AND confidence BETWEEN 0 AND 1 GROUP BY number)
SELECT (SELECT count(*) FROM labeled), count(*), avg(mean), avg(least >= {agreed}) FROM rated
"""


class Agreement:
    def __init__(self, store: Store):
        self.store = store

    def of(self, key: str, attribute: str) -> dict[str, Any]:
        """``compared`` objects (two answers or more), ``rated`` of these with a confidence, their
        ``mean_confidence``, and the share that was ``agreed`` on; both None where nothing is rated."""
        compared, rated, mean, agreed = self.store.connection.execute(
            _statement(attribute), {"job": key}
        ).fetchone()
        return {
            "compared": compared,
            "rated": rated,
            "mean_confidence": None if mean is None else round(mean, 4),
            "agreed": None if agreed is None else round(agreed, 4),
            "agreed_from": AGREED,
        }


def _statement(attribute: str) -> str:
    """``attribute``: letters, digits and hyphens, as CreateLabelingJob lets in."""
    paths = [place.format(attribute) for place in PLACES]
    cases = " ".join(f"WHEN json_type(outcome, '{path}') IS NOT NULL THEN '{path}'" for path in paths)
    return STATEMENT.format(place=f"CASE {cases} END", agreed=AGREED)
