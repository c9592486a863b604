"""What random programs found to be wrong, reduced: one function for each class of mistake."""

import numpy as np

from tests.zoo.case import Group

zoo = Group("found_by_fuzzing")

V = np.array([0.5, -1.2, 2.0, 0.3])


@zoo(0.5, V)
@zoo(0.5, np.abs(V))
def pair_with_array_returned_in_loop(x, w):
    # the array of a pair that is first returned in a loop was lost
    for e in w:
        if e < 0:
            return 0.3 * e * x, w
    return x * x, w


@zoo(0.5, V)
def pair_with_array_first_assigned_in_loop(x, w):
    pair = (x, w)
    for e in w:
        other = (e * x, np.sin(w))
        if e > 1.0:
            pair = other
            break
    return pair[0] * pair[1].sum() + other[1][0]
