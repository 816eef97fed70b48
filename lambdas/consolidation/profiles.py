"""The evidence about workers, kept in S3 from call to call.

One object: ``{"version": 1, "workers": evidence, "recent": [[payload's URI, evidence], ...]}``. What a call
found out is kept apart for a while, under the payload's URI: Ground Truth repeats a call that failed, and a
repeated one must neither count twice nor learn from itself. Calls of one job may overlap, so the object is
written only as long as it is what was read; who comes too late adds his evidence to the other's.
"""

import json
import random
import time
from collections.abc import Mapping

from botocore.exceptions import ClientError

from evidence import Evidence, Known, add, rounded
from s3 import Files

VERSION = 1
RECENT = 50  # calls
MEMORY = 5000.0  # images, or masks, of a worker; beyond it the oldest fade
ATTEMPTS = 30
CONFLICTS = {"PreconditionFailed", "ConditionalRequestConflict"}  # 412: it changed; 409: it is changing


class Profiles:
    """Of the workers of a loop, at ``uri``."""

    def __init__(self, files: Files, uri: str):
        self.files = files
        self.uri = uri

    def known(self, payload: str) -> Known:
        """What all other calls found out. Raises ValueError when the object holds something else."""
        kept, _ = self._read()
        total = add({}, kept["workers"])
        for uri, evidence in kept["recent"]:
            if uri != payload:
                add(total, evidence)
        return total

    def keep(self, payload: str, evidence: Known) -> None:
        """Add what a call found out, or replace it by what its repetition did."""
        entry = [payload, {worker: rounded(each) for worker, each in evidence.items()}]
        for attempt in range(ATTEMPTS):
            kept, etag = self._read()
            recent = [each for each in kept["recent"] if each[0] != payload] + [entry]
            while len(recent) > RECENT:
                kept["workers"] = merged(kept["workers"], recent.pop(0)[1])
            body = json.dumps({"version": VERSION, "workers": kept["workers"], "recent": recent})
            try:
                self.files.replace(self.uri, body.encode(), "application/json", etag)
                return
            except ClientError as error:
                if error.response["Error"]["Code"] not in CONFLICTS:
                    raise
            time.sleep(random.uniform(0, 0.02 * min(attempt + 1, 10)))
        raise RuntimeError(f"{self.uri} was changed by others {ATTEMPTS} times in a row: nothing was kept")

    def _read(self) -> tuple[dict, str | None]:
        found = self.files.read_with_etag(self.uri)
        if found is None:
            return {"workers": {}, "recent": []}, None
        body, etag = found
        try:
            kept = json.loads(body)
            if kept["version"] != VERSION:
                raise ValueError(f"version {kept['version']}")
            return {"workers": kept["workers"], "recent": kept["recent"]}, etag
        except (ValueError, KeyError, TypeError) as problem:
            raise ValueError(
                f"{self.uri} holds no worker profiles of version {VERSION} ({problem!r}): "
                "move it away, and they begin anew"
            ) from problem


def merged(old: Known, new: Known) -> dict[str, Evidence]:
    """By worker and kind of answer, of which the old fades where there is more than is remembered."""
    total = add({}, old)
    add(total, new)
    for kinds in total.values():
        for kind, each in kinds.items():
            if isinstance(each, Mapping) and each.get("images", 0.0) > MEMORY:
                kinds[kind] = add({}, each, MEMORY / each["images"])
    return {worker: rounded(each) for worker, each in total.items()}
