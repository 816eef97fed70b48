"""Policy documents: whether one is well formed, and what several of them decide together.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html, for one account and
identity-based policies. Policy variables (``${aws:username}``) stand for themselves.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple


def like(value: str, pattern: str) -> bool:
    """IAM's wildcards: ``*`` for any characters, ``?`` for one."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _equal_ignoring_case(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


COMPARISONS = {
    "StringEquals": str.__eq__,
    "StringEqualsIgnoreCase": _equal_ignoring_case,
    "StringLike": like,
    "ArnEquals": like,
    "ArnLike": like,
    "Bool": _equal_ignoring_case,
}


class Decision(NamedTuple):
    """``verdict`` is allowed, explicitDeny or implicitDeny."""

    verdict: str
    missing: list[str]  # context keys that a condition asked for and the request lacked


def read_policy(text: str, *, trust: bool = False) -> dict:
    """The document of a permissions policy, or of a ``trust`` policy. Raises ValueError that says why not."""
    try:
        document = json.loads(text)
    except ValueError as problem:
        raise ValueError(f"Syntax errors in policy: {problem}") from None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise ValueError("Missing required field Statement")
    for statement in _list(document["Statement"]):
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise ValueError("A statement must have the Effect Allow or Deny")
        if not statement.get("Action") and not statement.get("NotAction"):
            raise ValueError("Policy statement must contain actions.")
        if trust and not statement.get("Principal"):
            raise ValueError("Missing required field Principal")
        if trust and statement.get("Resource"):
            raise ValueError("Has prohibited field Resource")
        if not trust and statement.get("Principal"):
            raise ValueError("Policy document should not specify a principal.")
        if not trust and not statement.get("Resource") and not statement.get("NotResource"):
            raise ValueError("Policy statement must contain resources.")
    return document


def decide(
    documents: Iterable[dict], action: str, resource: str, context: Mapping[str, list[str]]
) -> Decision:
    """Any Deny that applies wins, then any Allow. ``context`` is by lower-case key.

    Raises ValueError for a condition operator that is not known here.
    """
    effects, missing = set(), set()
    for document in documents:
        for statement in _list(document["Statement"]):
            if not _applies(statement, "Action", action.lower(), lower=True):
                continue
            if not _applies(statement, "Resource", resource):
                continue
            unmet = [
                key
                for operator, keys in statement.get("Condition", {}).items()
                for key, wanted in keys.items()
                if not _holds(operator, context.get(key.lower()), [str(one) for one in _list(wanted)])
            ]
            missing |= {key for key in unmet if key.lower() not in context}
            if not unmet:
                effects.add(statement["Effect"])
    verdict = "explicitDeny" if "Deny" in effects else "allowed" if "Allow" in effects else "implicitDeny"
    return Decision(verdict, sorted(missing))


def _applies(statement: dict, element: str, value: str, *, lower: bool = False) -> bool:
    """Whether Action, or NotAction, takes the value in; likewise Resource."""
    patterns = _list(statement.get(element) or statement.get(f"Not{element}"))
    found = any(like(value, pattern.lower() if lower else pattern) for pattern in patterns)
    return found if element in statement else not found


def _holds(operator: str, values: list[str] | None, wanted: list[str]) -> bool:
    """One operator over one key; ``values`` is None where the request has no such key."""
    if operator == "Null":
        return (values is None) == (wanted[0].lower() == "true")
    quantifier, _, name = operator.rpartition(":")
    name, if_exists = name.removesuffix("IfExists"), name.endswith("IfExists")
    negated = "Not" in name
    compare = COMPARISONS.get(name.replace("Not", ""))
    if compare is None or quantifier not in ("", "ForAnyValue", "ForAllValues"):
        raise ValueError(f"the condition operator {operator} is not known to the stand-in")
    if values is None:
        return if_exists or negated or quantifier == "ForAllValues"
    matches = [any(compare(value, one) for one in wanted) != negated for value in values]
    return all(matches) if quantifier == "ForAllValues" or negated else any(matches)


def _list(value: object) -> list:
    return value if isinstance(value, list) else [value]
