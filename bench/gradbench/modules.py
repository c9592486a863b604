"""What each function of each eval is: how its input is read, what is called, what is answered."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gradc
from bench.gradbench.functions import (
    ba,
    det,
    gmm,
    hello,
    ht,
    kmeans,
    llsq,
    lse,
    lstm,
    ode,
    particle,
    saddle,
)
from gradc.faces.functions import Differentiated
from gradc.faces.program import Derivative
from gradc.options import Mode, Options

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Task:
    """One function of an eval.

    Attributes
    ----------
    read : callable
        From the input of a message to the arguments of `call`; not timed.
    call : callable
        What is timed.
    write : callable
        From the result to what JSON can say.
    """

    read: Callable[[Any], tuple[Any, ...]]
    call: Callable[..., Any]
    write: Callable[[Any], Any] = float


class Primal(Differentiated):
    """The function itself, compiled; nested gradients included."""

    mode: Mode = "primal"

    def finish(self, derivative: Derivative, results: list[Any]) -> Any:
        """Arrange the results as the function does."""
        return derivative.outputs(derivative.value_tree, results)


def primal(function: Callable[..., Any]) -> Primal:
    """Compile a function as it is."""
    return Primal(function, 0, False, Options())


def _list(array: Any) -> Any:
    return np.asarray(array).tolist()


def _array(given: Mapping[str, Any], name: str) -> Array:
    return np.array(given[name], dtype=np.float64)


# -- reading and writing ----------------------------------------------------------------------


def _read_llsq(given: Mapping[str, Any]) -> tuple[Any, ...]:
    return _array(given, "x"), given["n"]


def _read_lse(given: Mapping[str, Any]) -> tuple[Any, ...]:
    return (_array(given, "x"),)


def _read_ode(given: Mapping[str, Any]) -> tuple[Any, ...]:
    return _array(given, "x"), given["s"]


def _read_det(given: Mapping[str, Any]) -> tuple[Any, ...]:
    return _array(given, "A"), given["ell"]


def _read_gmm(given: Mapping[str, Any]) -> tuple[Any, ...]:
    arrays = (_array(given, name) for name in ("alpha", "mu", "q", "l", "x"))
    d, gamma, m = given["d"], float(given["gamma"]), given["m"]
    n = d + m + 1
    gammas = 0.25 * d * (d - 1) * math.log(math.pi)
    gammas += sum(math.lgamma(0.5 * (n - j)) for j in range(d))
    normal = given["k"] * (n * d * (math.log(gamma) - 0.5 * math.log(2.0)) - gammas)
    return *arrays, gamma, m, normal


def _read_gmm_arrays(given: Mapping[str, Any]) -> tuple[Any, ...]:
    *arrays, gamma, m, normal = _read_gmm(given)
    columns, rows = np.triu_indices(given["d"], 1)
    return *arrays, rows, columns, gamma, m, normal


def _write_gmm(gradients: tuple[Array, ...]) -> dict[str, Any]:
    return dict(zip(("alpha", "mu", "q", "l"), map(_list, gradients), strict=True))


def _read_kmeans(given: Mapping[str, Any]) -> tuple[Any, ...]:
    return _array(given, "centroids"), _array(given, "points")


def _read_lstm(given: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(_array(given, n) for n in ("main_params", "extra_params", "state", "sequence"))


def _write_lstm(gradients: tuple[Array, ...]) -> list[float]:
    return [float(each) for gradient in gradients for each in gradient.ravel()]


def _read_ba(given: Mapping[str, Any]) -> tuple[Any, ...]:
    """The same camera, point and feature over and over, as the eval has it."""
    cameras, points, count = given["n"], given["m"], given["p"]
    numbers = np.arange(count)
    return (
        np.tile(_array(given, "cam"), (cameras, 1)),
        np.tile(_array(given, "x"), (points, 1)),
        np.full(count, given["w"]),
        np.stack([numbers % cameras, numbers % points], axis=1),
        np.tile(_array(given, "feat"), (count, 1)),
    )


def _write_ba(results: tuple[Array, Array]) -> dict[str, Any]:
    errors, weight_errors = results
    return {
        "reproj_error": {"elements": _list(errors[0]), "repeated": len(errors)},
        "w_err": {"element": float(weight_errors[0]), "repeated": len(weight_errors)},
    }


_BA_JACOBIAN = primal(ba.jacobian)


def _ba_jacobian(cameras: Array, points: Array, *others: Array) -> tuple[Any, ...]:
    """The blocks, the slopes, and the columns where points and weights begin."""
    blocks, slopes = _BA_JACOBIAN(cameras, points, *others)
    return blocks, slopes, cameras.size, cameras.size + points.size


def _write_ba_jacobian(results: tuple[Any, ...]) -> dict[str, Any]:
    """The first block and the last entry of the sparse matrix, as the eval compares them."""
    blocks, slopes, first_point, first_weight = results
    count = len(blocks)
    row = [*range(11), *range(first_point, first_point + 3), first_weight]
    return {
        "rows": [*range(0, 15 * 30, 15), 30 * count + count],
        "cols": [*row, *row, first_weight + count - 1],
        "vals": [*_list(blocks[0].ravel()), float(slopes[-1])],
    }


def _read_ht(given: Mapping[str, Any]) -> tuple[Any, ...]:
    data, model = given["data"], given["data"]["model"]
    us = (np.array(given["us"], dtype=np.float64),) if len(given["us"]) else ()
    triangles = (np.array(model["triangles"]),) if us else ()
    return (
        _array(given, "theta"),
        *us,
        np.array(model["parents"]),
        _array(model, "base_relatives"),
        _array(model, "inverse_base_absolutes"),
        _array(model, "base_positions"),
        _array(model, "weights"),
        bool(model["is_mirrored"]),
        np.array(data["correspondences"]),
        _array(data, "points"),
        *triangles,
    )


def _errors(*arguments: Any) -> Any:
    return (_SIMPLE if len(arguments) == 9 else _COMPLICATED)(*arguments)


_SIMPLE, _COMPLICATED = primal(ht.objective), primal(ht.objective_complicated)


_BY_ANGLES = gradc.jacfwd(ht.objective)
_BY_ANGLES_AND_POINTS = gradc.jacfwd(ht.objective_shifted, argnums=(0, 1))


def _ht_jacobian(*arguments: Any) -> list[Array]:
    """By both coordinates of each point, where there are such, and by each angle."""
    if len(arguments) == 9:
        return [_BY_ANGLES(*arguments)]
    theta, *others = arguments
    by_angles, by_points = _BY_ANGLES_AND_POINTS(theta, np.zeros(2), *others)
    return [by_points, by_angles]


def _write_ht(blocks: list[Array]) -> Any:
    rows = [block.reshape(-1, block.shape[-1]) for block in blocks]
    return _list(np.concatenate(rows, axis=1))


def _read_particle(given: Mapping[str, Any]) -> tuple[Any, ...]:
    return (float(given["w"]),)


def _read_saddle(given: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(map(float, given["start"]))


# -- the table --------------------------------------------------------------------------------

Module = Mapping[str, Task]


def _gmm(function: Callable[..., Any], read: Callable[[Any], tuple[Any, ...]]) -> Module:
    gradient = gradc.grad(function, argnums=(0, 1, 2, 3))
    return {
        "objective": Task(read, primal(function)),
        "jacobian": Task(read, gradient, _write_gmm),
    }


def _kmeans(cost: Callable[..., Any], direction: Callable[..., Any]) -> Module:
    return {
        "cost": Task(_read_kmeans, primal(cost)),
        "dir": Task(_read_kmeans, primal(direction), _list),
    }


def _lstm(function: Callable[..., Any]) -> Module:
    gradient = gradc.grad(function, argnums=(0, 1))
    return {
        "objective": Task(_read_lstm, primal(function)),
        "jacobian": Task(_read_lstm, gradient, _write_lstm),
    }


def _lse(function: Callable[..., Any]) -> Module:
    return {
        "primal": Task(_read_lse, primal(function)),
        "gradient": Task(_read_lse, gradc.grad(function), _list),
    }


MODULES: Mapping[tuple[str, str], Module] = {
    ("hello", "loops"): {
        "square": Task(lambda x: (float(x),), primal(hello.square)),
        "double": Task(lambda x: (float(x),), gradc.grad(hello.square)),
    },
    ("llsq", "loops"): {
        "primal": Task(_read_llsq, primal(llsq.primal)),
        "gradient": Task(_read_llsq, gradc.grad(llsq.primal), _list),
    },
    ("lse", "loops"): _lse(lse.primal),
    ("lse", "arrays"): _lse(lse.primal_arrays),
    ("gmm", "loops"): _gmm(gmm.objective, _read_gmm),
    ("gmm", "arrays"): _gmm(gmm.objective_arrays, _read_gmm_arrays),
    ("kmeans", "loops"): _kmeans(kmeans.cost, kmeans.direction),
    ("kmeans", "arrays"): _kmeans(kmeans.cost_arrays, kmeans.direction_arrays),
    ("ba", "loops"): {
        "objective": Task(_read_ba, primal(ba.objective), _write_ba),
        "jacobian": Task(_read_ba, _ba_jacobian, _write_ba_jacobian),
    },
    ("ht", "loops"): {
        "objective": Task(_read_ht, _errors, lambda errors: _list(errors.ravel())),
        "jacobian": Task(_read_ht, _ht_jacobian, _write_ht),
    },
    ("lstm", "loops"): _lstm(lstm.objective),
    ("lstm", "arrays"): _lstm(lstm.objective_arrays),
    ("ode", "loops"): {
        "primal": Task(_read_ode, primal(ode.primal), _list),
        "gradient": Task(_read_ode, gradc.grad(ode.last), _list),
    },
    ("det", "loops"): {
        "primal": Task(_read_det, primal(det.primal)),
        "gradient": Task(_read_det, gradc.grad(det.primal), _list),
    },
    ("particle", "loops"): {
        modes: Task(_read_particle, primal(function)) for modes, function in particle.MODES.items()
    },
    ("saddle", "loops"): {
        modes: Task(_read_saddle, primal(function), list)
        for modes, function in saddle.MODES.items()
    },
}
"""By module and form: the tasks by the name of their function."""
