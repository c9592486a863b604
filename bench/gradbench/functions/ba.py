"""Bundle adjustment: the errors of projected points, and their derivatives by observation.

A camera has the rotation as an axis times an angle (0-2), its centre (3-5), the focal length (6),
the principal point (7-8) and two parameters of radial distortion (9-10).
"""

import math

import numpy as np

import gradc


def rotate(rotation, point):
    squared = rotation[0] ** 2 + rotation[1] ** 2 + rotation[2] ** 2
    if squared == 0.0:
        return (
            point[0] + rotation[1] * point[2] - rotation[2] * point[1],
            point[1] + rotation[2] * point[0] - rotation[0] * point[2],
            point[2] + rotation[0] * point[1] - rotation[1] * point[0],
        )
    angle = math.sqrt(squared)
    cosine = math.cos(angle)
    sine = math.sin(angle)
    a = rotation[0] / angle
    b = rotation[1] / angle
    c = rotation[2] / angle
    along = (a * point[0] + b * point[1] + c * point[2]) * (1.0 - cosine)
    return (
        point[0] * cosine + (b * point[2] - c * point[1]) * sine + a * along,
        point[1] * cosine + (c * point[0] - a * point[2]) * sine + b * along,
        point[2] * cosine + (a * point[1] - b * point[0]) * sine + c * along,
    )


def project(camera, point):
    x, y, z = rotate(
        (camera[0], camera[1], camera[2]),
        (point[0] - camera[3], point[1] - camera[4], point[2] - camera[5]),
    )
    u = x / z
    v = y / z
    squared = u * u + v * v
    distortion = 1.0 + camera[9] * squared + camera[10] * squared * squared
    return u * distortion * camera[6] + camera[7], v * distortion * camera[6] + camera[8]


def error(camera, point, weight, feature, axis):
    return weight * (project(camera, point)[axis] - feature[axis])


def weight_error(weight):
    return 1.0 - weight * weight


def objective(cameras, points, weights, observations, features):
    count = len(weights)
    errors = np.empty((count, 2))
    weight_errors = np.empty(count)
    for i in range(count):
        u, v = project(cameras[observations[i, 0]], points[observations[i, 1]])
        errors[i, 0] = weights[i] * (u - features[i, 0])
        errors[i, 1] = weights[i] * (v - features[i, 1])
        weight_errors[i] = weight_error(weights[i])
    return errors, weight_errors


def jacobian(cameras, points, weights, observations, features):
    """The 15 derivatives of both errors of each observation, and that of each weight error."""
    count = len(weights)
    blocks = np.empty((count, 2, 15))
    weight_slopes = np.empty(count)
    for i in range(count):
        camera = cameras[observations[i, 0]]
        point = points[observations[i, 1]]
        for axis in (0, 1):
            by_camera, by_point, by_weight = gradc.grad(error, argnums=(0, 1, 2))(
                camera, point, weights[i], features[i], axis
            )
            for a in range(11):
                blocks[i, axis, a] = by_camera[a]
            for a in range(3):
                blocks[i, axis, 11 + a] = by_point[a]
            blocks[i, axis, 14] = by_weight
        weight_slopes[i] = gradc.grad(weight_error)(weights[i])
    return blocks, weight_slopes
