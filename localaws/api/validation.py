"""The constraints of a service model, checked with AWS's words.

botocore's own ParamValidator is made for clients: it knows no maximum, pattern or enumeration.
"""

import re
from collections.abc import Iterator
from functools import cache

from botocore.model import Shape

LONGEST_SHOWN = 1000  # characters of a refused value that its message repeats

# The models' patterns are Java's. What Python's re lacks of them: classes, which are used inside of brackets
# and stand here for at least the characters they have in Java, and a few spellings.
JAVA_TO_PYTHON = {
    r"\p{L}": r"\w",
    r"\p{M}": "\u0300-\u036f\u0900-\u0903\u093a-\u094f\u20d0-\u20ff\ufe00-\ufe0f",
    r"\p{N}": r"\d\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u209c\u2150-\u218b\u2460-\u249b",
    r"\p{P}": r"!-#%-*,-/:;?@\[-\]_{}\u00a1-\u00bf\u2010-\u205e\u3001-\u3030\uff01-\uff0f",
    r"\p{S}": r"$+<=>^`|~\u00a2-\u00b8\u00d7\u00f7\u02c2-\u02ff\u2044-\u2bff\U0001f000-\U0001faff",
    r"\p{Z}": r" \u00a0\u2000-\u200a\u2028\u2029\u202f\u3000",
    r"\p{Zs}": r" \u00a0\u2000-\u200a\u202f\u3000",
    r"\p{Alnum}": "0-9A-Za-z",
    r"\p{Graph}": "!-~",
    r"\p{Print}": " -~",
    r"\p{ASCII}*": r"[\x00-\x7f]*",
    r"\uD800\uDC00-\uDBFF\uDFFF": "\U00010000-\U0010ffff",
    r"[\w-_]": r"[\w\-]",
    r"\z": r"\Z",
    ")${": ")(?:$){",
}


def violations(value: object, shape: Shape, path: str = "") -> Iterator[str]:
    """One sentence for each constraint that ``value``, already of the shape's type, does not satisfy."""
    kind, limits = shape.type_name, shape.metadata

    def broken(rule: str) -> str:
        return f"Value {_shown(value, shape)}at '{path}' failed to satisfy constraint: Member must {rule}"

    if kind == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                where = _below(path, name)
                yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
        for name, member in value.items():
            yield from violations(member, shape.members[name], _below(path, name))
    elif kind == "list":
        for number, member in enumerate(value, 1):
            yield from violations(member, shape.member, f"{path}.{number}.member")
    elif kind == "map":
        for key, member in value.items():
            yield from violations(key, shape.key, f"{path}.{key}.key")
            yield from violations(member, shape.value, f"{path}.{key}.member")

    if kind in ("list", "map", "string", "blob"):
        if len(value) < limits.get("min", 0):
            yield broken(f"have length greater than or equal to {limits['min']}")
        if len(value) > limits.get("max", len(value)):
            yield broken(f"have length less than or equal to {limits['max']}")
    if kind == "string":
        if shape.enum and value not in shape.enum:
            yield broken(f"satisfy enum value set: [{', '.join(shape.enum)}]")
        if "pattern" in limits and not matches(limits["pattern"], value):
            yield broken(f"satisfy regular expression pattern: {limits['pattern']}")
    if kind in ("integer", "long", "float", "double"):
        if value < limits.get("min", value):
            yield broken(f"have value greater than or equal to {limits['min']}")
        if value > limits.get("max", value):
            yield broken(f"have value less than or equal to {limits['max']}")


def matches(pattern: str, text: str) -> bool:
    """True as well for a pattern that only Java can read (none in the models of today)."""
    expression = compiled(pattern)
    return expression is None or expression.fullmatch(text) is not None


@cache
def compiled(pattern: str) -> re.Pattern | None:
    for java, python in JAVA_TO_PYTHON.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _below(path: str, name: str) -> str:
    """AWS writes the path of a member in camel case: inputConfig.dataSource."""
    return f"{path}.{name[0].lower()}{name[1:]}".lstrip(".")


def _shown(value: object, shape: Shape) -> str:
    if shape.metadata.get("sensitive") or shape.type_name in ("blob", "structure"):
        return ""
    text = str(value)
    return f"'{text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + '...'}' "
