"""A policy's grants -> the devices that a box shows beside the harmless ones: what computes, and what is named."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable

# NVIDIA, AMD, Intel and others (DRM), and Windows' subsystem for Linux. None of them holds files or hears a keyboard.
COMPUTING = ("/dev/nvidia*", "/dev/kfd", "/dev/dri", "/dev/accel", "/dev/dxg")
_PLACE = "/dev/"


def computing() -> list[str]:
    """What libraries compute on and is here."""
    return [path for pattern in COMPUTING for path in sorted(glob.glob(pattern))]


def devices(named: Iterable[str], reads_all: bool) -> tuple[str, ...]:
    """Those that are here: of ``named`` resolved paths the ones in /dev, and where everything is readable, what
    libraries compute on.
    """
    found = [one for one in named if one.startswith(_PLACE)]
    if reads_all:
        found += computing()
    return tuple(dict.fromkeys(one for one in found if os.path.exists(one)))
