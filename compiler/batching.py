"""``batch``: a function of one sample becomes a function of many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

from gradc.faces.axes import Axes
from gradc.faces.batches import Batched
from gradc.faces.meanings import BATCH
from gradc.faces.options import OptionKeywords, chosen_options


def batch(
    function: Callable[..., Any],
    in_axes: Axes = 0,
    out_axes: Axes = 0,
    **options: Unpack[OptionKeywords],
) -> Batched:
    """The function of a batch of samples, from that of one; elsewhere this is called vmap.

    The program is a loop over the samples around the program of one. It can be differentiated,
    and derivatives can be batched: ``batch(grad(loss), in_axes=(None, 0))`` gives the gradient
    for each sample.

    Parameters
    ----------
    function : callable
        Of one sample. Its results may have any structure; their sizes are the same for all
        samples.
    in_axes : int, None, or a container of them
        The axis of the samples in each argument; None for an argument that is the same for all
        samples. An int is for all arguments, a tuple has one entry for each, and an entry is an
        axis or a container that begins like the argument: ``({"weight": None, "x": 0}, 1)``.
        Arguments by keyword have axis 0.
    out_axes : int, None, or a container of them
        Where the axis of the samples goes in each result; None for a result that does not depend
        on the sample.
    **options
        As for :func:`gradc.grad`.

    Returns
    -------
    Batched
        A callable of the same arguments, each array with one axis more.

    Raises
    ------
    GradTypeError
        Where `in_axes` or `out_axes` does not fit, where batches differ in size, and where the
        size of a result depends on the values of a sample.

    Examples
    --------
    >>> import gradc, numpy as np
    >>> gradc.batch(lambda x, w: x @ w, in_axes=(0, None))(np.eye(2), np.array([1.0, 2.0]))
    array([1., 2.])
    """
    return Batched(function, in_axes, out_axes, chosen_options(options))


batch.__gradc_transform__ = BATCH  # type: ignore[attr-defined]
