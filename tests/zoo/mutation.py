"""Arrays that are written to: elements, rows, slices, views, aliases."""

import numpy as np

from tests.zoo.case import Group

zoo = Group("mutation")

V = np.array([0.5, -1.2, 2.0, 0.3, 0.9])
M = np.arange(12.0).reshape(3, 4) / 5 - 1
S = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, -0.2], [0.1, -0.2, 1.2]])


@zoo(V)
def write_elements(x):
    y = np.zeros(3)
    y[0] = x[0] * x[1]
    y[1] = x[2]
    y[-1] = y[0] + y[1]
    return y


@zoo(V)
def fill_by_loop(x):
    y = np.empty(len(x))
    for i in range(len(x)):
        y[i] = x[i] ** 2
    return y.sum() + y[0]


@zoo(V)
def recurrence_in_array(x):
    a = np.zeros(len(x))
    a[0] = x[0]
    for i in range(1, len(x)):
        a[i] = np.tanh(a[i - 1] + x[i])
    return a


@zoo(V)
def prefix_sums_in_place(x):
    y = x.copy()
    for i in range(1, len(y)):
        y[i] += y[i - 1]
    return y @ x


@zoo(V)
def overwrite_element(x):
    y = x.copy()
    y[0] = y[0] * y[1]
    y[0] = y[0] * y[2]
    y[1] = y[0]
    return y


@zoo(V)
def augmented_elements(x):
    y = x.copy()
    y[0] += 2.0
    y[1] *= y[0]
    y[2] -= y[1]
    y[3] /= 2
    y[4] **= 2
    return y


@zoo(V)
def augmented_slices(x):
    y = x.copy()
    y[1:3] += x[2:4]
    y[::2] *= 2.0
    y[-2:] -= y[:2]
    return y


@zoo(V)
def whole_array_in_place(x):
    y = x.copy()
    y *= 2
    y += x
    y -= 1.0
    return y


@zoo(V)
def assign_slices(x):
    y = np.zeros_like(x)
    y[1:4] = x[:3] * 2
    y[0] = 1.0
    y[-1:] = x[0]
    return y


@zoo(V)
def assign_everything(x):
    y = np.zeros(len(x))
    y[:] = x
    z = np.empty_like(x)
    z[...] = 2 * x
    z.fill(3.0)
    return y * z


@zoo(V)
def overlapping_slices(x):
    y = x.copy()
    y[1:] = y[:-1]
    return y


@zoo(V)
def reverse_in_place(x):
    y = x.copy()
    y[:] = y[::-1]
    y[::2] = y[::2][::-1]
    return y


@zoo(M)
def write_rows_and_columns(x):
    y = x.copy()
    y[0] = x[1] * 2
    y[:, 1] = x[:, 0] + 1
    y[1, 2] = 5.0
    y[2, 1:3] *= x[0, :2]
    return y


@zoo(V)
def alias_is_written_through(x):
    y = x.copy()
    z = y
    z[0] = x[1] * x[2]
    return y


@zoo(V)
def view_is_written_through(x):
    y = x.copy()
    part = y[1:4]
    part[0] = x[0] * x[4]
    part[-1] += 1.0
    return y


@zoo(M)
def row_view_is_written_through(x):
    y = x.copy()
    row = y[1]
    row[2] = x[0, 0] ** 2
    row *= 2
    return y


@zoo(M)
def column_view_is_written_through(x):
    y = x.copy()
    column = y[:, 1]
    column[0] = x[1, 1] * x[2, 2]
    column += 1
    return y


@zoo(M)
def transposed_view_is_written_through(x):
    y = x.copy()
    t = y.T
    t[1, 2] = x[0, 0] * 3
    t[0] = t[1] * 2
    return y


@zoo(M)
def reshaped_view_is_written_through(x):
    y = x.copy()
    flat = y.reshape(-1)
    flat[5] = x[0, 0] * x[0, 1]
    flat[7:9] = flat[:2]
    return y


@zoo(V)
def strided_view_is_written_through(x):
    y = x.copy()
    odd = y[1::2]
    odd[1] = x[0] * 2
    odd *= 3
    back = y[::-1]
    back[0] = odd[0]
    return y


@zoo(M)
def view_of_view(x):
    y = x.copy()
    block = y[1:, 1:]
    corner = block[:, ::2]
    corner[1, 1] = x[0, 0] * 7
    corner[0] = block[1, :2]
    return y


@zoo(V)
def view_sees_later_write(x):
    y = x.copy()
    part = y[:3]
    y[1] = x[3] * x[4]
    return part.sum()


@zoo(M)
def two_views_overlap(x):
    y = x.copy()
    a = y[0]
    b = y[:, 0]
    a[0] = x[1, 1] * 2
    b[1] = a[0] + b[0]
    return y.sum() + a @ a + b @ b


@zoo(V)
def argument_is_written(x):
    x[0] = x[1] * x[2]
    x[1:3] *= 2
    return x.sum() * x[0]


@zoo(V)
def callee_writes(x):
    def double(y):
        y *= 2
        y[0] = 1.0

    z = x.copy()
    double(z)
    double(z[1:])
    return z


@zoo(V)
def callee_writes_and_returns(x):
    def step(y, k):
        y[k] += y[k - 1]
        return y

    z = x.copy()
    z = step(z, 1)
    return step(z, 2)


@zoo(V, 5)
def ping_pong(x, steps):
    a = x.copy()
    b = np.zeros_like(x)
    for _ in range(steps):
        for i in range(1, len(x) - 1):
            b[i] = 0.25 * a[i - 1] + 0.5 * a[i] + 0.25 * a[i + 1]
        b[0] = a[0]
        b[-1] = a[-1]
        a, b = b, a
    return a


@zoo(V, 4)
def heat_with_slices(x, steps):
    u = x.copy()
    for _ in range(steps):
        u[1:-1] += 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return u


@zoo(V, 4)
def new_array_each_step(x, steps):
    u = x
    for _ in range(steps):
        v = np.zeros_like(u)
        for i in range(len(u)):
            v[i] = u[i] * 0.5 + u[i - 1] * 0.2
        u = v
    return u


@zoo(S)
def cholesky(A):
    n = A.shape[0]
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, j] = np.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return L


@zoo(S, np.array([1.0, 2.0, 3.0]))
def gaussian_elimination(A, b):
    A = A.copy()
    b = b.copy()
    n = len(b)
    for k in range(n):
        for i in range(k + 1, n):
            f = A[i, k] / A[k, k]
            A[i, k:] -= f * A[k, k:]
            b[i] -= f * b[k]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]
    return x


@zoo(V)
def insertion_sort(x):
    y = x.copy()
    for i in range(1, len(y)):
        key = y[i]
        j = i - 1
        while j >= 0 and y[j] > key:
            y[j + 1] = y[j]
            j -= 1
        y[j + 1] = key
    return y * np.arange(len(y))


@zoo(V)
def bubble_sort(x):
    y = x.copy()
    n = len(y)
    for i in range(n):
        for j in range(n - 1 - i):
            if y[j] > y[j + 1]:
                y[j], y[j + 1] = y[j + 1], y[j]
    return y * np.arange(n)


@zoo(M, M.T.copy())
def matmul_by_loops(A, B):
    n, m, p = A.shape[0], A.shape[1], B.shape[1]
    C = np.zeros((n, p))
    for i in range(n):
        for j in range(p):
            for k in range(m):
                C[i, j] += A[i, k] * B[k, j]
    return C


@zoo(V)
def write_in_branch(x):
    y = x.copy()
    for i in range(len(y)):
        if y[i] < 0:
            y[i] = -2 * y[i]
        else:
            y[i] *= y[0]
    return y


@zoo(V)
def conditional_new_array(x):
    if x[0] > 0:
        y = np.zeros(len(x))
    else:
        y = np.ones(len(x))
    y[1] = x[1] * 2
    return y


@zoo(V, np.array([2, 0, 2, 1]))
def scatter_by_loop(x, where):
    y = np.zeros_like(x)
    for k in range(len(where)):
        y[where[k]] += x[k] * (k + 1)
    return y


@zoo(M)
def loop_over_row_views(x):
    y = x.copy()
    for i in range(len(y)):
        row = y[i]
        row -= row.mean()
        row[0] = i
    return y


@zoo(V)
def runge_kutta(y0):
    def f(t, y):
        dy = np.empty_like(y)
        for i in range(len(y)):
            dy[i] = -y[i] + 0.1 * y[i - 1] * t
        return dy

    y = y0.copy()
    t, h = 0.0, 0.1
    for _ in range(3):
        k1 = f(t, y)
        k2 = f(t + h / 2, y + h / 2 * k1)
        k3 = f(t + h / 2, y + h / 2 * k2)
        k4 = f(t + h, y + h * k3)
        y += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t += h
    return y


@zoo(V)
def swapped_rows(x):
    y = np.zeros((2, len(x)))
    y[0] = x
    y[1] = 2 * x
    y[0], y[1] = y[1].copy(), y[0].copy()
    return y


@zoo(np.array([0.5, 1.5], dtype=np.float32))
def float32_in_place(x):
    y = x.copy()
    y += 1.5
    y[0] = y[0] * 2.0 + np.float64(0.1)
    y *= np.float32(2)
    return y


@zoo(V)
def integer_array_as_work_space(x):
    order = np.zeros(3, dtype=np.int64)
    order[0] = 2
    order[1] += 1
    order[2] = order[0] + order[1]
    return x[order[0]] * x[order[2]] + x[order[1]]


@zoo(V)
def swap_then_write(x):
    a = x[:2].copy()
    b = x[2:4].copy()
    a, b = b, a
    a[0] = 10.0 * x[4]
    return np.concatenate([a, b])


@zoo(V)
def list_of_arrays(x):
    parts = [x[:2].copy(), x[2:4].copy()]
    for part in parts:
        part *= 2
    parts[0][0] = x[4]
    return np.concatenate(parts)


@zoo(V)
def nested_augmented(x):
    y = np.zeros((2, 3))
    y[0][1] += x[0]
    y[1][:2] += x[:2]
    y[1][::-1][0] = x[3]
    return y


@zoo(np.array([0.5, -1.2, 2.0]))
def lists_written_to_arrays(x):
    a = np.zeros((2, 3))
    a[0] = (x[1], 2.0, x[0] * x[2])
    a[1] = [value**2 for value in x]
    a[:, 0] += [x[0], 1.0]
    a[[0, 1], [2, 1]] = [x[2], 3.0]
    y = x.copy()
    y[:2] = [y[1], y[0]]
    return a @ y


@zoo(M.T)
def gram_schmidt(a):
    q = a.copy()
    for j in range(a.shape[1]):
        for k in range(j):
            d = 0.0
            for i in range(a.shape[0]):
                d += q[i, k] * q[i, j]
            for i in range(a.shape[0]):
                q[i, j] -= d * q[i, k]
        r = 0.1
        for i in range(a.shape[0]):
            r += q[i, j] ** 2
        for i in range(a.shape[0]):
            q[i, j] /= np.sqrt(r)
    return q
