"""What the laws are computed with, dtype and device: refused before anything runs if it is not there."""

from __future__ import annotations

import torch

from unmask.properties.subjects.spelling import did_you_mean

#: Floating-point types of torch, and what people call them elsewhere.
DTYPES = ("float64", "float32", "float16", "bfloat16")
_OTHER_NAMES = {
    "double": "float64",
    "f64": "float64",
    "fp64": "float64",
    "float": "float32",
    "single": "float32",
    "f32": "float32",
    "fp32": "float32",
    "half": "float16",
    "fp16": "float16",
    "bf16": "bfloat16",
}
_OTHER_DEVICES = {"gpu": "cuda", "nvidia": "cuda", "rocm": "cuda", "hip": "cuda", "metal": "mps", "apple": "mps"}


def check_dtype(dtype: str) -> None:
    """Refuse what is not the name of a floating-point type.

    Raises
    ------
    ValueError : with the name that was meant, where there is one.
    """
    if dtype not in DTYPES:
        meant = _OTHER_NAMES.get(str(dtype).removeprefix("torch."))
        close = f"; did you mean {meant!r}?" if meant else did_you_mean(str(dtype), DTYPES)
        raise ValueError(f"no dtype named {dtype!r} (there are {', '.join(DTYPES)}){close}")


def check_device(device: str) -> None:
    """Refuse a device that torch does not know, or that this machine does not have.

    Raises
    ------
    ValueError : which of the two, and why.
    """
    name = str(device)
    try:
        found = torch.device(name)
    except RuntimeError as problem:
        kind = name.partition(":")[0]
        meant = _OTHER_DEVICES.get(kind.lower())
        close = f"; did you mean {meant!r}?" if meant else did_you_mean(kind, ("cpu", "cuda", "mps", "xpu"))
        raise ValueError(f"no device named {name!r}{close}") from problem
    if found.type == "cuda":
        # Asked without using it: whoever has started CUDA cannot fork any more.
        if not torch.cuda.is_available():
            how = "no GPU is found" if torch.version.cuda or torch.version.hip else "torch was built without CUDA"
            raise ValueError(f"device {name!r} is not on this machine: {how} (torch {torch.__version__})")
        if (found.index or 0) >= torch.cuda.device_count():
            raise ValueError(f"device {name!r} is not on this machine: it has {torch.cuda.device_count()}, from cuda:0")
    elif found.type != "cpu":
        try:
            torch.zeros(1, device=found).item()
        except Exception as problem:
            why = str(problem).strip().partition("\n")[0]
            raise ValueError(f"device {name!r} cannot be used on this machine: {why}") from problem


__all__ = ["DTYPES", "check_device", "check_dtype"]
