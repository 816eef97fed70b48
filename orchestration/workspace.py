"""Which loops `labelloop up` shows: each is a code location, in a process of its own."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import yaml

from orchestration.loop import PROJECT, LoopError, load_loop
from resources.aws import Aws
from resources.object_store import ObjectStore

LOCATION = '''"""Written by `labelloop up`: the code location of one loop."""

from orchestration.definitions import build_definitions
from orchestration.loop import load_loop

defs = build_definitions(load_loop({file!r}))
'''


def named_loops(files: Iterable[Path]) -> dict[str, Path]:
    """The files by the names of their loops. Raises LoopError for a mistake, and for a name given twice."""
    loops: dict[str, Path] = {}
    for file in dict.fromkeys(file.resolve() for file in files):
        _add(loops, load_loop(file).name, file)
    return loops


def every_loop(last: Path) -> tuple[dict[str, Path], list[str]]:
    """All of loops/ and the last demo's, by name, and what is wrong with them in words.

    A file with a mistake goes by its own name: it takes no other loop down, and its code location tells the
    mistake in the UI too. Raises LoopError for a name given twice.
    """
    files = [*sorted((PROJECT / "loops").glob("*.yaml")), *([last] if last.is_file() else [])]
    loops: dict[str, Path] = {}
    problems = []
    for file in dict.fromkeys(file.resolve() for file in files):
        try:
            name = load_loop(file).name
        except LoopError as problem:
            problems.append(str(problem))
            name = file.stem
        _add(loops, name, file)
    return loops, problems


def write_workspace(folder: Path, loops: Mapping[str, Path]) -> Path:
    """A workspace.yaml in ``folder`` with a code location for each loop, named after it."""
    modules = folder / "locations"
    modules.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, file in loops.items():
        module = modules / f"loop_{name}.py"  # a loop may be called like a module: json, assets
        module.write_text(LOCATION.format(file=str(file)))
        location = {
            "relative_path": str(module),
            "location_name": name,
            "working_directory": str(PROJECT),
        }
        entries.append({"python_file": location})
    workspace = folder / "workspace.yaml"
    workspace.write_text(yaml.safe_dump({"load_from": entries}))
    return workspace


def make_buckets(loops: Mapping[str, Path]) -> None:
    """A bucket for each loop that has none: sensors look into it from the first tick on."""
    for file in loops.values():
        with suppress(LoopError):  # told already
            loop = load_loop(file)
            ObjectStore(aws=Aws(region=loop.region)).ensure_bucket(loop.bucket)


def _add(loops: dict[str, Path], name: str, file: Path) -> None:
    if name in loops:
        raise LoopError(
            f"{loops[name]} and {file} are both named {name}: rename one of them, or say with --loop which "
            "loops to show"
        )
    loops[name] = file
