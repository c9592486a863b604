"""What the commands need of a network: parameters, and samples to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradc.faces.models import Model as Network
    from gradc.frontend.network_spec import NetworkSpec
    from gradc_runtime.data import Dataset
    from gradc_runtime.diagnostics import Diagnosis

SAMPLES = 64
"""How many random samples stand in for data, ..."""
_MOST_RANDOM_VALUES = 2**24
"""... if they are not too large."""


def seed_of(spec: NetworkSpec) -> int:
    """The seed in the ``[train]`` table, else 0."""
    return 0 if spec.train_table is None else spec.train_table.seed


def parameters(network: Network, checkpoint: Path | None = None) -> list[NDArray[Any]]:
    """The seeded initial parameters, or those of a checkpoint.

    Raises
    ------
    CheckpointError
        When the file is no checkpoint of this network.
    """
    initial = network.initial(seed_of(network.spec))
    if checkpoint is None:
        return initial
    from gradc_runtime.checkpoint import load_checkpoint

    return load_checkpoint(checkpoint, initial).params


def dataset(spec: NetworkSpec, path: Path, dtype: np.dtype[Any] | None = None) -> Dataset:
    """Read a data file for a network.

    Raises
    ------
    DataError
        With everything that is wrong with it.
    """
    from gradc_runtime.data import load_dataset

    return load_dataset(
        path,
        shape=spec.input,
        outputs=spec.outputs,
        target="values" if spec.loss.type == "mse" else "labels",
        dtype=spec.dtype if dtype is None else dtype,
    )


def first_batch(
    network: Network, data: Path | None = None
) -> tuple[NDArray[Any], NDArray[Any], str]:
    """The first samples of a network's data, else random ones, and where they are from.

    Returns
    -------
    x, y : ndarray
        Of the network's dtype; labels are int64.
    str
        For people.
    """
    spec = network.spec
    path = data if data is not None else _data_of(spec)
    if path is None:
        x, y = random_batch(network)
        return x, y, f"{len(x)} random samples"
    found = dataset(spec, path, network.dtype.numpy)
    size = SAMPLES if spec.train_table is None else spec.train_table.batch_size
    count = min(size, len(found))
    return found.x[:count], found.y[:count], f"the first {count} samples of {path}"


def random_batch(network: Network) -> tuple[NDArray[Any], NDArray[Any]]:
    """Seeded samples and targets."""
    import numpy as np

    spec = network.spec
    rng = np.random.Generator(np.random.PCG64(seed_of(spec)))
    largest = max(spec.features, *(layer.units for layer in spec.layers))
    count = min(SAMPLES, max(1, _MOST_RANDOM_VALUES // largest))
    x = rng.normal(size=(count, spec.features)).astype(network.dtype.numpy)
    if spec.loss.type == "mse":
        return x, rng.normal(size=(count, spec.outputs)).astype(network.dtype.numpy)
    return x, rng.integers(0, spec.outputs, count)


def uncompiled(network: Network) -> Network:
    """The same network as array statements, for what runs too rarely to pay for a compilation."""
    from gradc.faces.models import Model
    from gradc.options import Options

    options = Options(target="python", style="numpy")
    return Model(network.path, options, network.dtype, network.spec)


def diagnosis_of(
    network: Network, params: Sequence[NDArray[Any]], x: NDArray[Any], y: NDArray[Any]
) -> Diagnosis:
    """Measure and judge each layer on a batch."""
    from gradc.frontend.network import parameters_of
    from gradc_runtime.diagnostics import diagnose, layer_row

    _, gradients = network.value_and_grad(params, x, y)
    outputs = uncompiled(network).layers(params, x)
    rows = []
    own = list(zip(parameters_of(network.spec), params, gradients, strict=True))
    for index, (layer, given) in enumerate(zip(network.spec.layers, outputs, strict=True)):
        mine = [(value, bar) for parameter, value, bar in own if parameter.layer == index]
        rows.append(
            layer_row(
                f"layer {index + 1}",
                layer.type,
                params=[value for value, _ in mine],
                grads=[bar for _, bar in mine],
                output=given,
            )
        )
    return diagnose(rows)


def _data_of(spec: NetworkSpec) -> Path | None:
    return None if spec.data_table is None else spec.data_table.train
