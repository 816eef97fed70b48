"""Tags of anything that has an ARN: training jobs, endpoints, labeling jobs, work teams."""

from localaws.api import AwsError
from localaws.store import Store

KIND = "Tags"
MOST = 50


class Tags:
    """One document per ARN. Tags are {"Key", "Value"}, as in AWS's requests."""

    def __init__(self, store: Store):
        self.store = store

    def put(self, arn: str, tags: list[dict]) -> list[dict]:
        """Add tags, replacing those of the same key; returns all."""
        with self.store.transaction():
            values = self._values(arn) | {tag["Key"]: tag["Value"] for tag in tags}
            if len(values) > MOST:
                raise AwsError(
                    "ValidationException", f"{arn} would have {len(values)} tags; {MOST} is the most"
                )
            if values:
                self.store.replace(KIND, arn, {"values": values})
        return as_list(values)

    def forget(self, arn: str) -> None:
        self.store.delete(KIND, arn)

    def AddTags(self, params: dict) -> dict:
        return {"Tags": self.put(params["ResourceArn"], params["Tags"])}

    def ListTags(self, params: dict) -> dict:
        values = self._values(params["ResourceArn"])
        after, size = params.get("NextToken", ""), params.get("MaxResults", MOST)
        rest = [tag for tag in as_list(values) if tag["Key"] > after]
        page = {"Tags": rest[:size]}
        return page | ({"NextToken": rest[size - 1]["Key"]} if len(rest) > size else {})

    def DeleteTags(self, params: dict) -> dict:
        arn = params["ResourceArn"]
        with self.store.transaction():
            values = self._values(arn)
            for key in params["TagKeys"]:
                values.pop(key, None)
            self.store.replace(KIND, arn, {"values": values})
        return {}

    def _values(self, arn: str) -> dict[str, str]:
        return (self.store.find(KIND, arn) or {"values": {}})["values"]


def as_list(values: dict[str, str]) -> list[dict]:
    return [{"Key": key, "Value": value} for key, value in sorted(values.items())]
