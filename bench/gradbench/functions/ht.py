"""Hand tracking: the distances of measured points from the surface of a hand in a pose.

`theta` has the global rotation and translation and four angles for each finger. The model has, for
each bone, its parent (-1 for the wrist) and two matrices, and for each vertex its position and a
weight for each bone.
"""

import math

import numpy as np


def axis_rotation(axis):
    result = np.zeros((3, 3))
    squared = axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]
    if squared < 1e-8:
        for i in range(3):
            result[i, i] = 1.0
    else:
        norm = math.sqrt(squared)
        x = axis[0] / norm
        y = axis[1] / norm
        z = axis[2] / norm
        s = math.sin(norm)
        c = math.cos(norm)
        result[0, 0] = x * x + (1.0 - x * x) * c
        result[0, 1] = x * y * (1.0 - c) - z * s
        result[0, 2] = x * z * (1.0 - c) + y * s
        result[1, 0] = x * y * (1.0 - c) + z * s
        result[1, 1] = y * y + (1.0 - y * y) * c
        result[1, 2] = y * z * (1.0 - c) - x * s
        result[2, 0] = x * z * (1.0 - c) - y * s
        result[2, 1] = z * y * (1.0 - c) + x * s
        result[2, 2] = z * z + (1.0 - z * z) * c
    return result


def joint_rotation(angles):
    """The rotation by angles about x, z and y: Rz @ Ry @ Rx, as a homogeneous matrix."""
    sx = math.sin(angles[0])
    cx = math.cos(angles[0])
    sz = math.sin(angles[1])
    cz = math.cos(angles[1])
    sy = math.sin(angles[2])
    cy = math.cos(angles[2])
    result = np.zeros((4, 4))
    result[0, 0] = cz * cy
    result[0, 1] = cz * sy * sx - sz * cx
    result[0, 2] = cz * sy * cx + sz * sx
    result[1, 0] = sz * cy
    result[1, 1] = sz * sy * sx + cz * cx
    result[1, 2] = sz * sy * cx - cz * sx
    result[2, 0] = -sy
    result[2, 1] = cy * sx
    result[2, 2] = cy * cx
    result[3, 3] = 1.0
    return result


def pose(theta, bones):
    angles = np.zeros((bones, 3))
    place = 6
    bone = 2
    for _ in range(5):
        angles[bone, 0] = theta[place]
        angles[bone, 1] = theta[place + 1]
        angles[bone + 1, 0] = theta[place + 2]
        angles[bone + 2, 0] = theta[place + 3]
        place += 4
        bone += 4
    return angles


def vertex_positions(theta, parents, relatives, inverses, positions, weights, mirrored):
    bones = len(parents)
    angles = pose(theta, bones)
    absolutes = np.zeros((bones, 4, 4))
    skinned = np.zeros((positions.shape[0], 3))
    for b in range(bones):
        relative = relatives[b] @ joint_rotation(angles[b])
        if parents[b] == -1:
            absolutes[b] = relative
        else:
            absolutes[b] = absolutes[parents[b]] @ relative
        transform = absolutes[b] @ inverses[b]
        for v in range(positions.shape[0]):
            for i in range(3):
                place = transform[i, 0] * positions[v, 0]
                place += transform[i, 1] * positions[v, 1]
                place += transform[i, 2] * positions[v, 2]
                place += transform[i, 3] * positions[v, 3]
                skinned[v, i] += weights[v, b] * place

    rotation = axis_rotation(theta[:3])
    result = np.zeros(skinned.shape)
    for v in range(skinned.shape[0]):
        for i in range(3):
            side = -1.0 if mirrored else 1.0
            result[v, i] = (
                side * rotation[i, 0] * skinned[v, 0]
                + rotation[i, 1] * skinned[v, 1]
                + rotation[i, 2] * skinned[v, 2]
                + theta[3 + i]
            )
    return result


def objective(
    theta, parents, relatives, inverses, positions, weights, mirrored, correspondences, points
):
    vertices = vertex_positions(theta, parents, relatives, inverses, positions, weights, mirrored)
    errors = np.empty((len(correspondences), 3))
    for i in range(len(correspondences)):
        for a in range(3):
            errors[i, a] = points[i, a] - vertices[correspondences[i], a]
    return errors


def objective_complicated(
    theta,
    us,
    parents,
    relatives,
    inverses,
    positions,
    weights,
    mirrored,
    correspondences,
    points,
    triangles,
):
    vertices = vertex_positions(theta, parents, relatives, inverses, positions, weights, mirrored)
    errors = np.empty((len(correspondences), 3))
    for i in range(len(correspondences)):
        first = triangles[correspondences[i], 0]
        second = triangles[correspondences[i], 1]
        third = triangles[correspondences[i], 2]
        for a in range(3):
            errors[i, a] = points[i, a] - (
                us[i, 0] * vertices[first, a]
                + us[i, 1] * vertices[second, a]
                + (1.0 - us[i, 0] - us[i, 1]) * vertices[third, a]
            )
    return errors


def objective_shifted(theta, shift, us, *others):
    """With all points moved by the same coordinates: each error depends on its own point alone."""
    return objective_complicated(theta, us + shift, *others)
