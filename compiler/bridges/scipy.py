"""SciPy's solvers with derivatives from gradc: the same calls without ``jac`` and ``hess``.

>>> import numpy as np
>>> from gradc.bridges.scipy import minimize
>>> def rosenbrock(x):
...     return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
>>> minimize(rosenbrock, np.zeros(4), method="trust-exact").x.round(3)
array([1., 1., 1., 1.])
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from gradc.api import value_and_grad
from gradc.derivatives import hessian, hvp, jacobian, sparse_hessian, sparse_jacobian
from gradc.errors import GradTypeError
from gradc.faces.functions import Differentiated
from gradc.faces.products import Primal
from gradc.options import Options

_WITHOUT_DERIVATIVES = frozenset({"nelder-mead", "powell", "cobyla", "cobyqa"})
_WITH_PRODUCTS = frozenset({"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"})
_WITH_HESSIAN = frozenset({"dogleg", "trust-exact"})
_ROOTS_WITH_JACOBIAN = frozenset({"hybr", "lm"})
_IMPLICIT = frozenset({"Radau", "BDF", "LSODA"})


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str | None = None,
    *,
    sparse: bool = False,
    **keywords: Any,
) -> Any:
    """:func:`scipy.optimize.minimize` with all derivatives that the method takes.

    Value and gradient come from one call of one kernel. Methods of second order get products with
    the Hessian, or the Hessian itself where they factorise it.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` returns one float.
    x0 : array_like
        Start, taken as float64.
    args, method
        As in SciPy.
    sparse : bool
        Give ``trust-constr`` the Hessian as a sparse matrix rather than products with it.
    **keywords
        Everything else that SciPy takes, except for ``jac``, ``hess`` and ``hessp``.

    Returns
    -------
    scipy.optimize.OptimizeResult
    """
    from scipy.optimize import minimize as scipy_minimize

    _refuse(keywords, "jac", "hess", "hessp")
    start = np.asarray(x0, float)
    name = method.lower() if isinstance(method, str) else ""
    if name in _WITHOUT_DERIVATIVES:
        return scipy_minimize(compiled(fun), start, args, method, **keywords)
    if sparse and name != "trust-constr":
        raise GradTypeError('sparse=True is for method="trust-constr", which takes sparse matrices')
    if sparse:
        keywords["hess"] = sparse_hessian(fun)
    elif name in _WITH_HESSIAN:
        keywords["hess"] = hessian(fun)
    elif name in _WITH_PRODUCTS:
        product = hvp(fun)
        keywords["hessp"] = lambda x, vector, *further: product(x, *further, vector)
    return scipy_minimize(value_and_grad(fun), start, args, method, jac=True, **keywords)


def nonlinear_constraint(
    fun: Callable[..., Any],
    lb: Any,
    ub: Any,
    *,
    sparse: bool = False,
    second_order: bool = True,
    **keywords: Any,
) -> Any:
    """:class:`scipy.optimize.NonlinearConstraint` with its Jacobian and Hessian.

    Parameters
    ----------
    fun : callable
        ``fun(x)`` returns a float or a vector.
    lb, ub : float or array_like
        Bounds; equal ones for an equation.
    sparse : bool
        Whether both are sparse matrices.
    second_order : bool
        Whether there is a Hessian: ``trust-constr`` takes one, ``SLSQP`` warns of it.
    **keywords
        ``keep_feasible``.
    """
    from scipy.optimize import NonlinearConstraint

    _refuse(keywords, "jac", "hess")

    def weighted(x: Any, weights: Any) -> Any:
        return np.sum(weights * fun(x))

    if second_order:
        keywords["hess"] = sparse_hessian(weighted) if sparse else hessian(weighted)
    derivative = sparse_jacobian(fun) if sparse else jacobian(fun)
    return NonlinearConstraint(compiled(fun), lb, ub, jac=derivative, **keywords)


def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    *,
    sparse: bool = False,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    **keywords: Any,
) -> Any:
    """:func:`scipy.optimize.least_squares` with the Jacobian of the residuals.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args, **kwargs)`` returns the vector of residuals.
    x0 : array_like
        Start, taken as float64.
    sparse : bool
        Whether the Jacobian is a sparse matrix (methods ``trf`` and ``dogbox``).
    args, kwargs
        As in SciPy.
    **keywords
        Everything else that SciPy takes, except for ``jac`` and ``jac_sparsity``.

    Returns
    -------
    scipy.optimize.OptimizeResult
    """
    from scipy.optimize import least_squares as scipy_least_squares

    _refuse(keywords, "jac", "jac_sparsity")
    return scipy_least_squares(
        compiled(fun),
        np.asarray(x0, float),
        jac=sparse_jacobian(fun) if sparse else jacobian(fun),
        args=args,
        kwargs=dict(kwargs or {}),
        **keywords,
    )


def root(
    fun: Callable[..., Any], x0: Any, args: Any = (), method: str = "hybr", **keywords: Any
) -> Any:
    """:func:`scipy.optimize.root` with the Jacobian, for the methods that take one.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` returns a vector of the size of `x`.
    x0 : array_like
        Start, taken as float64.
    args, method
        As in SciPy.
    **keywords
        Everything else that SciPy takes, except for ``jac``.

    Returns
    -------
    scipy.optimize.OptimizeResult
    """
    from scipy.optimize import root as scipy_root

    _refuse(keywords, "jac")
    if method in _ROOTS_WITH_JACOBIAN:
        keywords["jac"] = jacobian(fun)
    return scipy_root(compiled(fun), np.asarray(x0, float), args, method, **keywords)


def solve_ivp(
    fun: Callable[..., Any],
    t_span: Sequence[float],
    y0: Any,
    method: str = "Radau",
    *,
    sparse: bool = False,
    args: Sequence[Any] | None = None,
    **keywords: Any,
) -> Any:
    """:func:`scipy.integrate.solve_ivp` with the Jacobian of the right-hand side.

    Parameters
    ----------
    fun : callable
        ``fun(t, y, *args)`` returns the derivative of the vector `y`.
    t_span, y0
        As in SciPy; `y0` is taken as float64.
    method : str
        Implicit ones use the Jacobian.
    sparse : bool
        Whether it is a sparse matrix (methods ``Radau`` and ``BDF``).
    args : sequence, optional
    **keywords
        Everything else that SciPy takes, except for ``jac`` and ``jac_sparsity``.

    Returns
    -------
    OdeResult
    """
    from scipy.integrate import solve_ivp as scipy_solve_ivp

    _refuse(keywords, "jac", "jac_sparsity")
    if sparse and method not in ("Radau", "BDF"):
        raise GradTypeError(f"method={method!r} takes no sparse Jacobian; use Radau or BDF")
    if method in _IMPLICIT:
        keywords["jac"] = sparse_jacobian(fun, argnums=1) if sparse else jacobian(fun, argnums=1)
    return scipy_solve_ivp(
        compiled(fun, argnum=1),
        t_span,
        np.asarray(y0, float),
        method,
        args=None if args is None else tuple(args),
        **keywords,
    )


def low_level_callable(
    fun: Callable[..., Any], kind: Literal["numbers", "vector", "filter"] = "numbers"
) -> Any:
    """A :class:`scipy.LowLevelCallable` of a function of floats or of a vector.

    ``quad``, ``nquad``, ``ndimage.generic_filter`` and others call it without going through
    Python. For other signatures see ``.address`` and ``.c_signature`` of every derivative.

    Parameters
    ----------
    fun : callable
        Returns a float: a function of floats, or with another `kind` of one vector. It may be a
        derivative, such as ``gradc.grad(f)`` with respect to one number.
    kind : {"numbers", "vector", "filter"}
        ``"vector"`` is for integrands that read their arguments as one vector, ``"filter"`` for
        the filters of ``scipy.ndimage``.

    Returns
    -------
    scipy.LowLevelCallable
        Of the C signature ``double (double)`` for a function of one number, ``double (int,
        double *)`` for several and for a vector, and ``int (double *, intptr_t, double *,
        void *)`` for a filter. Where the function raises, the value is NaN, and a filter stops.

    Examples
    --------
    >>> from scipy.integrate import quad
    >>> def bump(x):
    ...     return x * (1.0 - x)
    >>> quad(low_level_callable(bump), 0.0, 1.0)[0]
    0.16666666666666669
    """
    from scipy import LowLevelCallable

    from gradc_runtime.entries import filter_entry, float_entry, vector_entry

    if kind not in ("numbers", "vector", "filter"):
        raise GradTypeError(f"kind={kind!r}; it is one of numbers, vector, filter")
    function = fun if isinstance(fun, Differentiated) else compiled(fun)
    count = len(inspect.signature(function.primal).parameters)
    if kind != "numbers" and count != 1:
        raise GradTypeError(f"kind={kind!r} is for a function of one vector, and this has {count}")
    given = [1.0] * count if kind == "numbers" else [np.ones(2)]
    derivative = function.specialize(*given)
    kernel = derivative.compiled.kernel
    results = derivative.compiled.function.results
    if len(results) != 1 or not results[0].type.is_scalar or not results[0].type.is_float:
        raise GradTypeError("a low-level callable is made of a function that returns one float")
    if kind == "numbers":
        return LowLevelCallable(float_entry(kernel, count))
    return LowLevelCallable(vector_entry(kernel) if kind == "vector" else filter_entry(kernel))


def compiled(fun: Callable[..., Any], argnum: int = 0) -> Primal:
    """The function itself, compiled for the types of its arguments."""
    return Primal(fun, argnum, False, Options())


def _refuse(keywords: Mapping[str, Any], *names: str) -> None:
    given = [name for name in names if name in keywords]
    if given:
        raise GradTypeError(
            f"{' and '.join(given)} come{'s' if len(given) == 1 else ''} from gradc here; leave "
            "it out, or call SciPy's own function"
        )
