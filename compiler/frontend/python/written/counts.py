"""Searching in sorted arrays, histograms and counts: constants, but for their weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradc.frontend.python.written.support import Array, is_empty, refuse


def searchsorted(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    """``np.searchsorted``."""
    if side not in ("left", "right"):
        refuse("the side is 'left' or 'right'")
    values = np.asarray(a) if sorter is None else np.asarray(a)[sorter]
    if np.ndim(v) == 0:
        return np.int64(_place(values, v, side == "right"))
    wanted = np.asarray(v)
    flat = wanted.ravel()
    found = np.empty(len(flat), np.int64)
    for k in range(len(flat)):
        found[k] = _place(values, flat[k], side == "right")
    return found.reshape(wanted.shape)


def _place(values: Array, value: Any, right: Any) -> Any:
    """How many of the sorted values stay in front of a value: by bisection."""
    low = 0
    high = len(values)
    while low < high:
        middle = (low + high) // 2
        before = values[middle] <= value if right else values[middle] < value
        if before:
            low = middle + 1
        else:
            high = middle
    return low


def digitize(x: Any, bins: Any, right: Any = False) -> Any:
    """``np.digitize``: bins in increasing or in decreasing order."""
    edges = np.asarray(bins)
    increasing = searchsorted(edges, x, side="left" if right else "right")
    decreasing = len(edges) - searchsorted(edges[::-1], x, side="right" if right else "left")
    return np.where(edges[0] <= edges[-1], increasing, decreasing)


def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Array:
    """``np.histogram_bin_edges``: differentiable in the range."""
    if isinstance(bins, str):
        refuse("choosing the bins by a rule is not supported", "give their number or their edges")
    if np.ndim(bins) == 1:
        return np.asarray(bins)
    x = np.asarray(a)
    if range is None:
        range = (0.0, 1.0) if is_empty(x) else (np.min(x), np.max(x))
    first, last = range
    apart = first != last
    low = np.where(apart, first, first - 0.5)
    high = np.where(apart, last, last + 0.5)
    edges = np.linspace(low, high, bins + 1)
    edges[-1] = high
    return edges


def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Array, Array]:
    """``np.histogram``: the counts are constants; with weights they are linear in these."""
    x = np.asarray(a).ravel()
    edges = histogram_bin_edges(x, bins, range, weights)
    if weights is None:
        counts = _counted(x, edges)
    else:
        counts = _summed(x, edges, np.asarray(weights).ravel())
    if density:
        return counts / (np.diff(edges) * np.sum(counts)), edges
    return counts, edges


def _counted(x: Array, edges: Array) -> Array:
    counts = np.zeros(len(edges) - 1, np.int64)
    for value in x:
        if edges[0] <= value <= edges[-1]:
            counts[min(_place(edges, value, True), len(edges) - 1) - 1] += 1
    return counts


def _summed(x: Array, edges: Array, weights: Array) -> Array:
    total = np.zeros(len(edges) - 1, weights.dtype)
    for k in range(len(x)):
        if edges[0] <= x[k] <= edges[-1]:
            total[min(_place(edges, x[k], True), len(edges) - 1) - 1] += weights[k]
    return total


def bincount(x: Any, /, weights: Any = None, minlength: Any = 0) -> Array:
    """``np.bincount``: with weights it is linear in these."""
    labels = np.asarray(x)
    if np.any(labels < 0):
        raise ValueError("'list' argument must have no negative elements")
    size = max(np.max(labels, initial=-1) + 1, minlength)
    if weights is None:
        counts = np.zeros(size, np.int64)
        for label in labels:
            counts[label] += 1
        return counts
    given = np.asarray(weights)
    total = np.zeros(size)
    for k in range(len(labels)):
        total[labels[k]] += given[k]
    return total


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.searchsorted: searchsorted,
    np.digitize: digitize,
    np.histogram: histogram,
    np.histogram_bin_edges: histogram_bin_edges,
    np.bincount: bincount,
}
METHODS: Mapping[str, Callable[..., Any]] = {"searchsorted": searchsorted}
