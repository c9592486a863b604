"""Jacobians and Hessians, dense and sparse, and ``hvp``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, Literal, TypeVar, Unpack, overload

from gradc.errors import GradTypeError
from gradc.faces.functions import Argnums
from gradc.faces.jacobians import (
    ForwardJacobian,
    Hessian,
    HessianVector,
    Jacobian,
    JacobianMode,
    ReverseJacobian,
)
from gradc.faces.meanings import HESSIAN, JACOBIAN, PRODUCT, RETURNING, SPARSE, in_one_mode
from gradc.faces.options import OptionKeywords, chosen_options
from gradc.faces.outputs import Returning
from gradc.faces.sparse import SparseHessian, SparseJacobian

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradc.faces.typed import HessianOf, HessianVectorOf, JacobianOf, OneModeJacobianOf

    Floats = NDArray[np.floating[Any]]

A = TypeVar("A")  # the first argument
V = TypeVar("V")  # the value


@overload
def jacobian(
    function: Callable[Concatenate[Floats, ...], Floats | float],
    argnums: Literal[0] = 0,
    has_aux: Literal[False] = False,
    mode: JacobianMode = "auto",
    **options: Unpack[OptionKeywords],
) -> JacobianOf[Floats]: ...


@overload
def jacobian(
    function: Callable[Concatenate[float, ...], V],
    argnums: Literal[0] = 0,
    has_aux: Literal[False] = False,
    mode: JacobianMode = "auto",
    **options: Unpack[OptionKeywords],
) -> JacobianOf[V]: ...


@overload
def jacobian(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    mode: JacobianMode = "auto",
    **options: Unpack[OptionKeywords],
) -> JacobianOf[Any]: ...


def jacobian(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    mode: JacobianMode = "auto",
    **options: Unpack[OptionKeywords],
) -> Any:
    """The Jacobian of a function: the derivative of each result element by each argument element.

    Parameters
    ----------
    function : callable
        Returns a float, an array of floats, or a container of them.
    argnums : int, str or sequence of them
        The arguments to differentiate with respect to, by position or name.
    has_aux : bool
        Whether the function returns ``(value, aux)``; then the result is ``(jacobian, aux)``.
    mode : {"auto", "forward", "reverse"}
        ``"forward"`` runs over the elements of the arguments, several in one pass;
        ``"reverse"`` runs the function once and sweeps backwards for each element of the
        result; ``"auto"`` is forward mode where the arguments have no more elements than the
        result, and reverse mode elsewhere, for the sizes of each call.
    **options
        As for :func:`gradc.grad`.

    Returns
    -------
    Jacobian
        A callable of the same arguments. For a result of shape ``s`` and an argument of shape
        ``t`` it returns an array of shape ``s + t`` and the argument's dtype. Around it are the
        structure of the result and, inside, that of the argument (a tuple with a sequence of
        `argnums`); integers of either have None in their place.

    Raises
    ------
    GradcError
        As for :func:`gradc.grad`.

    Examples
    --------
    >>> import gradc, numpy as np
    >>> gradc.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return Jacobian(function, argnums, has_aux, chosen_options(options), mode)


@overload
def jacfwd(
    function: Callable[Concatenate[Floats, ...], Floats | float],
    argnums: Literal[0] = 0,
    has_aux: Literal[False] = False,
    **options: Unpack[OptionKeywords],
) -> OneModeJacobianOf[Floats]: ...


@overload
def jacfwd(
    function: Callable[Concatenate[float, ...], V],
    argnums: Literal[0] = 0,
    has_aux: Literal[False] = False,
    **options: Unpack[OptionKeywords],
) -> OneModeJacobianOf[V]: ...


@overload
def jacfwd(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> OneModeJacobianOf[Any]: ...


def jacfwd(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> Any:
    """The Jacobian by forward mode; see :func:`jacobian`.

    Its cost grows with the number of elements of the arguments; a pass carries four directions.
    """
    return ForwardJacobian(function, argnums, has_aux, chosen_options(options))


@overload
def jacrev(
    function: Callable[Concatenate[Floats, ...], Floats | float],
    argnums: Literal[0] = 0,
    has_aux: Literal[False] = False,
    **options: Unpack[OptionKeywords],
) -> OneModeJacobianOf[Floats]: ...


@overload
def jacrev(
    function: Callable[Concatenate[float, ...], V],
    argnums: Literal[0] = 0,
    has_aux: Literal[False] = False,
    **options: Unpack[OptionKeywords],
) -> OneModeJacobianOf[V]: ...


@overload
def jacrev(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> OneModeJacobianOf[Any]: ...


def jacrev(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> Any:
    """The Jacobian by reverse mode; see :func:`jacobian`.

    Its cost grows with the number of elements of the result; the function runs once.
    """
    return ReverseJacobian(function, argnums, has_aux, chosen_options(options))


@overload
def hessian(
    function: Callable[Concatenate[Floats, ...], float],
    argnums: Literal[0] = 0,
    has_aux: Literal[False] = False,
    **options: Unpack[OptionKeywords],
) -> HessianOf[Floats]: ...


@overload
def hessian(
    function: Callable[Concatenate[float, ...], float],
    argnums: Literal[0] = 0,
    has_aux: Literal[False] = False,
    **options: Unpack[OptionKeywords],
) -> HessianOf[float]: ...


@overload
def hessian(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> HessianOf[Any]: ...


def hessian(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> Any:
    """The matrix of second derivatives of a function that returns one float.

    It is computed by forward over reverse mode, several directions in one pass, and is symmetric
    exactly: each pair of elements is computed once.

    Parameters
    ----------
    function : callable
    argnums, has_aux, **options
        As for :func:`jacobian`.

    Returns
    -------
    Hessian
        A callable of the same arguments. For an argument of shape ``s`` it returns an array of
        shape ``s + s``; for containers, and a sequence of `argnums`, ``H[a][b]`` is the block of
        ``a`` and ``b``.

    Examples
    --------
    >>> import gradc, numpy as np
    >>> gradc.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    return Hessian(function, argnums, has_aux, chosen_options(options))


@overload
def hvp(
    function: Callable[Concatenate[A, ...], Any],
    argnums: Literal[0] = 0,
    has_aux: Literal[False] = False,
    **options: Unpack[OptionKeywords],
) -> HessianVectorOf[A]: ...


@overload
def hvp(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> HessianVectorOf[Any]: ...


def hvp(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> Any:
    """The product of the Hessian with a vector, without the Hessian.

    Parameters
    ----------
    function : callable
        Returns one float.
    argnums, has_aux, **options
        As for :func:`jacobian`.

    Returns
    -------
    HessianVector
        Called as ``hvp(f)(*args, v)``: the vector comes last and has the structure and shapes of
        the argument (a tuple of them with a sequence of `argnums`), and so has the product.

    Examples
    --------
    >>> import gradc, numpy as np
    >>> gradc.hvp(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]), np.array([1.0, 0.0]))
    array([10.,  6.])
    """
    return HessianVector(function, argnums, has_aux, chosen_options(options))


def sparse_jacobian(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    mode: JacobianMode = "auto",
    **options: Unpack[OptionKeywords],
) -> SparseJacobian:
    """The Jacobian of a function as a sparse matrix.

    Which entries can be other than zero is proven from the program: from the indices of its loops
    and slices at the sizes of the call, for all values of the floats. Columns (or rows) that share
    no row (column) are computed together, along one direction.

    Parameters
    ----------
    function : callable
        Returns floats: a number, an array, or a container of them.
    argnums : int, str or sequence of them
        The arguments to differentiate with respect to, by position or name.
    mode : {"auto", "forward", "reverse"}
        Whether columns are coloured and directional derivatives taken, or rows and cotangents;
        ``"auto"`` takes what needs less work.
    **options
        As for :func:`gradc.grad`.

    Returns
    -------
    SparseJacobian
        A callable of the same arguments. It returns a :class:`scipy.sparse.csr_array` with a row
        for each element of the result and a column for each of the argument (arrays in C order,
        leaves of containers one after the other); with a sequence of `argnums` a tuple of them.

    Examples
    --------
    >>> import gradc, numpy as np
    >>> jacobian = gradc.sparse_jacobian(lambda x: x[1:] * x[:-1])
    >>> jacobian(np.array([1.0, 2.0, 3.0])).toarray()
    array([[2., 1., 0.],
           [0., 3., 2.]])
    """
    if mode not in ("auto", "forward", "reverse"):
        raise GradTypeError(f"mode={mode!r}; it is one of auto, forward, reverse")
    return SparseJacobian(function, argnums, mode, chosen_options(options))


def sparse_hessian(
    function: Callable[..., Any], argnums: Argnums = 0, **options: Unpack[OptionKeywords]
) -> SparseHessian:
    """The Hessian of a function of one float as a sparse matrix.

    As :func:`sparse_jacobian` of the gradient; that the matrix is symmetric saves directions.

    Parameters
    ----------
    function : callable
        Returns one float.
    argnums : int, str or sequence of them
        The arguments to differentiate with respect to, by position or name.
    **options
        As for :func:`gradc.grad`.

    Returns
    -------
    SparseHessian
        A callable of the same arguments that returns a :class:`scipy.sparse.csr_array`; with a
        sequence of `argnums` a tuple of tuples of them, one block for each pair of arguments.

    Examples
    --------
    >>> import gradc, numpy as np
    >>> hessian = gradc.sparse_hessian(lambda x: (x[1:] * x[:-1]).sum())
    >>> hessian(np.array([1.0, 2.0, 3.0])).toarray()
    array([[0., 1., 0.],
           [1., 0., 1.],
           [0., 1., 0.]])
    """
    return SparseHessian(function, argnums, chosen_options(options))


def returning(function: Callable[..., Any], outputs: int | str | Sequence[int | str]) -> Returning:
    """A function that writes its results into arguments, as one that returns them.

    Parameters
    ----------
    function : callable
        Such as ``def f(x, out): out[:] = ...``.
    outputs : int, str or sequence of them
        The arguments that it writes to, by position or name.

    Returns
    -------
    Returning
        A callable of the same arguments. It works on copies: the caller's arrays keep their
        values. It returns the copy, a tuple of them with a sequence of `outputs`, and
        ``(result, outputs)`` where `function` returns something itself. Derivatives with respect
        to an output argument are those by its values on entry.

    Examples
    --------
    >>> import gradc, numpy as np
    >>> def squares(x, out):
    ...     for i in range(len(x)):
    ...         out[i] = x[i] ** 2
    >>> gradc.jacobian(gradc.returning(squares, "out"))(np.array([1.0, 2.0]), np.empty(2))
    array([[2., 0.],
           [0., 4.]])
    """
    return Returning(function, outputs)


jacobian.__gradc_transform__ = JACOBIAN  # type: ignore[attr-defined]
jacfwd.__gradc_transform__ = in_one_mode("jacfwd", "forward")  # type: ignore[attr-defined]
jacrev.__gradc_transform__ = in_one_mode("jacrev", "reverse")  # type: ignore[attr-defined]
hessian.__gradc_transform__ = HESSIAN  # type: ignore[attr-defined]
hvp.__gradc_transform__ = PRODUCT  # type: ignore[attr-defined]
returning.__gradc_transform__ = RETURNING  # type: ignore[attr-defined]
sparse_jacobian.__gradc_transform__ = SPARSE  # type: ignore[attr-defined]
sparse_hessian.__gradc_transform__ = SPARSE  # type: ignore[attr-defined]
