"""The loss of a stack of LSTM layers that predict the next character, in loops and in arrays.

`main` has the weights and the biases of each layer in turn: rows of forget, in, out and change
gates. `extra` has the weights of the input, and the weights and biases of the output.
"""

import math

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


def objective(main, extra, state, sequence):
    layers = main.shape[0] // 2
    count, width = sequence.shape
    state = state.copy()
    carried = np.empty(width)
    total = 0.0
    for t in range(count - 1):
        for i in range(width):
            carried[i] = sequence[t, i] * extra[0, i]
        for layer in range(layers):
            for i in range(width):
                hidden = state[2 * layer, i]
                forget = sigmoid(carried[i] * main[2 * layer, i] + main[2 * layer + 1, i])
                ingate = sigmoid(
                    hidden * main[2 * layer, width + i] + main[2 * layer + 1, width + i]
                )
                outgate = sigmoid(
                    carried[i] * main[2 * layer, 2 * width + i] + main[2 * layer + 1, 2 * width + i]
                )
                change = math.tanh(
                    hidden * main[2 * layer, 3 * width + i] + main[2 * layer + 1, 3 * width + i]
                )
                cell = state[2 * layer + 1, i] * forget + ingate * change
                state[2 * layer + 1, i] = cell
                carried[i] = outgate * math.tanh(cell)
                state[2 * layer, i] = carried[i]
        exponentials = 2.0
        for i in range(width):
            carried[i] = carried[i] * extra[1, i] + extra[2, i]
            exponentials += math.exp(carried[i])
        log_sum = math.log(exponentials)
        for i in range(width):
            total += sequence[t + 1, i] * (carried[i] - log_sum)
    return -total / ((count - 1) * width)


def objective_arrays(main, extra, state, sequence):
    layers = main.shape[0] // 2
    count, width = sequence.shape
    hidden = state[0::2].copy()
    cell = state[1::2].copy()
    total = 0.0
    for t in range(count - 1):
        carried = sequence[t] * extra[0]
        for layer in range(layers):
            weight = main[2 * layer].reshape(4, width)
            bias = main[2 * layer + 1].reshape(4, width)
            forget = 1.0 / (1.0 + np.exp(-(carried * weight[0] + bias[0])))
            ingate = 1.0 / (1.0 + np.exp(-(hidden[layer] * weight[1] + bias[1])))
            outgate = 1.0 / (1.0 + np.exp(-(carried * weight[2] + bias[2])))
            change = np.tanh(hidden[layer] * weight[3] + bias[3])
            cell[layer] = cell[layer] * forget + ingate * change
            hidden[layer] = outgate * np.tanh(cell[layer])
            carried = hidden[layer].copy()
        predicted = carried * extra[1] + extra[2]
        log_sum = np.log(2.0 + np.sum(np.exp(predicted)))
        total += np.sum(sequence[t + 1] * (predicted - log_sum))
    return -total / ((count - 1) * width)
