"""In which precision the network computes."""

import platform
from functools import cache
from pathlib import Path

import torch


def precision(device: torch.device) -> torch.autocast:
    """bfloat16 where the processor computes in it; elsewhere it would be slower than single precision."""
    fast = torch.cuda.is_bf16_supported() if device.type == "cuda" else cpu_computes_in_bfloat16()
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


@cache
def cpu_computes_in_bfloat16() -> bool:
    if platform.system() != "Linux":
        return False
    flags = set(Path("/proc/cpuinfo").read_text().split())
    return bool(flags & {"avx512_bf16", "amx_bf16"})
