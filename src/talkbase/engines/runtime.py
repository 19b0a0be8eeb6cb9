"""What all engines share: how many threads to use, and a clear error where a runtime is not installed."""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType

from talkbase.errors import MissingExtra


def cores() -> int:
    """Processors that this process may use: containers and `taskset` give it fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def require(module: str, extra: str) -> ModuleType:
    """The module, imported now; MissingExtra with the pip command where it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"{module.partition('.')[0]} is not installed.", hint=f"Run: pip install 'talkbase[{extra}]'"
        ) from error
