"""On what a number was measured: the machine and the versions that go into every report."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "seal-lsp",
    "torch",
    "onnxruntime",
    "transformers",
    "peft",
    "tokenizers",
    "griffelib",
    "jedi",
    "tree-sitter-python",
    "bm25s",
)

_HELD_BY = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS", "OMP_NUM_THREADS")


def machine() -> dict:
    """Processor, with what holds it to less than it can, memory and system; no host name."""
    import psutil

    held = ", ".join(f"{name}={os.environ[name]}" for name in _HELD_BY if os.environ.get(name))
    return {
        "processor": _processor() + (f" ({held})" if held else ""),
        "physical_cores": psutil.cpu_count(logical=False),
        "logical_cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_average": [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def versions(*more: str) -> dict[str, str]:
    """Of Python, of what shapes the numbers, and of `more` where it is installed."""
    found = {"python": platform.python_version()}
    for package in (*PACKAGES, *more):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
