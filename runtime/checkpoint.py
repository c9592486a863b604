"""Checkpoints: all that training goes on from, in one ``.npz`` file without pickle.

The file holds the arrays ``param_i``, ``optimiser_NAME`` and ``meta``: the bytes of a JSON text
with the counters, the generator's state, the history and what the run was started with.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradc_runtime.divergence import all_finite
from gradc_runtime.files import write_atomically
from gradc_runtime.npz import NpzError, read_npz

FORMAT = 1


class CheckpointError(ValueError):
    """The checkpoint cannot be read, or belongs to another model, data or training."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training run after a whole number of steps.

    Attributes
    ----------
    params : list of ndarray
        The parameters.
    optimiser : dict
        What `Optimiser.state` returned.
    meta : dict
        Everything else, fit for JSON.
    """

    params: list[NDArray[Any]]
    optimiser: dict[str, NDArray[Any]]
    meta: dict[str, Any]


def save_arrays(path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]]) -> Path:
    """Write named number arrays to an ``.npz`` file, whole or not at all.

    Raises
    ------
    ValueError
        When an array holds NaN or infinity, or anything but numbers. Nothing is written then.
    OSError
        As `write_atomically` does.
    """
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{name} holds {array.dtype}, not numbers")
        if not all_finite(array):
            raise ValueError(f"{name} holds NaN or infinity; it was not saved")
    stream = io.BytesIO()
    # not np.savez: it takes names as keywords, and they must not be those of its own parameters
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
    return write_atomically(path, stream.getvalue())


def save_checkpoint(path: str | os.PathLike[str], checkpoint: Checkpoint) -> Path:
    """Write a checkpoint; see `save_arrays`."""
    text = json.dumps({"format": FORMAT, **checkpoint.meta}, allow_nan=False)
    arrays: dict[str, NDArray[Any]] = {"meta": np.frombuffer(text.encode(), dtype=np.uint8)}
    arrays |= {f"param_{index}": param for index, param in enumerate(checkpoint.params)}
    arrays |= {f"optimiser_{name}": array for name, array in checkpoint.optimiser.items()}
    return save_arrays(path, arrays)


def load_checkpoint(path: str | os.PathLike[str], params: Sequence[NDArray[Any]]) -> Checkpoint:
    """Read a checkpoint for parameters of the shapes and dtypes of ``params``.

    Raises
    ------
    CheckpointError
        When there is no such file, it is no checkpoint or damaged, or the parameters do not fit.
    """
    file = Path(path)
    try:
        arrays = read_npz(file)
    except FileNotFoundError:
        raise CheckpointError(f"{file}: no such checkpoint") from None
    except OSError as error:
        raise CheckpointError(f"{file}: cannot be read: {error.strerror or error}") from None
    except NpzError as error:
        raise CheckpointError(f"{file}: {error}") from None
    try:
        meta = json.loads(arrays["meta"].astype(np.uint8).tobytes())
        supported = meta["format"] == FORMAT
    except (KeyError, TypeError, ValueError, RecursionError):
        raise CheckpointError(f"{file}: is not a checkpoint, or is damaged") from None
    if not supported:
        raise CheckpointError(f"{file}: was written by another version of gradc")
    saved = _in_order(arrays, "param_")
    here, there = _layout(params), _layout(saved)
    if here != there:
        raise CheckpointError(
            f"{file}: belongs to another model: its parameters are {there}, the model's are {here}"
        )
    if not all(all_finite(array) for array in arrays.values()):
        raise CheckpointError(f"{file}: is damaged: it holds NaN or infinity")
    optimiser = {
        name.removeprefix("optimiser_"): array
        for name, array in arrays.items()
        if name.startswith("optimiser_")
    }
    return Checkpoint(saved, optimiser, meta)


def _in_order(arrays: Mapping[str, NDArray[Any]], prefix: str) -> list[NDArray[Any]]:
    found: list[NDArray[Any]] = []
    while (name := f"{prefix}{len(found)}") in arrays:
        found.append(arrays[name])
    return found


def _layout(params: Sequence[NDArray[Any]]) -> str:
    return ", ".join(f"{p.dtype}{list(p.shape)}" for p in params) or "none"
