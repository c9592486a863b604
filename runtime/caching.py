"""Where numba may keep what it has compiled."""

from __future__ import annotations

import os
import types
from pathlib import Path


def can_cache(function: types.FunctionType) -> bool:
    """Whether numba's cache folder can be made and written to beside the file."""
    folder = Path(function.__code__.co_filename).parent
    return os.access(folder, os.W_OK) and os.access(folder, os.X_OK)
