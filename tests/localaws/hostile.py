"""Two workers in front of the portal, and tables of what is to be refused there."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from localaws.groundtruth.portal.signing import Signer
from tests.localaws.labeling import Studio, Worker
from tests.localaws.labeling_types import job_of_type

LONG = {"TaskTimeLimitInSeconds": 28_800, "NumberOfHumanWorkersPerDataObject": 2}
MEGABYTE = 2**20
GONE = "this task is no longer yours"


@dataclass
class Door:
    """Two workers of one team in front of the portal, each with a task of each kind in their hands."""

    portal: str
    signer: Signer
    bucket: str
    job: str
    worker: Worker
    other: Worker
    tasks: dict[str, dict]  # of ``worker``: boxes, mask, class
    others: dict[str, dict]

    def post(self, path: str, content: bytes | None = None, body: object = None, **headers) -> httpx.Response:
        """Without a session."""
        given = {"content": content} if content is not None else {"json": body}
        return httpx.post(self.portal + path, **given, headers=headers, timeout=60)

    def get(self, path: str, **headers) -> httpx.Response:
        return httpx.get(self.portal + path, headers=headers, timeout=60)

    def submit(self, kind: str, given: object) -> httpx.Response:
        return self.worker.hand_in(self.tasks[kind], given)

    def raw(self, way: str, content: bytes, **headers) -> httpx.Response:
        """A body as it is, with everything else right."""
        task = self.tasks["boxes"]
        headers = {"X-CSRF-Token": task["csrf_token"], "Content-Type": "application/json"} | headers
        return self.worker.http.post(f"/api/tasks/{task['task']}/{way}", content=content, headers=headers)


def open_door(studio: Studio) -> Door:
    """``studio`` has two workers at least."""
    manifest = studio.manifest(*({"source-ref": uri} for uri in studio.pictures(2)))
    jobs = {
        "boxes": studio.create(manifest, **LONG),
        "mask": job_of_type(studio, "SemanticSegmentation", manifest, "mask-ref", **LONG),
        "class": job_of_type(studio, "ImageMultiClass", manifest, "class", **LONG),
    }
    worker, other = studio.workers()
    return Door(
        studio.stand_in.portal,
        Signer(studio.stand_in.home / "portal-secret"),
        studio.bucket,
        jobs["boxes"],
        worker,
        other,
        {kind: worker.claim(name) for kind, name in jobs.items()},
        {kind: other.claim(name) for kind, name in jobs.items()},
    )


Case = tuple[str, Callable[[Door], httpx.Response], int, str]


def cases(*given: Case) -> pytest.MarkDecorator:
    """Test cases: (what is sent, sending it, the status, a part of the reason)."""
    params = [pytest.param(*case[1:], id=case[0]) for case in given]
    return pytest.mark.parametrize(("send", "status", "reason"), params)


def check(reply: httpx.Response, status: int, reason: str) -> None:
    assert reply.status_code == status, (reply.status_code, reply.text[:500])
    told = reply.json()["error"] if "json" in reply.headers["content-type"] else reply.text
    assert reason in told, told
    assert len(told) <= 2000
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in reply.headers["content-security-policy"]
