"""A new loop from an old one: `labelloop new`."""

import re
import tempfile
from pathlib import Path

import yaml

from orchestration.loop import PROJECT, LoopError, load_loop

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
HEAD = """\
# The loop {name}, which began as a copy of {like}: say here what is to be found on which images.
# Every setting is explained in resources/loop.py; those that are left out here have the defaults given there.
"""
LOCATION = '''\
"""The code location of loops/{name}.yaml."""

import dagster as dg

from orchestration.definitions import build_definitions
from orchestration.loop import PROJECT, load_loop


@dg.definitions
def defs() -> dg.Definitions:
    return build_definitions(load_loop(PROJECT / "loops" / "{name}.yaml"))
'''
ENTRY = """\
  - python_module:
      module_name: orchestration.locations.{name}
      location_name: {name}
"""


def add_loop(name: str, like: Path, project: Path = PROJECT) -> Path:
    """Write the loop's file, its location's module and its entry in the workspace; returns the loop's file.

    Nothing that is there is written over. Raises LoopError.
    """
    if not NAME.fullmatch(name):
        raise LoopError(
            f"a loop cannot be named {name!r}: it takes up to 32 small letters, digits and underscores, and "
            "begins with a letter"
        )
    file, module = project / "loops" / f"{name}.yaml", project / "orchestration" / "locations" / f"{name}.py"
    workspace = project / "workspace.yaml"
    entries = extended_workspace(workspace.read_text(), name)
    for path in (file, module):
        if path.exists():
            raise LoopError(f"there is a loop {name} already: {path}")
    text = renamed(like, name)
    file.write_text(text)
    module.write_text(LOCATION.format(name=name))
    workspace.write_text(entries)
    return file


def renamed(like: Path, name: str) -> str:
    """The text of a loop's file, comments included, as that of another loop. Raises LoopError.

    A bucket of its own, except for a review: that has to be where the reviewed labels are.
    """
    changes = {"name": name}
    if load_loop(like).review is None:
        changes["bucket"] = f"labelloop-{name.replace('_', '-')}"
    body = re.sub(r"\A(#.*\n|\s*\n)*", "", like.read_text())
    for setting, value in changes.items():
        body = re.sub(rf"(?m)^{setting}:[^#\n]*?(?=\s*(#.*)?$)", f"{setting}: {value}", body, count=1)
    text = HEAD.format(name=name, like=like.name) + body
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / f"{name}.yaml"
        trial.write_text(text)
        if load_loop(trial).name != name:
            raise LoopError(f"{like}: its name must stand on a line of its own, like 'name: {name}'")
    return text


def extended_workspace(text: str, name: str) -> str:
    """The text of workspace.yaml with one more code location at its end, all comments kept."""
    known = [module["location_name"] for entry in load_from(text) for module in entry.values()]
    if name in known:
        raise LoopError(f"workspace.yaml: there is a code location {name} already")
    text = text.rstrip("\n") + "\n" + ENTRY.format(name=name)
    if len(load_from(text)) != len(known) + 1:
        raise LoopError("workspace.yaml: load_from must be the last thing in it")
    return text


def load_from(text: str) -> list[dict]:
    try:
        return yaml.safe_load(text)["load_from"]
    except (yaml.YAMLError, KeyError, TypeError) as problem:
        raise LoopError(f"workspace.yaml has no list load_from: {problem}") from problem
