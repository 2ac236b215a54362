"""The peak of memory that a run needs besides what is there before."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path

import torch

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
#: What one writes to have the high-water mark of resident memory start anew.
PEAK = "5"


def peak(run: Callable[[], object], device: str) -> int | None:
    """Bytes by which ``run`` raises the peak of memory; ``None`` where the system does not tell.

    On the CPU it is resident memory of the process (Linux), on a GPU what PyTorch's allocator handed out.  Run it once
    before: what is loaded or laid at the first call is not counted then.
    """
    gc.collect(1)  # the young ones, such as the last run's; all would take longer than most runs
    if device.startswith("cuda"):
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return torch.cuda.max_memory_allocated() - before
    try:
        _give_back()
        CLEAR.write_text(PEAK)
        resident = _status("VmRSS")
        run()
        return max(0, _status("VmHWM") - resident)
    except (OSError, KeyError):
        return None


def _give_back() -> None:
    """Return freed memory to the system: what the allocator keeps would be used again, and not be seen."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _status(key: str) -> int:
    """Bytes that the kernel tells of this process."""
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines() if ":" in line)
    return 1024 * int(lines[key].split()[0])


__all__ = ["peak"]
