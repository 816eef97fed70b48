"""What a remote job prints, read from CloudWatch as it is written."""

from typing import Any

from botocore.exceptions import ClientError

from resources.aws import is_missing


class JobLogs:
    """The lines of all log streams of one job that were not returned before."""

    def __init__(self, client: Any, group: str, job: str):
        self.client = client
        self.group = group
        self.prefix = f"{job}/"  # SageMaker names the streams <job>/algo-1-<number>
        self.tokens: dict[str, str] = {}

    def new_lines(self) -> list[str]:
        try:
            streams = self.client.describe_log_streams(
                logGroupName=self.group, logStreamNamePrefix=self.prefix
            )["logStreams"]
            return [line for stream in streams for line in self._read(stream["logStreamName"])]
        except ClientError as error:
            if is_missing(error):  # group and streams appear with the first line
                return []
            raise

    def _read(self, stream: str) -> list[str]:
        lines = []
        while True:
            token = self.tokens.get(stream)
            page = self.client.get_log_events(
                logGroupName=self.group,
                logStreamName=stream,
                startFromHead=True,
                **({"nextToken": token} if token else {}),
            )
            lines += [event["message"].rstrip("\n") for event in page["events"]]
            self.tokens[stream] = page["nextForwardToken"]
            # CloudWatch gives the same token back at the end of the stream.
            if page["nextForwardToken"] == token:
                return lines
