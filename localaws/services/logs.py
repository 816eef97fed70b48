"""CloudWatch Logs: what jobs and functions print."""

import re
import sys

from localaws.api import AwsError, Identity
from localaws.services.log_filter import compile_filter
from localaws.services.log_lines import MOST_BYTES, MOST_EVENTS, LogLines, milliseconds, one_page, size_of
from localaws.services.parameters import page
from localaws.store import Store, Taken

DAY = 24 * 60 * 60 * 1000
RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731)
RETENTION_DAYS += (1096, 1827, 2192, 2557, 2922, 3288, 3653)


class Logs:
    """Log groups, streams and events. Events are read in the order of their arrival."""

    def __init__(self, store: Store, identity: Identity = Identity()):
        self.store = store
        self.identity = identity
        self.lines = LogLines(store)
        for group in store.all("log-group"):
            self._expire(group)

    def write(self, group: str, stream: str, *lines: str) -> None:
        """Append lines stamped now, in one commit; group and stream are made where they are missing."""
        now = milliseconds()
        with self.store.transaction():
            if not self.store.find("log-group", group):
                self.CreateLogGroup({"logGroupName": group})
            number = self.lines.find_stream(group, stream) or self.lines.add_stream(group, stream)
            self.lines.append(number, [(now, line) for line in lines])

    # Groups and streams

    def CreateLogGroup(self, params: dict) -> None:
        name = params["logGroupName"]
        arn = self.identity.arn("logs", f"log-group:{name}")
        described = {"arn": f"{arn}:*", "logGroupArn": arn, "creationTime": milliseconds()}
        try:
            self.store.add("log-group", name, {"logGroupClass": "STANDARD"} | params | described)
        except Taken:
            raise AwsError(
                "ResourceAlreadyExistsException", "The specified log group already exists"
            ) from None

    def DescribeLogGroups(self, params: dict) -> dict:
        part = params.get("logGroupNamePattern", "").lower()
        groups = self.store.all("log-group", params.get("logGroupNamePrefix", ""))
        groups, token = page(
            [group for group in groups if part in group["logGroupName"].lower()],
            lambda group: group["logGroupName"],
            size=params.get("limit", 50),
            token=params.get("nextToken"),
            refusal="InvalidParameterException",
        )
        stored = [{"storedBytes": self.lines.stored_bytes(group["logGroupName"])} for group in groups]
        return {"logGroups": [a | b for a, b in zip(groups, stored, strict=True)], "nextToken": token}

    def DeleteLogGroup(self, params: dict) -> None:
        group = self._group(params)
        with self.store.transaction():
            names = [stream["logStreamName"] for stream in self.lines.streams(group)]
            self.lines.delete_streams(self.lines.find_stream(group, name) for name in names)
            self.store.delete("log-group", group)

    def PutRetentionPolicy(self, params: dict) -> None:
        """Older events go now, and whenever the server starts."""
        days, group = params["retentionInDays"], self._group(params)
        if days not in RETENTION_DAYS:
            raise _invalid(f"retentionInDays is {days}, which is not one of {RETENTION_DAYS}")
        self._expire(self.store.update("log-group", group, retentionInDays=days))

    def DeleteRetentionPolicy(self, params: dict) -> None:
        self.store.update("log-group", self._group(params), retentionInDays=None)

    def CreateLogStream(self, params: dict) -> None:
        group, name = self._group(params), params["logStreamName"]
        with self.store.transaction():
            if self.lines.find_stream(group, name):
                raise AwsError("ResourceAlreadyExistsException", "The specified log stream already exists")
            self.lines.add_stream(group, name)

    def DescribeLogStreams(self, params: dict) -> dict:
        group, prefix = self._group(params), params.get("logStreamNamePrefix", "")
        by_time = params.get("orderBy") == "LastEventTime"
        if by_time and prefix:
            raise _invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")

        def order(stream: dict) -> str:
            time = f"{stream['lastEventTimestamp'] or 0:020d}/" if by_time else ""
            return time + stream["logStreamName"]

        streams, token = page(
            self.lines.streams(group, prefix),
            order,
            size=params.get("limit", 50),
            token=params.get("nextToken"),
            refusal="InvalidParameterException",
            descending=params.get("descending", False),
        )
        for stream in streams:
            resource = f"log-group:{group}:log-stream:{stream['logStreamName']}"
            stream["arn"] = self.identity.arn("logs", resource)
        return {"logStreams": streams, "nextToken": token}

    def DeleteLogStream(self, params: dict) -> None:
        self.lines.delete_streams([self._stream(params)])

    # Events

    def PutLogEvents(self, params: dict) -> dict:
        """Events of the last 14 days and up to two hours ahead are taken, the others reported as rejected."""
        stream, events, now = self._stream(params), params["logEvents"], milliseconds()
        times = [event["timestamp"] for event in events]
        size = size_of(event["message"] for event in events)
        if times != sorted(times):
            raise _invalid("Log events in a single PutLogEvents request must be in chronological order.")
        if len(events) > MOST_EVENTS or size > MOST_BYTES:
            raise _invalid(
                f"Upload too large: {len(events)} events of {size} bytes, limit {MOST_BYTES} bytes"
            )
        old = sum(moment < now - 14 * DAY for moment in times)
        fit = sum(moment <= now + DAY // 12 for moment in times)
        self.lines.append(stream, [(event["timestamp"], event["message"]) for event in events[old:fit]])
        rejected = {"tooOldLogEventEndIndex": old} if old else {}
        rejected |= {"tooNewLogEventStartIndex": fit} if fit < len(events) else {}
        return {
            "nextSequenceToken": str(self.lines.last_number(stream)),
            "rejectedLogEventsInfo": rejected or None,
        }

    def GetLogEvents(self, params: dict) -> dict:
        """Read on from a token, either way. Where there is nothing (yet), the token that came in goes out."""
        stream, token = self._stream(params), params.get("nextToken")
        if token is None:
            at_head = params.get("startFromHead")
            token = "f/0" if at_head else f"b/{self.lines.last_number(stream) + 1}"
        if not re.fullmatch(r"[fb]/\d{1,18}", token):
            raise _invalid(f"The specified nextToken is invalid: {token!r}")
        number = int(token[2:])
        forward = token.startswith("f")
        lines = self.lines.read(
            stream,
            after=number if forward else None,
            before=None if forward else number,
            window=_window(params),
            limit=params.get("limit", MOST_EVENTS),
        )
        # The forward token is the last number read, the backward one the first: neither reads it again.
        if lines:
            first, last = lines[0].number, lines[-1].number
        else:
            first, last = (number + 1, number) if forward else (number, number - 1)
        return {
            "events": [
                {"timestamp": line.timestamp, "ingestionTime": line.ingested, "message": line.message}
                for line in lines
            ],
            "nextForwardToken": f"f/{last}",
            "nextBackwardToken": f"b/{first}",
        }

    def FilterLogEvents(self, params: dict) -> dict:
        names, prefix = params.get("logStreamNames") or [], params.get("logStreamNamePrefix", "")
        token = params.get("nextToken") or "0"
        if names and prefix:
            raise _invalid("Only one of logStreamNames and logStreamNamePrefix can be given.")
        if not re.fullmatch(r"\d{1,18}", token):
            raise _invalid(f"The specified nextToken is invalid: {token!r}")
        try:
            matches = compile_filter(params.get("filterPattern") or "")
        except ValueError as problem:
            raise _invalid(str(problem)) from None
        lines = self.lines.search(
            self._group(params), prefix=prefix, names=names, after=int(token), window=_window(params)
        )
        matching = (line for line in lines if matches(line.message))
        found = list(one_page(matching, params.get("limit", MOST_EVENTS)))
        return {
            "events": [
                {
                    "eventId": str(line.number),
                    "logStreamName": line.stream,
                    "timestamp": line.timestamp,
                    "ingestionTime": line.ingested,
                    "message": line.message,
                }
                for line in found
            ],
            # Whether any line further on matches is not looked up: the last page may be empty, as on AWS.
            "nextToken": str(found[-1].number) if found and next(lines, None) else None,
        }

    def _group(self, params: dict) -> str:
        """The name of the group that a name, or an ARN with or without ``:*``, stands for."""
        given = params.get("logGroupName") or params.get("logGroupIdentifier")
        if not given:
            raise _invalid("Either logGroupName or logGroupIdentifier must be given.")
        name = given.partition(":log-group:")[2].removesuffix(":*") if given.startswith("arn:") else given
        if not self.store.find("log-group", name):
            raise AwsError("ResourceNotFoundException", f"The specified log group does not exist: {given}")
        return name

    def _stream(self, params: dict) -> int:
        group, name = self._group(params), params["logStreamName"]
        stream = self.lines.find_stream(group, name)
        if stream is None:
            raise AwsError("ResourceNotFoundException", f"The specified log stream does not exist: {name}")
        return stream

    def _expire(self, group: dict) -> None:
        if days := group.get("retentionInDays"):
            self.lines.delete_before(group["logGroupName"], milliseconds() - days * DAY)


def _window(params: dict) -> tuple[int, int]:
    return params.get("startTime", 0), params.get("endTime", sys.maxsize)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)
