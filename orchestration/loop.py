"""Loops as files: loops/<name>.yaml becomes a checked Loop, or an error that says what to write instead."""

import difflib
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from resources.loop import Loop

PROJECT = Path(__file__).resolve().parents[1]
DEFAULT_LOOP = PROJECT / "loops" / "foods_and_cosmetics.yaml"


class LoopError(ValueError):
    """A loop's file cannot be used; one line for each thing that is wrong in it."""


def find_loop(name: str) -> Path:
    """The file of a loop, given by its path or, if it is one of ours, by its name. Raises LoopError."""
    known = {file.stem: file for file in sorted((PROJECT / "loops").glob("*.yaml"))}
    if name in known and not Path(name).is_file():
        return known[name]
    if not Path(name).is_file():
        raise LoopError(
            f"there is no loop {name}: give the path of a loop's file, or one of {', '.join(known)}"
        )
    return Path(name)


def load_loop(path: Path | str) -> Loop:
    """Read a loop's file. Raises LoopError, which names file, field, value and what would be right."""
    path = Path(path)
    try:
        settings = yaml.load(path.read_text(), Loader=_NoDuplicates)
    except OSError as error:
        raise LoopError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LoopError(f"{path}: not YAML: {error}") from error
    if not isinstance(settings, dict):
        raise LoopError(f"{path}: expected settings like 'name: my_loop', found {settings!r}")
    try:
        loop = Loop(**{str(name): value for name, value in settings.items()})
    except ValidationError as error:
        lines = [f"{path}: {_explain(problem)}" for problem in error.errors()]
        raise LoopError("\n".join(lines)) from error
    template = loop.labeling.template
    if template and not (PROJECT / template).is_file():
        raise LoopError(f"{path}: labeling.template: there is no file {PROJECT / template}")
    return loop


class _NoDuplicates(yaml.SafeLoader):
    """YAML lets the last of two equal keys win in silence; here the second is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                mark = node.value[number][0].start_mark
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands there twice", mark)
        return super().construct_mapping(node, deep)


def _explain(problem: dict[str, Any]) -> str:
    place, kind = problem["loc"], problem["type"]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    message = problem["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return f"{field}: there is no such setting{_hint(place)}"
    if kind == "missing":
        return f"{field}: must be given"
    if kind == "string_pattern_mismatch":
        message = f"must match {problem['ctx']['pattern']}"
    value = "" if isinstance(problem["input"], dict) else f" (found {problem['input']!r})"
    return f"{field}: {message}{value}" if field else message


def _hint(place: tuple[int | str, ...]) -> str:
    settings: type[BaseModel] = Loop
    for part in place[:-1]:
        kinds = settings.model_fields[str(part)].annotation
        settings = next(kind for kind in (*get_args(kinds), kinds) if kind is not type(None))
    names = list(settings.model_fields)
    close = difflib.get_close_matches(str(place[-1]), names, n=1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(names)}"
