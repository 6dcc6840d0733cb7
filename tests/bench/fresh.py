"""One measured call in a process of its own, so that its peak memory is its own too."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path

import django


def peak_mb() -> float:
    """The most memory this process has held, in MB.

    On Linux from the kernel's high-water mark: getrusage also counts the moment between fork and
    exec, when the process was still its parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # bytes on macOS


def main(target: str, arguments: str) -> None:
    """Call the target and write the figures as one line of JSON."""
    django.setup()
    module, _, name = target.partition(":")
    function = getattr(importlib.import_module(module), name)
    began = time.perf_counter()
    value = function(**json.loads(arguments))
    seconds = time.perf_counter() - began
    figures = {"seconds": seconds, "peak_mb": round(peak_mb(), 1), "value": value}
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
