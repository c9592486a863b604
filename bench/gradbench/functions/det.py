"""The determinant as the sum over all permutations of the columns.

That is what expansion by minors comes to where there is no recursion.
"""

import numpy as np


def primal(matrix, size):
    count = 1
    for i in range(2, size + 1):
        count *= i
    columns = np.arange(size)
    sign = 1.0
    total = 0.0
    for _ in range(count):
        product = sign
        for row in range(size):
            product *= matrix[row * size + columns[row]]
        total += product

        # The next permutation in the order of the dictionary, and its sign.
        pivot = size - 2
        while pivot >= 0 and columns[pivot] > columns[pivot + 1]:
            pivot -= 1
        if pivot >= 0:
            other = size - 1
            while columns[other] < columns[pivot]:
                other -= 1
            kept = columns[pivot]
            columns[pivot] = columns[other]
            columns[other] = kept
            sign = -sign
            left = pivot + 1
            right = size - 1
            while left < right:
                kept = columns[left]
                columns[left] = columns[right]
                columns[right] = kept
                sign = -sign
                left += 1
                right -= 1
    return total
