"""exposure_grad: from exposure (runge_kutta.py:12:5)"""

import numpy as np

from gradc_runtime.arrays import grow
from gradc_runtime.jit import kernel


@kernel("f8, f8, f8, f8, f8, i8")
def exposure_grad(dose, uptake, clearance, threshold, dt, most):
    __ = 0
    amount = dose
    broken = False
    step = 0
    amount_tape = np.empty(64)
    while not broken and __ < most:
        amount_tape = grow(amount_tape, step)
        amount_tape[step] = amount
        broken = amount < threshold
        if not broken:
            t1 = uptake * amount / (clearance + amount)
            t2 = 0.5 * dt
            t3 = amount - t2 * t1
            k2 = -(uptake * t3 / (clearance + t3))
            t4 = amount + t2 * k2
            k3 = -(uptake * t4 / (clearance + t4))
            t5 = amount + dt * k3
            t6 = dt / 6.0 * (2.0 * k2 - t1 + 2.0 * k3 - uptake * t5 / (clearance + t5))
            amount += t6
        __ += 1
        step += 1
    amount_bar = 0.0  # line 26: for _ in range(most):
    uptake_bar = 0.0  # line 26
    clearance_bar = 0.0  # line 26
    for step in range(step - 1, -1, -1):  # line 26
        amount = amount_tape[step]  # line 26
        if not amount < threshold:  # line 27: if amount < threshold:
            t7 = clearance + amount
            t8 = uptake * amount / t7
            t9 = 0.5 * dt
            t10 = amount - t9 * t8
            t11 = clearance + t10
            t12 = uptake * t10 / t11
            t13 = amount - t9 * t12
            t14 = clearance + t13
            t15 = uptake * t13 / t14
            t16 = amount - dt * t15
            t17 = clearance + t16
            add_bar = amount_bar * (dt / 6.0)  # line 34: amount += dt / 6.0 * (k1 + 2.0 * k2 + 2...
            div_bar = -add_bar  # line 34
            k3_bar = add_bar * 2.0  # line 34
            amount_bar += dt  # line 33: area += dt * amount
            mul_bar = -(add_bar / t17)  # line 9: return -uptake * amount / (clearance + amount)
            t18 = mul_bar * (uptake * t16 / t17)  # line 9
            clearance_bar -= t18  # line 9
            uptake_bar += mul_bar * t16  # line 9
            add_bar = mul_bar * uptake - t18  # line 9
            amount_bar += add_bar  # line 32: k4 = rate(amount + dt * k3, uptake, clearance)
            k3_bar_1 = k3_bar + add_bar * dt  # line 32
            mul_bar = -(k3_bar_1 / t14)  # line 9: return -uptake * amount / (clearance + amount)
            t19 = mul_bar * t15  # line 9
            clearance_bar -= t19  # line 9
            uptake_bar += mul_bar * t13  # line 9
            add_bar = mul_bar * uptake - t19  # line 9
            amount_bar += add_bar  # line 31: k3 = rate(amount + 0.5 * dt * k2, uptake, clearance)
            k2_bar = k3_bar + add_bar * t9  # line 31
            mul_bar = -(k2_bar / t11)  # line 9: return -uptake * amount / (clearance + amount)
            t20 = mul_bar * t12  # line 9
            clearance_bar -= t20  # line 9
            uptake_bar += mul_bar * t10  # line 9
            add_bar = mul_bar * uptake - t20  # line 9
            amount_bar += add_bar  # line 30: k2 = rate(amount + 0.5 * dt * k1, uptake, clearance)
            div_bar -= add_bar * t9  # line 30
            mul_bar = div_bar / t7  # line 9: return -uptake * amount / (clearance + amount)
            t21 = mul_bar * t8  # line 9
            clearance_bar -= t21  # line 9
            amount_bar -= t21  # line 9
            uptake_bar += mul_bar * amount  # line 9
            amount_bar += mul_bar * uptake  # line 9
    return amount_bar, uptake_bar, clearance_bar
