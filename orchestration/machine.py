"""What this machine is and has, for what is measured and tested on it."""

import os
import platform
import shutil
from pathlib import Path

BF16_FLAGS = {"avx512_bf16", "amx_bf16"}


def machine() -> str:
    """In one line: processor, cores this process may use, bfloat16 or not, how busy the machine is."""
    facts = _processor_facts()
    name = facts.get("model name") or platform.processor() or platform.machine()
    bfloat16 = "bfloat16" if BF16_FLAGS & set(facts.get("flags", "").split()) else "no bfloat16"
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return f"{name}, {cores()} cores, {bfloat16}, {platform.system()}, load {load:.1f}"


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def chromium() -> str | None:
    """The path of a browser without windows; of two the shell, which takes half of the time."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


def _processor_facts() -> dict[str, str]:
    """Of the first processor that Linux knows; empty elsewhere."""
    file = Path("/proc/cpuinfo")
    if not file.exists():
        return {}
    lines = file.read_text().partition("\n\n")[0].splitlines()
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
