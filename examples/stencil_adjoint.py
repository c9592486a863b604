"""heat_grad: from heat (stencil.py:10:5)"""

import numpy as np

from gradc_runtime.jit import kernel


@kernel("f8[::1], f8[::1], i8")
def heat_grad(start, conductivity, steps):
    now = start.copy()
    n = start.shape[0]
    then = np.zeros(n)
    if steps > 0 and n > 2:
        if n > conductivity.shape[0] + 1:
            raise IndexError("line 25: an index is out of range")
    now_tape = np.empty((len(range(steps)), n))
    for __ in range(steps):
        for i in range(1, n - 1):
            now_i = now[i]
            t1 = conductivity[i] * (now[i - 1] - 2.0 * now_i + now[i + 1])
            then[i] = now_i + t1
        for i in range(n):
            now_tape[__, i] = now[i]
        now, then = then, now
    now_bar = now  # line 27: return 0.5 * np.sum(now**2)
    for i in range(n):  # line 27
        now_bar[i] = 0.5 * (2.0 * now_bar[i])  # line 27
    then_bar = np.zeros(n)  # line 23: for _ in range(steps):
    conductivity_bar = np.zeros(conductivity.shape[0])  # line 23
    for __ in range(steps - 1, -1, -1):  # line 23
        then_bar, now_bar = now_bar, then_bar  # line 24: for i in range(1, len(now) - 1):
        for i in range(n - 2, 0, -1):  # line 24
            t2 = i - 1
            t3 = i + 1
            t4 = now_tape[__, t2] - 2.0 * now_tape[__, i] + now_tape[__, t3]
            add_bar = then_bar[i]  # line 25: then[i] = now[i] + conductivity[i] * (now[i - 1] -...
            then_bar[i] = 0.0  # line 25
            add_bar_1 = add_bar * conductivity[i]  # line 25
            now_bar[t3] += add_bar_1  # line 25
            now_bar[t2] += add_bar_1  # line 25
            conductivity_bar[i] += add_bar * t4  # line 25
            now_bar[i] += add_bar - add_bar_1 * 2.0  # line 25
    return now_bar, conductivity_bar
