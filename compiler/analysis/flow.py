"""Maximum flow in a small network, by Dinic's method.

Own code for what SciPy has, too: loading ``scipy.sparse.csgraph`` takes a quarter of a second,
which is more than all passes over a function of fifty lines.

Source: Y. Dinitz, "Algorithm for solution of a problem of maximum flow in a network with power
estimation", Doklady 11 (1970).
"""

from __future__ import annotations

from collections.abc import Mapping

Edge = tuple[int, int]


def maximum_flow_residual(
    edges: Mapping[Edge, int], source: int, sink: int
) -> Mapping[int, Mapping[int, int]]:
    """Push as much as possible from `source` to `sink`.

    Parameters
    ----------
    edges : mapping
        The capacity of each edge ``(tail, head)``; positive integers.
    source, sink : int

    Returns
    -------
    mapping
        For each node what can still be pushed to its neighbours, along and against the edges.
    """
    left: dict[int, dict[int, int]] = {source: {}, sink: {}}
    for (tail, head), capacity in edges.items():
        left.setdefault(tail, {})
        left.setdefault(head, {})
        left[tail][head] = left[tail].get(head, 0) + capacity
        left[head].setdefault(tail, 0)
    while (level := _levels(left, source, sink)) is not None:
        pending = {node: list(neighbours) for node, neighbours in left.items()}
        while path := _path(left, level, pending, source, sink):
            pushed = min(left[tail][head] for tail, head in path)
            for tail, head in path:
                left[tail][head] -= pushed
                left[head][tail] += pushed
    return left


def _levels(
    left: Mapping[int, Mapping[int, int]], source: int, sink: int
) -> Mapping[int, int] | None:
    """The distance of each node from the source; None where the sink cannot be reached."""
    level, front = {source: 0}, [source]
    while front and sink not in level:
        reached = []
        for tail in front:
            for head, capacity in left[tail].items():
                if capacity > 0 and head not in level:
                    level[head] = level[tail] + 1
                    reached.append(head)
        front = reached
    return level if sink in level else None


def _path(
    left: Mapping[int, Mapping[int, int]],
    level: Mapping[int, int],
    pending: Mapping[int, list[int]],
    source: int,
    sink: int,
) -> list[Edge]:
    """A way from source to sink that goes up a level at each step; empty where there is none.

    `pending` has the neighbours that each node has yet to try; dead ends are struck off.
    """
    path: list[Edge] = []
    node = source
    while node != sink:
        while pending[node]:
            head = pending[node][-1]
            if left[node][head] > 0 and level.get(head, 0) == level[node] + 1:
                break
            pending[node].pop()
        if pending[node]:
            path.append((node, pending[node][-1]))
            node = pending[node][-1]
        elif path:
            node, _ = path.pop()
            pending[node].pop()
        else:
            return []
    return path
