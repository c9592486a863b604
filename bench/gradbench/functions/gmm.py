"""The log posterior of a Gaussian mixture with a Wishart prior, in loops and in arrays.

Component k has the weight alpha[k], the mean mu[k] and the inverse covariance ``Q.T @ Q``; the
lower triangular Q has ``exp(q[k])`` on its diagonal and the columns of ``low[k]`` below it. The
prior's normalisation, which depends on no parameter, is an argument.
"""

import math

import numpy as np


def log_sum_exp(v):
    largest = v[0]
    for i in range(1, len(v)):
        largest = max(largest, v[i])
    total = 0.0
    for i in range(len(v)):
        total += math.exp(v[i] - largest)
    return math.log(total) + largest


def objective(alpha, mu, q, low, x, gamma, m, normal):
    n, d = x.shape
    k = len(alpha)

    diagonals = np.empty((k, d))
    sum_q = np.empty(k)
    for c in range(k):
        sum_q[c] = 0.0
        for i in range(d):
            diagonals[c, i] = math.exp(q[c, i])
            sum_q[c] += q[c, i]

    total = 0.0
    for p in range(n):
        terms = np.empty(k)
        for c in range(k):
            centered = np.empty(d)
            scaled = np.empty(d)
            for i in range(d):
                centered[i] = x[p, i] - mu[c, i]
                scaled[i] = diagonals[c, i] * centered[i]
            place = 0
            for i in range(d):
                for j in range(i + 1, d):
                    scaled[j] += low[c, place] * centered[i]
                    place += 1
            squares = 0.0
            for i in range(d):
                squares += scaled[i] * scaled[i]
            terms[c] = alpha[c] + sum_q[c] - 0.5 * squares
        total += log_sum_exp(terms)

    prior = 0.0
    for c in range(k):
        squares = 0.0
        for i in range(d):
            squares += diagonals[c, i] * diagonals[c, i]
        for i in range(low.shape[1]):
            squares += low[c, i] * low[c, i]
        prior += 0.5 * gamma * gamma * squares - m * sum_q[c]

    constant = -0.5 * n * d * math.log(2.0 * math.pi)
    return constant + total - n * log_sum_exp(alpha) - prior + normal


# So many points at a time that what is computed for them stays in the cache.
BLOCK = 100


def objective_arrays(alpha, mu, q, low, x, rows, columns, gamma, m, normal):
    """With the row and the column of each element of low in the triangle."""
    n, d = x.shape
    k = len(alpha)
    diagonals = np.exp(q)
    sum_q = np.sum(q, axis=1)
    factors = np.zeros((k, d, d))
    factors[:, rows, columns] = low
    factors = factors + diagonals[:, :, None] * np.eye(d)
    offsets = np.sum(factors * mu[:, None, :], axis=2)
    stacked = factors.reshape(k * d, d)
    total = 0.0
    for start in range(0, n, BLOCK):
        points = x[start : start + BLOCK]
        scaled = (points @ stacked.T).reshape(len(points), k, d) - offsets
        terms = alpha + sum_q - 0.5 * np.sum(scaled * scaled, axis=2)
        largest = np.max(terms, axis=1)
        total += np.sum(np.log(np.sum(np.exp(terms - largest[:, None]), axis=1)) + largest)

    top = np.max(alpha)
    log_weights = np.log(np.sum(np.exp(alpha - top))) + top
    squares = np.sum(diagonals * diagonals) + np.sum(low * low)
    prior = 0.5 * gamma * gamma * squares - m * np.sum(sum_q)
    constant = -0.5 * n * d * math.log(2.0 * math.pi)
    return constant + total - n * log_weights - prior + normal
