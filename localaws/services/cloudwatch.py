"""CloudWatch's alarms, set by hand: the stand-in measures no metrics, so no state changes by itself."""

import json
import time

from localaws.api import AwsError, Identity
from localaws.services.parameters import page
from localaws.store import Store

ALARM = "alarm"
MOST = 100  # alarms on one page
SINGLE_METRIC = ("MetricName", "Namespace")


class CloudWatch:
    """An alarm starts with INSUFFICIENT_DATA, as on AWS, and has the state of the last SetAlarmState."""

    def __init__(self, store: Store, identity: Identity):
        self.store = store
        self.identity = identity

    def PutMetricAlarm(self, params: dict) -> None:
        name, now = params["AlarmName"], time.time()
        if missing := [member for member in SINGLE_METRIC if member not in params]:
            raise invalid(f"{', '.join(missing)}: the stand-in keeps alarms on one metric, which needs both")
        unchecked = state("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
        known = self.store.find(ALARM, name) or unchecked
        kept = {member: known[member] for member in known if member.startswith("State")}
        document = {key: value for key, value in params.items() if key != "Tags"} | kept
        document |= {
            "AlarmArn": self.identity.arn("cloudwatch", f"alarm:{name}"),
            "AlarmConfigurationUpdatedTimestamp": now,
            "ActionsEnabled": params.get("ActionsEnabled", True),
        }
        self.store.replace(ALARM, name, document)

    def DescribeAlarms(self, params: dict) -> dict:
        names, wanted = params.get("AlarmNames"), params.get("StateValue")
        prefix = params.get("AlarmNamePrefix", "")
        if "AlarmNames" in params and prefix:
            raise invalid("give AlarmNames or AlarmNamePrefix, not both")
        alarms = [
            alarm
            for alarm in self.store.all(ALARM, prefix)
            if (names is None or alarm["AlarmName"] in names) and wanted in (None, alarm["StateValue"])
        ]
        alarms, token = page(
            alarms,
            lambda alarm: alarm["AlarmName"],
            size=params.get("MaxRecords", MOST),
            token=params.get("NextToken"),
            refusal="InvalidNextToken",
        )
        return {"MetricAlarms": alarms, "CompositeAlarms": [], "NextToken": token}

    def SetAlarmState(self, params: dict) -> None:
        name, data = params["AlarmName"], params.get("StateReasonData")
        try:
            json.loads(data or "{}")
        except ValueError as problem:
            raise AwsError("InvalidFormat", f"StateReasonData is not JSON: {problem}") from None
        changes = state(params["StateValue"], params["StateReason"]) | {"StateReasonData": data}
        try:
            self.store.update(ALARM, name, **changes)
        except KeyError:
            raise AwsError("ResourceNotFound", f"There is no alarm {name}", 404) from None

    def DeleteAlarms(self, params: dict) -> None:
        """All or none, as on AWS."""
        if missing := [name for name in params["AlarmNames"] if self.store.find(ALARM, name) is None]:
            raise AwsError("ResourceNotFound", f"There is no alarm {', '.join(missing)}", 404)
        for name in params["AlarmNames"]:
            self.store.delete(ALARM, name)


def state(value: str, reason: str) -> dict:
    now = time.time()
    return {
        "StateValue": value,
        "StateReason": reason,
        "StateUpdatedTimestamp": now,
        "StateTransitionedTimestamp": now,
    }


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterCombination", message)
