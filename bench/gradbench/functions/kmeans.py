"""The cost of k-means clustering: squared distances of the points to their nearest centres."""

import math

import numpy as np

import gradc


def cost(centroids, points):
    total = 0.0
    for i in range(points.shape[0]):
        nearest = math.inf
        for j in range(centroids.shape[0]):
            distance = 0.0
            for a in range(points.shape[1]):
                difference = points[i, a] - centroids[j, a]
                distance += difference * difference
            nearest = min(nearest, distance)
        total += nearest
    return total


def cost_arrays(centroids, points):
    lengths = np.sum(points * points, axis=1)
    distances = lengths[:, None] - 2.0 * (points @ centroids.T) + np.sum(centroids**2, axis=1)
    return np.sum(np.min(distances, axis=1))


def slope(centroids, points):
    """The sum over all coordinates of the gradient; its gradient is the diagonal of the Hessian."""
    return np.sum(gradc.grad(cost)(centroids, points))


def direction(centroids, points):
    """The step of Newton's method: the Hessian of the cost is diagonal."""
    return gradc.grad(cost)(centroids, points) / gradc.grad(slope)(centroids, points)


def slope_arrays(centroids, points):
    return np.sum(gradc.grad(cost_arrays)(centroids, points))


def direction_arrays(centroids, points):
    gradient = gradc.grad(cost_arrays)(centroids, points)
    return gradient / gradc.grad(slope_arrays)(centroids, points)
