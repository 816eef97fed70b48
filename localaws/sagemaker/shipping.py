"""What containers print, brought to CloudWatch Logs line by line; a restarted server goes on where it was."""

import time
from pathlib import Path
from typing import Protocol

CHUNK = 1024 * 1024  # bytes read at once
PAUSE = 1.0  # seconds: lines of a server under load are stored together, not each for itself
LONGEST = 200_000  # bytes of one event; CloudWatch's own limit is 256 KB


class Logs(Protocol):
    def write(self, group: str, stream: str, *lines: str) -> None: ...


class Shipper:
    def __init__(self, logs: Logs):
        self.logs = logs

    def ship(self, log: Path, group: str, stream: str, *, to_the_end: bool) -> None:
        """Send the lines that are new, unless some were sent a moment ago; a last line without its newline
        only ``to_the_end``, which does not wait."""
        mark = log.with_suffix(".shipped")
        try:
            size = log.stat().st_size
        except FileNotFoundError:
            return
        sent = mark.exists()
        if sent and not to_the_end and 0 <= time.time() - mark.stat().st_mtime < PAUSE:
            return
        offset = int(mark.read_text()) if sent else 0
        while offset < size:
            with open(log, "rb") as file:
                file.seek(offset)
                chunk = file.read(CHUNK)
            complete = chunk[: chunk.rfind(b"\n") + 1]
            if not complete and (to_the_end or len(chunk) >= LONGEST):
                complete = chunk
            if not complete:
                return
            self.logs.write(group, stream, *lines_of(complete))
            offset += len(complete)
            # After the lines: a crash between the two repeats some of them and loses none.
            draft = mark.with_suffix(".draft")
            draft.write_text(str(offset))
            draft.replace(mark)


def lines_of(data: bytes) -> list[str]:
    lines = []
    for line in data.split(b"\n")[: -1 if data.endswith(b"\n") else None]:
        text = line.rstrip(b"\r").decode(errors="replace")
        lines += [text[start : start + LONGEST] for start in range(0, len(text), LONGEST)] or [""]
    return lines
