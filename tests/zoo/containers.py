"""Tuples, lists, dictionaries, named tuples, dataclasses."""

import dataclasses
from collections import namedtuple
from dataclasses import dataclass

import numpy as np

from tests.zoo.case import Group

zoo = Group("containers")

V = np.array([0.5, -1.2, 2.0])
M = np.array([[0.3, -1.1, 0.8], [2.0, 0.7, -0.5]])

Line = namedtuple("Line", ["slope", "offset"])


@dataclass(frozen=True)
class Model:
    weights: np.ndarray
    rate: float
    name: str = "linear"

    def predict(self, x):
        return self.weights @ x * self.rate

    @property
    def energy(self):
        return (self.weights**2).sum()


@zoo((1.5, 2.5))
def tuple_argument(pair):
    a, b = pair
    return a * b + pair[0]


@zoo({"w": V, "b": 0.5}, np.array([1.0, 2.0, 3.0]))
def dict_argument(params, x):
    return params["w"] @ x + params["b"]


@zoo([(M, np.array([0.1, 0.2])), (np.array([[0.5, -0.5]]), np.array([0.3]))], V)
def layers_of_a_network(params, x):
    for w, b in params:
        x = np.tanh(w @ x + b)
    return x.sum()


@zoo(Line(1.5, -0.5), 2.0)
def named_tuple_argument(line, x):
    slope, offset = line
    return line.slope * x + line.offset + slope * offset + line[0]


@zoo(Model(V, 0.3), np.array([1.0, 2.0, 3.0]))
def dataclass_argument(model, x):
    return model.predict(x) + model.energy * (model.name == "linear")


@dataclass
class Layer:
    weights: np.ndarray
    offset: float

    def __call__(self, x, slope=1.0):
        return np.tanh(slope * (self.weights @ x) + self.offset)


@zoo([Layer(M, 0.5), Layer(np.array([[0.5, -0.5]]), 0.1)], V)
def objects_that_are_called(layers, x):
    for layer in layers:
        x = layer(x, slope=0.5)
    return np.sum(x) + layers[0](x=V)[0]


@zoo(1.5, 2.5)
def named_tuple_result(x, y):
    return Line(x * y, offset=x - y)


@zoo(1.5, 2.5)
def dict_result(x, y):
    return {"sum": x + y, "parts": (x, [y, x * y])}


@zoo(1.5)
def list_of_scalars(x):
    values = [x, x * 2, 3.0]
    values.append(x**2)
    values[0] = values[1] + 1
    return values[0] * values[-1] + len(values) + sum(values)


@zoo(1.5, 2.5)
def loop_over_tuple(x, y):
    s = 0.0
    for value in (x, y, x * y):
        s += value**2
    return s


@zoo(1.5, 2.5)
def loop_over_zip(x, y):
    s = 0.0
    for k, (a, b) in enumerate(zip((x, y), [y, 2.0], strict=True)):
        s += a * b * (k + 1)
    return s


@zoo(1.5, 2.5)
def index_needs_unrolling(x, y):
    values = (x, y, x * y)
    s = 0.0
    for k in range(3):
        s += values[k] * k
    return s


@zoo(1.5)
def nested_tuples(x):
    (a, b), c = (x, x * 2), (x, 3.0)
    return a * b + c[0] * c[1]


@zoo(1.5, 4)
def tuple_carried_by_loop(x, n):
    state = (x, 1.0)
    for _ in range(n):
        state = (state[0] * 0.5 + state[1], state[0])
    return state[0] + state[1]


@zoo(V)
def dict_of_functions(x):
    table = {"double": lambda y: 2 * y, "sine": np.sin}
    return table["double"](x) + table["sine"](x)


@zoo(1.5)
def static_options(x):
    options = {"scale": 2.0, "shift": x}
    scale = options.get("scale", 1.0)
    missing = options.get("other", 5.0)
    return scale * options["shift"] + missing


@zoo(Line(1.5, V), Model(M, 0.7), 0.3)
def fields_that_are_replaced(line, model, x):
    line = line._replace(slope=x * line.slope)
    model = dataclasses.replace(model, weights=2.0 * model.weights, name="other")
    fields = line._asdict()
    return model.predict(line.offset).sum() * fields["slope"] + model.rate * len(model.name)


@dataclass
class Moving:
    place: np.ndarray
    speed: np.ndarray


@zoo(V)
def arrays_of_an_object_in_place(x):
    body = Moving(x.copy(), 2.0 * x)
    speed = body.speed
    for _ in range(3):
        body.speed -= 0.1 * body.place
        body.place += 0.1 * body.speed
    return np.sum(body.place * speed)


@zoo(V, 3)
def dict_made_anew_in_a_loop(x, n):
    seen = {"mean": 0.0, "sums": x.copy(), "count": 0}
    for i in range(n):
        mean = 0.9 * seen["mean"] + x[i] * x[i]
        seen = {"mean": mean, "sums": 0.5 * seen["sums"] + x, "count": seen["count"] + 1}
    return seen["mean"] * seen["sums"].sum() * seen["count"]


@zoo(V)
def list_that_grows(x):
    chosen = []
    for v in x:
        if v > 0.0:
            chosen.append(v * v)
        chosen.append(v)
    return np.sum(np.array(chosen) ** 3) * len(chosen)


@zoo(V, 7)
def list_as_a_ring(x, n):
    ring = [0.0] * 3
    total = 0.0
    for k in range(n):
        total += ring[k % 3] * x[k % 3]
        ring[k % 3] = 0.5 * ring[k % 3] + x[(k + 1) % 3]
    return total


@zoo(V, np.array([0.7, -0.4]))
def rows_of_a_table(x, y):
    last = [1.0] * 4
    for w in y:
        row = [w]
        for k in range(3):
            row.append(row[k] * x[k] + last[k])
        last = row
    return last[-1] * last[1]


@zoo(V)
def list_as_a_stack(x):
    stack = []
    total = 0.0
    for v in x:
        stack.append(np.sin(v))
        if len(stack) > 1:
            stack.append(stack.pop() * stack.pop())
    while stack:
        total = 0.5 * total + stack.pop()
    return total


@zoo(M, 3)
def list_of_rows_that_grows(a, n):
    path = [a[0]]
    for k in range(n):
        path.append(0.5 * path[-1] + a[k % 2])
    return np.sum(np.stack(path) ** 2)
