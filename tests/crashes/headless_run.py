"""A loop from photographs to endpoint in one process, for tests that kill it: LOOP_FILE COCO_FILE HOME."""

import sys
from pathlib import Path

from demo.crowd import run_crowd
from orchestration.headless import HeadlessLoop
from orchestration.home import Home
from orchestration.loop import load_loop
from orchestration.photographs import upload
from resources.aws import Aws
from resources.object_store import ObjectStore
from vision.exchange import read_coco


def main(loop_file: Path, coco: Path, home: Path) -> None:
    loop, store = load_loop(loop_file), ObjectStore(aws=Aws())
    list(upload(read_coco(coco).images, loop, store))
    with Home(home).dagster_instance() as instance:
        HeadlessLoop(loop, instance, store).run(
            label=lambda: run_crowd(truth=coco, workers=3, job_prefix=loop.slug), announce=print
        )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
