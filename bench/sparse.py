"""Sparse Jacobians and Hessians: ``python -m bench.sparse``.

Each row times a matrix beside one evaluation of the compiled function that it belongs to, and,
where they are installed, CasADi's matrix and JAX's products along the same colours (JAX has
neither patterns nor colourings of its own). For bundle adjustment they map the Jacobian of one
sighting over all, which is how one writes it there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bench.common import (
    Subject,
    Table,
    Times,
    interleaved,
    is_installed,
    start_over_with_one_thread,
)


def laplacian(u: Any) -> Any:
    """The residual of ``-laplace(u) + exp(u) = 0`` on a grid."""
    r = 4.0 * u
    r[1:] -= u[:-1]
    r[:-1] -= u[1:]
    r[:, 1:] -= u[:, :-1]
    r[:, :-1] -= u[:, 1:]
    return r + np.exp(u)


def rosenbrock(x: Any) -> Any:
    """The chained Rosenbrock function."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def banded(x: Any) -> Any:
    """Broyden's banded function (problem 31 of Moré, Garbow and Hillstrom, 1981)."""
    n = len(x)
    r = np.empty(n)
    for i in range(n):
        total = 0.0
        for j in range(max(i - 5, 0), min(i + 2, n)):
            if j != i:
                total += x[j] * (1.0 + x[j])
        r[i] = x[i] * (2.0 + 5.0 * x[i] * x[i]) + 1.0 - total
    return r


def banded_by_slices(x: Any) -> Any:
    """The same as slices, for those that have no loops."""
    t, n = x * (1.0 + x), x.shape[0]
    r = x * (2.0 + 5.0 * x * x) + 1.0
    for k in range(1, 6):
        r = r.at[k:].add(-t[: n - k])
    return r.at[: n - 1].add(-t[1:])


def reprojection(cameras: Any, points: Any, of_camera: Any, of_point: Any, seen: Any) -> Any:
    """Bundle adjustment: where each point appears to each camera, less where it was seen.

    A camera is a rotation vector, a translation, a focal length and two distortions (Snavely's
    model, as in "Bundle Adjustment in the Large", Agarwal and others, 2010).
    """
    n = len(of_camera)
    r = np.empty((n, 2))
    for k in range(n):
        c, p = of_camera[k], of_point[k]
        wx, wy, wz = cameras[c, 0], cameras[c, 1], cameras[c, 2]
        angle = np.sqrt(wx * wx + wy * wy + wz * wz + 1e-30)
        ax, ay, az = wx / angle, wy / angle, wz / angle
        px, py, pz = points[p, 0], points[p, 1], points[p, 2]
        cos, sin = np.cos(angle), np.sin(angle)
        along = (ax * px + ay * py + az * pz) * (1.0 - cos)
        x = px * cos + (ay * pz - az * py) * sin + ax * along + cameras[c, 3]
        y = py * cos + (az * px - ax * pz) * sin + ay * along + cameras[c, 4]
        z = pz * cos + (ax * py - ay * px) * sin + az * along + cameras[c, 5]
        u, v = -x / z, -y / z
        square = u * u + v * v
        scale = cameras[c, 6] * (1.0 + cameras[c, 7] * square + cameras[c, 8] * square * square)
        r[k, 0] = scale * u - seen[k, 0]
        r[k, 1] = scale * v - seen[k, 1]
    return r


def scene(cameras: int, points: int, seen: int) -> tuple[Any, ...]:
    """Arguments of :func:`reprojection`."""
    rng = np.random.default_rng(0)
    views = np.column_stack(
        [
            rng.normal(0.0, 0.1, (cameras, 3)),
            rng.normal(0.0, 0.1, (cameras, 2)),
            np.full(cameras, -5.0),
            np.full(cameras, 500.0),
            np.zeros((cameras, 2)),
        ]
    )
    where = rng.integers(0, cameras, seen), rng.integers(0, points, seen)
    return views, rng.normal(size=(points, 3)), *where, rng.normal(size=(seen, 2))


def measure(rounds: int, words: Sequence[str] = ()) -> Table:
    """Time the matrices in whose names one of the words occurs; all without words."""
    import gradc

    rng = np.random.default_rng(0)
    grid, line = rng.normal(size=(300, 300)), rng.normal(size=1_000_000)
    cases: list[tuple[str, Callable[..., Any], tuple[Any, ...], Any]] = [
        (LAPLACIAN, laplacian, (grid,), gradc.sparse_jacobian(laplacian)),
        (ROSENBROCK, rosenbrock, (line,), gradc.sparse_hessian(rosenbrock)),
        (
            BUNDLE,
            reprojection,
            scene(50, 10_000, 100_000),
            gradc.sparse_jacobian(reprojection, argnums=(0, 1)),
        ),
    ]
    cases += [
        (banded_name(size), banded, (line[:size],), gradc.sparse_jacobian(banded))
        for size in BANDED
    ]
    columns = (
        *("", "entries", "colours", "first", "matrix"),
        *("for an entry", "over one evaluation", "CasADi", "JAX"),
    )
    table = Table("Sparse Jacobians and Hessians", columns)
    for name, function, args, matrix in cases:
        if words and not any(word in name for word in words):
            continue
        table.add(name, *_row(name, function, args, matrix, rounds))
    table.notes.append(
        "first: the first call, with compiling, the pattern and the colouring. CasADi: its matrix, "
        "as a function evaluated by its virtual machine. JAX: jit of its products along gradc's "
        "colours, which are not yet a matrix. Both for bundle adjustment: the Jacobian of one "
        "sighting, mapped over all of them, as dense blocks."
    )
    return table


def _row(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], matrix: Any, rounds: int
) -> Sequence[str | Times]:
    from gradc.bridges.scipy import compiled

    began = time.perf_counter()
    found = matrix(*args)
    first = time.perf_counter() - began
    parts = found if isinstance(found, tuple) else (found,)
    value = compiled(function)
    subjects = {
        "matrix": Subject(lambda: matrix(*args)),
        "value": Subject(lambda: value(*args)),
    }
    colours = matrix.colours(*args)
    if is_installed("casadi"):
        subjects["CasADi"] = CASADI[name](args, parts)
    if is_installed("jax"):
        subjects["JAX"] = JAX[name](args, colours, parts)
    times = interleaved(subjects, rounds, "cpu")
    entries = sum(part.nnz for part in parts)
    return (
        f"{entries:,}",
        str(colours.max() + 1),
        f"{first:.1f} s",
        times["matrix"],
        f"{times['matrix'].median / entries * 1e9:.1f} ns",
        f"{times['matrix'].over(times['value']):.1f}",
        times.get("CasADi", "-"),
        times.get("JAX", "-"),
    )


def _casadi_laplacian(args: tuple[Any, ...], wanted: Sequence[Any]) -> Subject:
    import casadi

    (grid,) = args
    u = casadi.SX.sym("u", *grid.shape)
    r = 4.0 * u
    r[1:, :] -= u[:-1, :]
    r[:-1, :] -= u[1:, :]
    r[:, 1:] -= u[:, :-1]
    r[:, :-1] -= u[:, 1:]
    r = r + casadi.exp(u)
    # its matrices are stored by columns: transposed, they have the order of NumPy's
    derivative = casadi.jacobian(casadi.vec(r.T), casadi.vec(u.T))
    function = casadi.Function("jacobian", [u], [derivative])
    np.testing.assert_allclose(function(grid).sparse().data, wanted[0].tocsc().data, rtol=1e-12)
    return Subject(lambda: function(grid))


def _casadi_rosenbrock(args: tuple[Any, ...], wanted: Sequence[Any]) -> Subject:
    import casadi

    (x,) = args
    v = casadi.SX.sym("x", x.size)
    f = casadi.sum1(100.0 * (v[1:] - v[:-1] ** 2) ** 2 + (1.0 - v[:-1]) ** 2)
    function = casadi.Function("hessian", [v], [casadi.hessian(f, v)[0]])
    np.testing.assert_allclose(function(x).sparse().data, wanted[0].tocsc().data, rtol=1e-9)
    return Subject(lambda: function(x))


def _casadi_banded(args: tuple[Any, ...], wanted: Sequence[Any]) -> Subject:
    import casadi

    (x,) = args
    n, v = x.size, casadi.SX.sym("x", x.size)
    t = v * (1.0 + v)
    r = v * (2.0 + 5.0 * v * v) + 1.0
    for k in range(1, 6):
        r[k:] -= t[: n - k]
    r[: n - 1] -= t[1:]
    function = casadi.Function("jacobian", [v], [casadi.jacobian(r, v)])
    np.testing.assert_allclose(function(x).sparse().data, wanted[0].tocsc().data, 1e-12, 1e-12)
    return Subject(lambda: function(x))


def _casadi_bundle(args: tuple[Any, ...], wanted: Sequence[Any]) -> Subject:
    """The Jacobian of one sighting, mapped over all of them: blocks of 2 by 12."""
    import casadi

    cameras, points, of_camera, of_point, _ = args
    c, p = casadi.SX.sym("c", 9), casadi.SX.sym("p", 3)
    r = casadi.vertcat(*sighting(casadi, c, p))
    derivative = casadi.jacobian(r, casadi.vertcat(c, p))
    blocks = casadi.Function("blocks", [c, p], [casadi.densify(derivative)]).map(len(of_camera))

    def run() -> Any:
        return blocks(cameras[of_camera].T, points[of_point].T)

    found = run().full().reshape(2, -1, 12).swapaxes(0, 1)
    _check_blocks(found[:, :, :9], found[:, :, 9:], args, wanted)
    return Subject(run)


def sighting(space: Any, c: Any, p: Any) -> tuple[Any, Any]:
    """Where a point appears to a camera; :func:`reprojection` for the others."""
    angle = space.sqrt(c[0] * c[0] + c[1] * c[1] + c[2] * c[2] + 1e-30)
    ax, ay, az = c[0] / angle, c[1] / angle, c[2] / angle
    cos, sin = space.cos(angle), space.sin(angle)
    along = (ax * p[0] + ay * p[1] + az * p[2]) * (1.0 - cos)
    x = p[0] * cos + (ay * p[2] - az * p[1]) * sin + ax * along + c[3]
    y = p[1] * cos + (az * p[0] - ax * p[2]) * sin + ay * along + c[4]
    z = p[2] * cos + (ax * p[1] - ay * p[0]) * sin + az * along + c[5]
    u, v = -x / z, -y / z
    square = u * u + v * v
    scale = c[6] * (1.0 + c[7] * square + c[8] * square * square)
    return scale * u, scale * v


def _check_blocks(
    by_camera: Any, by_point: Any, args: tuple[Any, ...], wanted: Sequence[Any]
) -> None:
    """Compare blocks of sightings with rows of the matrices, where columns are in order."""
    for found, matrix in zip((by_camera, by_point), wanted, strict=True):
        data = matrix.data.reshape(len(args[2]), 2, -1)
        np.testing.assert_allclose(found, data, rtol=1e-8, atol=1e-8)


def _jax_products(function: Callable[..., Any], point: Any, colours: Any) -> Subject:
    import jax

    jax.config.update("jax_enable_x64", True)
    seeds = (colours == np.arange(colours.max() + 1)[:, None]).astype(float)
    seeds = jax.numpy.asarray(seeds.reshape(-1, *point.shape))
    placed = jax.numpy.asarray(point)
    products = jax.jit(lambda u: jax.vmap(lambda seed: jax.jvp(function, (u,), (seed,))[1])(seeds))
    return Subject(lambda: jax.block_until_ready(products(placed)))


def _jax_laplacian(args: tuple[Any, ...], colours: Any, wanted: Sequence[Any]) -> Subject:
    import jax.numpy as jnp

    def residual(u: Any) -> Any:
        r = 4.0 * u
        r = r.at[1:].add(-u[:-1]).at[:-1].add(-u[1:])
        r = r.at[:, 1:].add(-u[:, :-1]).at[:, :-1].add(-u[:, 1:])
        return r + jnp.exp(u)

    return _jax_products(residual, args[0], colours)


def _jax_banded(args: tuple[Any, ...], colours: Any, wanted: Sequence[Any]) -> Subject:
    return _jax_products(banded_by_slices, args[0], colours)


def _jax_rosenbrock(args: tuple[Any, ...], colours: Any, wanted: Sequence[Any]) -> Subject:
    import jax

    return _jax_products(jax.grad(rosenbrock), args[0], colours)


def _jax_bundle(args: tuple[Any, ...], colours: Any, wanted: Sequence[Any]) -> Subject:
    """``jacfwd`` of one sighting under ``vmap``: blocks of 2 by 9 and 2 by 3."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    cameras, points, of_camera, of_point, _ = map(jnp.asarray, args)
    one = jax.jacfwd(lambda c, p: jnp.stack(sighting(jnp, c, p)), argnums=(0, 1))
    blocks = jax.jit(lambda c, p: jax.vmap(one)(c[of_camera], p[of_point]))
    by_camera, by_point = blocks(cameras, points)
    _check_blocks(by_camera, by_point, args, wanted)
    return Subject(lambda: jax.block_until_ready(blocks(cameras, points)))


LAPLACIAN, ROSENBROCK, BUNDLE = (
    "Laplacian 300x300, Jacobian",
    "Rosenbrock 10^6, Hessian",
    "bundle adjustment, 50 cameras, 10^4 points, 10^5 sightings",
)
BANDED = (10_000, 100_000, 1_000_000)


def banded_name(size: int) -> str:
    """The row of a banded residual."""
    return f"Broyden's banded residual, {size:,} variables"


CASADI = {
    LAPLACIAN: _casadi_laplacian,
    ROSENBROCK: _casadi_rosenbrock,
    BUNDLE: _casadi_bundle,
    **{banded_name(size): _casadi_banded for size in BANDED},
}
JAX = {
    LAPLACIAN: _jax_laplacian,
    ROSENBROCK: _jax_rosenbrock,
    BUNDLE: _jax_bundle,
    **{banded_name(size): _jax_banded for size in BANDED},
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.sparse", description=__doc__)
    parser.add_argument("words", nargs="*", help="only rows with one of these words in the name")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is timed (7)")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args(arguments)
    start_over_with_one_thread("bench.sparse")
    measure(options.rounds, options.words).show(options.markdown)


if __name__ == "__main__":
    main()
