"""Layers at a glance: bars on a logarithmic scale, and the findings below."""

import io

import numpy as np
import pytest
from rich.console import Console

from gradc.explain.network import (
    Scale,
    network_html,
    network_text,
    print_network,
    save_network_html,
)
from gradc_runtime.diagnostics import Diagnosis, diagnose, layer_row
from tests.explain.pages import checked


def network(factor: float, count: int, saturated: int | None = None) -> Diagnosis:
    """Linear and sigmoid layers whose gradients change by a factor from layer to layer."""
    rng = np.random.default_rng(0)
    rows = []
    for index in range(count):
        gradient = factor ** (count - 1 - index) * np.ones((2, 2)) / 2
        rows.append(
            layer_row(
                f"layer {2 * index + 1}", "linear", params=[np.ones((2, 2))], grads=[gradient]
            )
        )
        inputs = rng.standard_normal((16, 2)) * (40 if index == saturated else 1)
        rows.append(
            layer_row(f"layer {2 * index + 2}", "sigmoid", output=1 / (1 + np.exp(-inputs)))
        )
    return diagnose(rows)


def bars(text: str) -> list[int]:
    """The length of the bar of each row with parameters."""
    return [
        sum(line.count(c) for c in "█▏▎▍▌▋▊▉") for line in text.splitlines() if "linear" in line
    ]


def test_a_vanishing_gradient_is_seen():
    text = network_text(network(0.1, 6), "six layers", width=80)
    assert text.startswith("six layers\n")
    lengths = bars(text)
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1] / 3
    assert "vanishing: the gradient shrinks to 0.1 of itself with each layer" in text
    first = next(line.split() for line in text.splitlines() if "linear" in line)
    assert first[:4] == ["layer", "1", "linear", "1.0e-05"]
    assert first[-1] == "vanishing"


def test_an_exploding_gradient_is_seen():
    text = network_text(network(9.0, 6), "six layers")
    lengths = bars(text)
    assert lengths == sorted(lengths, reverse=True)
    assert "exploding: " in text


def test_the_layer_that_saturates_is_named():
    text = network_text(network(0.9, 4, saturated=2), "four layers")
    row = next(line for line in text.splitlines() if line.strip().startswith("layer 6"))
    assert row.endswith("saturated")
    assert "% " in row
    assert "of the outputs of layer 6 are where sigmoid is flat" in " ".join(text.split())


def test_a_healthy_network_looks_even():
    text = network_text(network(0.9, 4), "four layers")
    assert min(bars(text)) > 0.8 * max(bars(text))
    assert text.endswith("nothing is wrong with the gradients\n")


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("factor", [1e-30, 1e-3, 1.0, 1e3, 1e30])
def test_lines_fit(width, factor):
    text = network_text(network(factor, 10), "ten layers", width)
    assert max(map(len, text.splitlines())) <= width


def test_zero_and_infinite_gradients_have_no_bar():
    rows = [
        layer_row("layer 1", "linear", params=[np.ones(2)], grads=[np.zeros(2)]),
        layer_row("layer 2", "linear", params=[np.ones(2)], grads=[np.array([np.inf, 0])]),
        layer_row("layer 3", "linear", params=[np.ones(2)], grads=[np.ones(2)]),
    ]
    text = network_text(diagnose(rows), "three layers")
    assert "exactly zero" in text
    assert "not finite" in text


def test_scales_are_whole_decades_with_room():
    scale = Scale.of(network(0.1, 3).rows)
    assert (scale.low, scale.high) == (-3, 0)
    assert Scale.of(()).high - Scale.of(()).low == 3
    assert scale.share(0.0) == 0.0
    assert scale.share(1e9) == 1.0
    assert scale.share(10**-1.5) == pytest.approx(0.5)


def test_plain_terminals_get_ascii():
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    print_network(network(0.1, 3), "three", Console(file=file, width=80))
    file.flush()
    assert b"####" in raw.getvalue()


def test_the_page_says_the_same(tmp_path):
    diagnosis = network(0.1, 6, saturated=3)
    page = network_html(diagnosis, "six <layers>")
    text = "".join(checked(page).text)
    assert "six <layers>" in text
    assert "the gradient shrinks to 0.1 of itself" in text
    assert "are where sigmoid is flat" in text
    assert page.count('class="track"') == 6
    path = save_network_html(diagnosis, "six <layers>", tmp_path / "net.html")
    assert path.read_text("utf-8") == page


def test_the_page_of_a_healthy_network():
    page = network_html(network(0.9, 3), "three layers")
    assert "nothing is wrong with the gradients" in "".join(checked(page).text)
