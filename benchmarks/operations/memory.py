"""What becomes of memory that is freed, and the peak of memory that a run needs besides what is there before.

By default glibc gives tensors of more than 32 MiB back to the system at once.  The next one is then made of new pages,
each of which costs more than the arithmetic on it.  Other allocators, those of GPUs among them, keep it.  Which of two
operations is faster can hang on that alone, so that both are measured.
"""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal

import torch

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
#: What one writes to have the high-water mark of resident memory start anew.
PEAK = "5"
#: What `mallopt` calls the settings, and these in bytes, or mappings, for each policy.  All tensors of more than a page
#: or two are seen as they come and go while memory is measured.
TRIM, MMAP_THRESHOLD, MMAP_MAX = -1, -3, -4
NEVER = -1
POLICIES = {
    "kept": {MMAP_MAX: 0, TRIM: NEVER},
    "given back": {MMAP_MAX: 65536, MMAP_THRESHOLD: 2**25, TRIM: 2**25},
    "seen": {MMAP_MAX: 65536, MMAP_THRESHOLD: 2**14, TRIM: 2**14},
    "as begun": {
        setting: min(int(os.environ.get(name, default)), 2**31 - 1)
        for setting, name, default in (
            (MMAP_MAX, "MALLOC_MMAP_MAX_", 65536),
            (MMAP_THRESHOLD, "MALLOC_MMAP_THRESHOLD_", 2**25),
            (TRIM, "MALLOC_TRIM_THRESHOLD_", 2**26),
        )
    },
}
Policy = Literal["kept", "given back", "seen", "as begun"]


def freed(policy: Policy) -> bool:
    """From now on, memory that is freed is kept and used again, or given back; whether this allocator does as told.

    What it has kept so far is given back.  Only glibc does as told.
    """
    library = _library()
    if not hasattr(library, "mallopt"):
        return False
    done = [library.mallopt(setting, value) for setting, value in POLICIES[policy].items()]
    library.malloc_trim(0)
    return all(answer == 1 for answer in done)


@cache
def _library() -> Any:
    """The C library of the process."""
    return ctypes.CDLL(None)


def peak(run: Callable[[], object], device: str) -> int | None:
    """Bytes by which ``run`` raises the peak of memory; ``None`` where the system does not tell.

    On the CPU it is resident memory of the process (Linux), on a GPU what PyTorch's allocator handed out.  Run it once
    before: what is loaded or laid at the first call is not counted then.  Afterwards memory is freed "as begun".
    """
    gc.collect(1)  # the young ones, such as the last run's; all would take longer than most runs
    if device.startswith("cuda"):
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return torch.cuda.max_memory_allocated() - before
    try:
        # What the allocator keeps would be used again, and not be seen.
        freed("seen")
        CLEAR.write_text(PEAK)
        resident = _status("VmRSS")
        run()
        return max(0, _status("VmHWM") - resident)
    except (OSError, KeyError):
        return None
    finally:
        freed("as begun")


def _status(key: str) -> int:
    """Bytes that the kernel tells of this process."""
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines() if ":" in line)
    return 1024 * int(lines[key].split()[0])


__all__ = ["Policy", "freed", "peak"]
