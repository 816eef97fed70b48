"""The house's one rule about imports: arrows point downward. See docs/architecture.md."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# room -> the rooms of this project that it may import
MAY_IMPORT = {
    "vision": {"vision"},
    "resources": {"resources", "vision"},
    "assets": {"assets", "resources", "vision"},
    "orchestration": {"orchestration", "assets", "resources", "vision"},
    "orchestration/demonstration": {"orchestration", "assets", "resources", "vision", "demo"},
    "lambdas": set(),
    "detector": set(),
    "demo": {"demo", "vision"},
    "localaws": {"localaws"},
    "localaws/api": {"localaws.api"},
    "localaws/store.py": set(),
    "localaws/groundtruth": {"localaws.api", "localaws.store", "localaws.groundtruth"},
}
ROOMS = {name.partition("/")[0] for name in MAY_IMPORT}
LONGEST = 400  # lines of a source file
HEAVY = {"torch", "sagemaker", "onnxruntime", "onnx", "pandas", "faster_coco_eval"}


def room_of(path: Path) -> str:
    relative = path.relative_to(ROOT).as_posix()
    return max((room for room in MAY_IMPORT if relative.startswith(room)), key=len)


def imported_modules(tree: ast.AST, path: Path) -> set[str]:
    package = path.relative_to(ROOT).parent.parts
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            # `from localaws import store` names a module in its alias: check both readings.
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names if module in ROOMS}
            names -= {module} if module in ROOMS else set()
    return names


def source_files() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("path", source_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_import_points_upward(path):
    allowed = MAY_IMPORT[room_of(path)]
    for name in imported_modules(ast.parse(path.read_text()), path):
        if name.partition(".")[0] not in ROOMS:
            continue
        assert any(name == room or name.startswith(room + ".") for room in allowed), (
            f"{path.relative_to(ROOT)} imports {name}; it may import {sorted(allowed) or 'nothing'}"
        )


@pytest.mark.parametrize("path", source_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_dagster_loads_imports_nothing_heavy(path):
    if room_of(path) == "detector":
        pytest.skip("runs in the training and serving containers, not in Dagster")
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            )
            assert not HEAVY & {name.partition(".")[0] for name in names}, f"{path}:{node.lineno}"


def test_no_file_grows_a_second_reason_to_change():
    """Tests and the portal's scripts too; what other programs write, and style sheets, may be long."""
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines())
        for folder in (*sorted(ROOMS), "tests", "benchmarks")
        for suffix in ("py", "js", "sh", "yaml")
        for path in (ROOT / folder).rglob(f"*.{suffix}")
    }
    assert len(lengths) > 400, "the files were not found"
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}
