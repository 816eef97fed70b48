"""How traffic moves from an endpoint's old fleet to its new one: in steps, each watched for a while."""

import math

from localaws.sagemaker.preconditions import invalid

AT_ONCE = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
LONGEST = 8 * 3600  # seconds for an update whose request sets no MaximumExecutionTimeoutInSeconds

# Each mode of shifting traffic -> the member that says how much of it, and the least and most percent.
SIZES = {"CANARY": ("CanarySize", 1, 50), "LINEAR": ("LinearStepSize", 10, 50)}


def plan(config: dict | None, instances: int, now: float) -> dict:
    """The deployment of a new fleet, as it is kept in ``fleet["deployment"]``. Raises AwsError.

    ``steps`` are the new fleet's shares of the traffic, one after the other; ``step`` is the one it is at,
    None until all its instances answer. Alarms are watched during ``baking`` seconds after each step; the old
    fleet waits ``termination`` seconds more when the last one is over.
    """
    config = config or {}
    if "RollingUpdatePolicy" in config:
        raise invalid("DeploymentConfig.RollingUpdatePolicy is not implemented by the stand-in")
    policy = config.get("BlueGreenUpdatePolicy", {})
    routing = policy.get("TrafficRoutingConfiguration", AT_ONCE)
    steps, baking = steps_of(routing, instances), routing["WaitIntervalInSeconds"]
    termination = policy.get("TerminationWaitInSeconds", 0)
    longest = policy.get("MaximumExecutionTimeoutInSeconds", LONGEST)
    waiting = len(steps) * baking + termination
    if waiting >= longest:
        raise invalid(
            f"DeploymentConfig.BlueGreenUpdatePolicy: {len(steps)} steps of {baking} seconds and "
            f"TerminationWaitInSeconds {termination} add up to {waiting}: MaximumExecutionTimeoutInSeconds, "
            f"{longest}, must be larger"
        )
    alarms = config.get("AutoRollbackConfiguration", {}).get("Alarms", [])
    return {
        "steps": steps,
        "step": None,
        "started": now,
        "since": now,
        "baking": baking,
        "termination": termination,
        "deadline": now + longest,
        "alarms": [alarm["AlarmName"] for alarm in alarms],
    }


def steps_of(routing: dict, instances: int) -> list[float]:
    """Growing shares of the traffic; the last one is all of it. Raises AwsError."""
    where, kind = "DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration", routing["Type"]
    for mode, (member, _, _) in SIZES.items():
        if member in routing and mode != kind:
            raise invalid(f"{where}: {member} belongs to type {mode}, not {kind}")
    if kind == "ALL_AT_ONCE":
        return [1.0]
    member, least, most = SIZES[kind]
    if member not in routing:
        raise invalid(f"{where}: type {kind} needs {member}")
    size = routing[member]
    percent = size["Value"] if size["Type"] == "CAPACITY_PERCENT" else 100 * size["Value"] / instances
    if not least <= percent <= most:
        raise invalid(
            f"{where}.{member}: {size['Value']} ({size['Type']}) is {percent:g} percent of the new fleet's "
            f"{instances} instances; it must be {least} to {most}"
        )
    if kind == "CANARY":
        return [percent / 100, 1.0]
    return [min(1.0, number * percent / 100) for number in range(1, math.ceil(100 / percent) + 1)]


def advance(deployment: dict, now: float) -> dict | None:
    """The deployment of a healthy fleet one step further: unchanged while it waits, None when it is over."""
    step, waited = deployment["step"], now - deployment["since"]
    if step is None:
        return deployment | {"step": 0, "since": now}
    last = step == len(deployment["steps"]) - 1
    if waited < deployment["baking"] + (deployment["termination"] if last else 0):
        return deployment
    return None if last else deployment | {"step": step + 1, "since": now}


def is_watched(deployment: dict, now: float) -> bool:
    """Whether an alarm calls the update back; not any more while the old fleet just waits for its end."""
    last = deployment["step"] == len(deployment["steps"]) - 1
    return bool(deployment["alarms"]) and not (last and now - deployment["since"] > deployment["baking"])


def share(fleet: dict | None) -> float:
    """Of the traffic, for a fleet that is being deployed."""
    deployment = fleet["deployment"] if fleet else {"step": None}
    return 0.0 if deployment["step"] is None else deployment["steps"][deployment["step"]]


def serving(document: dict) -> list[tuple[dict, float]]:
    """An endpoint's fleets that answer now, each with its share of the traffic."""
    if document["fleet"] is None:
        return []
    green = share(document["next"])
    shares = [(document["fleet"], 1 - green), (document["next"], green)]
    return [(fleet, part) for fleet, part in shares if part > 0]


def stage(deployment: dict, now: float) -> dict:
    """What a variant of the new fleet is doing, as DescribeEndpoint's PendingDeploymentSummary shows it."""
    if deployment["step"] is None:
        status, message = "Creating", "The new instances are being started"
    else:
        percent = round(100 * deployment["steps"][deployment["step"]])
        baking = now - deployment["since"] < deployment["baking"]
        status = "Baking" if baking else "ActivatingTraffic"
        message = f"{percent} percent of the traffic goes to the new instances"
    return {"Status": status, "StatusMessage": message, "StartTime": deployment["since"]}
