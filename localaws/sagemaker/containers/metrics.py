"""MetricDefinitions: regular expressions that find numbers in what a training job prints."""

import re
import time


class Metrics:
    """The last value of each metric; ``definitions`` are AWS's [{"Name", "Regex"}]."""

    def __init__(self, definitions: list[dict]):
        self.patterns = [(definition["Name"], re.compile(definition["Regex"])) for definition in definitions]
        self.last: dict[str, dict] = {}

    def observe(self, line: str) -> None:
        for name, pattern in self.patterns:
            for match in pattern.finditer(line):
                try:
                    value = float(match[1])
                except (ValueError, TypeError, IndexError):  # no number, or no group: CloudWatch drops it too
                    continue
                self.last[name] = {"MetricName": name, "Value": value, "Timestamp": time.time()}

    @property
    def final(self) -> list[dict]:
        return list(self.last.values())
