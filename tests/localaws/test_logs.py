"""CloudWatch Logs, as boto3 and the AWS command line read what jobs print."""

import contextlib
import subprocess
import sys
import time
import uuid

import pytest
from botocore.exceptions import ClientError

DAY = 24 * 60 * 60 * 1000


def now() -> int:
    return int(time.time() * 1000)


def refused(code: str):
    return pytest.raises(ClientError, match=code)


@pytest.fixture
def logs(stand_in):
    return stand_in.client("logs")


@pytest.fixture
def group(logs) -> str:
    name = f"/test/{uuid.uuid4().hex}"
    logs.create_log_group(logGroupName=name)
    return name


def put(logs, group: str, stream: str, *messages: str, at: int | None = None) -> dict:
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    moment = at or now()
    events = [{"timestamp": moment + number, "message": text} for number, text in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def messages(answer: dict) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_following_a_job_reads_every_line_once_and_knows_the_end(logs, group):
    where = {"logGroupName": group, "logStreamName": "job/algo-1", "startFromHead": True}
    put(logs, group, "job/algo-1", "one", "two", "three")
    first = logs.get_log_events(**where, limit=2)
    rest = logs.get_log_events(**where, nextToken=first["nextForwardToken"])
    end = logs.get_log_events(**where, nextToken=rest["nextForwardToken"])
    assert (messages(first), messages(rest), messages(end)) == (["one", "two"], ["three"], [])
    assert end["nextForwardToken"] == rest["nextForwardToken"]
    put(logs, group, "job/algo-1", "four", at=now() - DAY)  # late news is news all the same
    assert messages(logs.get_log_events(**where, nextToken=end["nextForwardToken"])) == ["four"]


def test_without_startFromHead_the_newest_lines_come_first_and_the_older_behind(logs, group):
    where = {"logGroupName": group, "logStreamName": "job"}
    put(logs, group, "job", *"abcde")
    newest = logs.get_log_events(**where, limit=2)
    older = logs.get_log_events(**where, limit=2, nextToken=newest["nextBackwardToken"])
    oldest = logs.get_log_events(**where, nextToken=older["nextBackwardToken"])
    assert [messages(page) for page in (newest, older, oldest)] == [["d", "e"], ["b", "c"], ["a"]]
    assert messages(logs.get_log_events(**where, nextToken=older["nextForwardToken"])) == ["d", "e"]


def test_a_stream_that_is_empty_yet_can_be_followed(logs, group):
    put(logs, group, "other", "noise")
    logs.create_log_stream(logGroupName=group, logStreamName="job")
    where = {"logGroupName": group, "logStreamName": "job"}
    for head in (True, False):
        token = logs.get_log_events(**where, startFromHead=head)["nextForwardToken"]
        put(logs, group, "job", f"from head: {head}")
        assert messages(logs.get_log_events(**where, nextToken=token))[-1] == f"from head: {head}"


def test_an_answer_stays_under_a_megabyte_and_loses_nothing(logs, group):
    for number in range(3):
        put(logs, group, "long", f"{number}" + "x" * 600_000)
    answers, token = [], {}
    while not answers or answers[-1]:
        answer = logs.get_log_events(logGroupName=group, logStreamName="long", startFromHead=True, **token)
        answers.append([text[0] for text in messages(answer)])
        token = {"nextToken": answer["nextForwardToken"]}
    assert answers == [["0", "1"], ["2"], []]


def test_a_window_of_time_cuts_events(logs, group):
    start = now() - 1000
    put(logs, group, "job", "at 0", "at 1", "at 2", at=start)
    window = {"startTime": start + 1, "endTime": start + 2}
    answer = logs.get_log_events(logGroupName=group, logStreamName="job", **window)
    assert messages(answer) == ["at 1"]


def test_what_is_not_there_is_refused_by_name(logs, group):
    with refused("ResourceNotFoundException.*/no/such/group"):
        logs.get_log_events(logGroupName="/no/such/group", logStreamName="job")
    with refused("ResourceNotFoundException.*no-such-stream"):
        logs.get_log_events(logGroupName=group, logStreamName="no-such-stream")
    with refused("ResourceAlreadyExistsException"):
        logs.create_log_group(logGroupName=group)
    with refused("InvalidParameterException.*nextToken"):
        put(logs, group, "job", "a line")
        logs.get_log_events(logGroupName=group, logStreamName="job", nextToken="not a token")


def test_events_out_of_order_or_out_of_range_do_not_vanish_unnoticed(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="job")
    where = {"logGroupName": group, "logStreamName": "job"}
    moments = {"old": now() - 15 * DAY, "fit": now(), "new": now() + DAY}
    events = [{"timestamp": moment, "message": name} for name, moment in moments.items()]
    with refused("chronological order"):
        logs.put_log_events(**where, logEvents=events[::-1])
    rejected = logs.put_log_events(**where, logEvents=events)["rejectedLogEventsInfo"]
    assert rejected == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    assert messages(logs.get_log_events(**where)) == ["fit"]


def test_streams_are_found_by_prefix_by_page_and_by_last_event(logs, group):
    for number, name in enumerate(("job-b/1", "job-a/1", "job-b/2")):
        put(logs, group, name, "a line", at=now() + number * 1000)
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=group, logStreamNamePrefix="job-b/", PaginationConfig={"PageSize": 1}
    )
    assert [[stream["logStreamName"] for stream in page["logStreams"]] for page in pages] == [
        ["job-b/1"],
        ["job-b/2"],
    ]
    latest = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)
    names = [stream["logStreamName"] for stream in latest["logStreams"]]
    assert names == ["job-b/2", "job-a/1", "job-b/1"]
    assert latest["logStreams"][0]["lastEventTimestamp"] > latest["logStreams"][1]["lastEventTimestamp"]


def test_groups_are_found_by_prefix_and_by_page(logs, group):
    for number in range(3):
        logs.create_log_group(logGroupName=f"{group}/{number}")
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=f"{group}/", PaginationConfig={"PageSize": 2}
    )
    names = [[entry["logGroupName"] for entry in page["logGroups"]] for page in pages]
    assert names == [[f"{group}/0", f"{group}/1"], [f"{group}/2"]]


@pytest.mark.parametrize(
    "pattern, found",
    [
        ("", ["epoch=1 loss=2", "WARNING: slow", "epoch=2 loss=1"]),
        ("epoch", ["epoch=1 loss=2", "epoch=2 loss=1"]),
        ('epoch "loss=1"', ["epoch=2 loss=1"]),
        ("-epoch", ["WARNING: slow"]),
        ('?WARNING ?"epoch=1"', ["epoch=1 loss=2", "WARNING: slow"]),
    ],
)
def test_filter_patterns_find_lines_over_all_streams(logs, group, pattern, found):
    put(logs, group, "one", "epoch=1 loss=2")
    put(logs, group, "two", "WARNING: slow")
    put(logs, group, "one", "epoch=2 loss=1")
    assert messages(logs.filter_log_events(logGroupName=group, filterPattern=pattern)) == found


def test_filtering_pages_through_everything_and_says_which_stream(logs, group):
    for number in range(5):
        put(logs, group, f"job-{number % 2}", f"line {number}")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, logStreamNames=["job-0"], PaginationConfig={"PageSize": 2}
    )
    events = [event for page in pages for event in page["events"]]
    assert [event["message"] for event in events] == ["line 0", "line 2", "line 4"]
    assert {event["logStreamName"] for event in events} == {"job-0"}
    with refused("InvalidParameterException.*plain words"):
        logs.filter_log_events(logGroupName=group, filterPattern="{ $.level = 1 }")


def test_deleted_lines_are_gone_and_a_new_stream_of_the_name_starts_empty(logs, group):
    put(logs, group, "job", "a line")
    put(logs, group, "kept", "another")
    logs.delete_log_stream(logGroupName=group, logStreamName="job")
    assert messages(logs.filter_log_events(logGroupName=group)) == ["another"]
    logs.delete_log_group(logGroupName=group)
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="kept")
    assert messages(logs.get_log_events(logGroupName=group, logStreamName="kept")) == []


def test_a_retention_policy_removes_what_is_older(logs, group):
    put(logs, group, "job", "old", at=now() - 2 * DAY)
    put(logs, group, "job", "new")
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    assert messages(logs.filter_log_events(logGroupName=group)) == ["new"]
    described = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert described["retentionInDays"] == 1
    with refused("InvalidParameterException.*retentionInDays is 2"):
        logs.put_retention_policy(logGroupName=group, retentionInDays=2)


def test_acknowledged_lines_survive_a_killed_server(own_stand_in):
    logs = own_stand_in.client("logs")
    logs.create_log_group(logGroupName="/test")
    put(logs, "/test", "job", "one")
    where = {"logGroupName": "/test", "logStreamName": "job"}
    token = logs.get_log_events(**where)["nextForwardToken"]
    own_stand_in.kill()
    own_stand_in.start()
    logs = own_stand_in.client("logs")
    put(logs, "/test", "job", "two")
    assert messages(logs.get_log_events(**where, startFromHead=True)) == ["one", "two"]
    assert messages(logs.get_log_events(**where, nextToken=token)) == ["two"]


@pytest.mark.aws_cli
def test_the_command_line_reads_a_group(stand_in, logs, group):
    put(logs, group, "job", "a line for the terminal")
    command = [sys.executable, "-m", "awscli", "logs", "filter-log-events", "--log-group-name", group]
    result = subprocess.run(
        [*command, "--output", "text"], env=stand_in.environment, capture_output=True, text=True, timeout=60
    )
    assert "a line for the terminal" in result.stdout, result.stderr
