"""The training loop: what it computes, tells, and does when things go wrong."""

from __future__ import annotations

import dataclasses
import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradc_runtime.data import Dataset
from gradc_runtime.divergence import DivergenceError
from gradc_runtime.interrupts import InterruptGuard
from gradc_runtime.optimisers import OPTIMISERS
from gradc_runtime.training import Progress, TrainConfig, TrainingInterrupted, train
from tests.runtime.softmax_regression import Array, evaluate, make_data, make_params, step

DATA = make_data()
TEST = make_data(60, seed=1)
CONFIG = TrainConfig(learning_rate=0.1, batch_size=16, epochs=5, seed=3)


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_learns(name: str, dtype: str) -> None:
    config = TrainConfig(name, learning_rate=0.05, batch_size=16, epochs=20, seed=1)
    result = train(
        step,
        make_params(dtype),
        make_data(dtype=dtype),
        config,
        evaluate=evaluate,
        test=make_data(60, dtype, seed=1),
    )
    assert [record.epoch for record in result.history] == list(range(1, 21))
    first, last = result.history[0], result.history[-1]
    assert last.train_loss < first.train_loss
    assert last.accuracy is not None
    assert last.accuracy > 0.85
    assert result.steps == 20 * 7
    assert all(p.dtype == dtype for p in result.params)


def test_one_epoch_is_what_it_says() -> None:
    """Every sample once, in the order of PCG64(seed); losses from before each update."""
    order = np.random.Generator(np.random.PCG64(3)).permutation(len(DATA))
    params = make_params()
    total = 0.0
    for start in range(0, len(DATA), 16):
        samples = order[start : start + 16]
        loss, grads = step(params, DATA.x[samples], DATA.y[samples])
        total += loss * len(samples)
        params = [p - 0.1 * g for p, g in zip(params, grads, strict=True)]
    result = train(step, make_params(), DATA, dataclasses.replace(CONFIG, epochs=1))
    for ours, expected in zip(result.params, params, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-13)
    assert result.history[0].train_loss == pytest.approx(total / len(DATA), rel=1e-13)


def test_the_callers_parameters_stay() -> None:
    params = make_params()
    train(step, params, DATA, CONFIG)
    assert all(np.array_equal(a, b) for a, b in zip(params, make_params(), strict=True))


def test_the_same_seed_gives_the_same_numbers_and_another_does_not() -> None:
    def weights(seed: int) -> Array:
        return train(step, make_params(), DATA, dataclasses.replace(CONFIG, seed=seed)).params[0]

    assert np.array_equal(weights(0), weights(0))
    assert not np.array_equal(weights(0), weights(1))


def test_progress_and_history() -> None:
    seen: list[Progress] = []
    config = dataclasses.replace(CONFIG, epochs=2)
    result = train(
        step, make_params(), DATA, config, evaluate=evaluate, test=TEST, progress=seen.append
    )
    assert [(p.epoch, p.step) for p in seen if p.record is None] == [
        (epoch, number) for epoch in (1, 2) for number in range(1, 8)
    ]
    assert [p.record for p in seen if p.record is not None] == list(result.history)
    assert all((p.epochs, p.steps) == (2, 7) for p in seen)
    expected = evaluate(result.params, TEST.x, TEST.y)
    assert (result.history[-1].test_loss, result.history[-1].accuracy) == expected


@pytest.mark.parametrize("options", [{}, {"evaluate": evaluate}, {"test": TEST}])
def test_without_a_test_there_is_no_test_loss(options: dict[str, Any]) -> None:
    record = train(step, make_params(), DATA, CONFIG, **options).history[0]
    assert (record.test_loss, record.accuracy) == (None, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"batch_size": 0}, "count and batch_size must be at least 1, not 100, 0"),
        ({"learning_rate": -1.0}, "learning_rate must be greater than 0, not -1.0"),
        ({"hyper": {"momentum": 0.9}}, "sgd has no momentum; it takes learning_rate, weight_decay"),
    ],
)
def test_wrong_configuration(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(step, make_params(), DATA, dataclasses.replace(CONFIG, **change))


# --- divergence ----------------------------------------------------------------------------------


def diverge(model: Callable[..., Any], config: TrainConfig, **options: Any) -> DivergenceError:
    with pytest.raises(DivergenceError) as caught:
        train(model, make_params(), DATA, config, **options)
    return caught.value


def square(params: list[Array], x: Array, y: Any) -> tuple[float, list[Array]]:
    """Mean of w**2 over the weights: each step multiplies them by 1 - 2 * learning_rate."""
    return float((params[0] ** 2).sum()), [2 * params[0], np.zeros_like(params[1])]


def test_a_loss_that_explodes() -> None:
    # w is multiplied by -3, the loss by 9 a step: above a thousand before the fifth step
    error = diverge(square, TrainConfig(learning_rate=2.0, batch_size=10, epochs=3))
    start, _ = square(make_params(), DATA.x, DATA.y)
    assert str(error) == (
        f"training diverged in epoch 1, step 5 of 10: the loss is {start * 9**4:.4g} "
        f"({start:.4g} at the start) with learning_rate = 2; try learning_rate = 0.2"
    )
    assert (error.epoch, error.step, error.suggested_learning_rate) == (1, 5, 0.2)


@pytest.mark.parametrize("rate", [1e200, 1e308])
def test_an_update_that_overflows(rate: float) -> None:
    def linear(params: list[Array], x: Array, y: Any) -> tuple[float, list[Array]]:
        return 0.0, [np.full_like(params[0], 1e200), np.zeros_like(params[1])]

    error = diverge(linear, TrainConfig(learning_rate=rate), names=["w", "b"])
    assert "epoch 1, step 1 of 2: the update of w overflowed" in str(error)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite(value: float) -> None:
    calls = 0

    def model(params: list[Array], x: Array, y: Any) -> tuple[float, list[Array]]:
        nonlocal calls
        calls += 1
        loss, grads = step(params, x, y)
        return (value if calls == 10 else loss), grads

    error = diverge(model, TrainConfig(learning_rate=0.07, batch_size=16))
    # the first call is for the initial loss, then come 7 steps an epoch
    start, _ = step(make_params(), DATA.x, DATA.y)
    assert str(error) == (
        f"training diverged in epoch 2, step 2 of 7: the loss is {value} ({start:.4g} at the start)"
        " with learning_rate = 0.07; try learning_rate = 0.007"
    )


def test_a_gradient_that_is_not_finite() -> None:
    def model(params: list[Array], x: Array, y: Any) -> tuple[float, list[Array]]:
        loss, grads = step(params, x, y)
        grads[1][0] = math.nan
        return loss, grads

    assert "step 1 of 2: the gradient of layer 1 bias is not finite" in str(
        diverge(model, TrainConfig(), names=["layer 1 weight", "layer 1 bias"])
    )
    assert "the gradient of parameter 1 is not finite" in str(diverge(model, TrainConfig()))


def test_a_loss_that_is_wrong_from_the_start() -> None:
    def model(params: list[Array], x: Array, y: Any) -> tuple[float, list[Array]]:
        return math.inf, params

    error = diverge(model, TrainConfig())
    assert str(error) == (
        "the loss is inf before the first step, so no learning rate will help; "
        "scale the input to about -1 .. 1 or choose another init"
    )
    assert error.suggested_learning_rate is None


def test_a_loss_that_stays_far_above_the_first_one() -> None:
    """Bouncing between the walls of a valley: finite, bounded, and useless."""

    def model(params: list[Array], x: Array, y: Any) -> tuple[float, list[Array]]:
        at_start = np.array_equal(params[0], make_params()[0])
        _, grads = step(params, x, y)
        return (1.0 if at_start else 3.1), [0 * g + 1e-6 for g in grads]

    error = diverge(model, TrainConfig(learning_rate=0.5, batch_size=1))
    assert str(error) == (
        "training diverged in epoch 2, step 100 of 100: the mean loss of the epoch is still 3.1 "
        "(1 at the start) with learning_rate = 0.5; try learning_rate = 0.05"
    )
    few_steps = TrainConfig(learning_rate=0.5, batch_size=100, epochs=99)
    assert len(train(model, make_params(), DATA, few_steps).history) == 99


def test_a_tiny_initial_loss_makes_no_divergence() -> None:
    def model(params: list[Array], x: Array, y: Any) -> tuple[float, list[Array]]:
        at_start = np.array_equal(params[0], make_params()[0])
        return (0.0 if at_start else 1e-4), [np.full_like(p, 1e-6) for p in params]

    assert len(train(model, make_params(), DATA, CONFIG).history) == 5


def test_a_test_loss_that_is_not_finite() -> None:
    error = diverge(step, CONFIG, evaluate=lambda params, x, y: (math.inf, 0.5), test=TEST)
    assert "epoch 1, step 7 of 7: the loss on the test data is inf" in str(error)


def test_labels_that_cannot_be_learned_diverge_at_a_high_rate() -> None:
    noise = dataclasses.replace(DATA, y=np.random.default_rng(0).permutation(DATA.y))
    config = dataclasses.replace(CONFIG, learning_rate=1e5)
    with pytest.raises(
        DivergenceError, match="with learning_rate = 100000; try learning_rate = 10000"
    ):
        train(step, make_params(), noise, config)
    low = dataclasses.replace(CONFIG, learning_rate=0.1)
    assert train(step, make_params(), noise, low).history[-1].train_loss < 1.2


def test_divergence_leaves_the_last_good_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    calls = 0

    def model(params: list[Array], x: Array, y: Any) -> tuple[float, list[Array]]:
        nonlocal calls
        calls += 1
        loss, grads = step(params, x, y)
        return (math.nan if calls == 20 else loss), grads

    diverge(model, CONFIG, checkpoint=path)
    good = train(step, make_params(), DATA, dataclasses.replace(CONFIG, epochs=2))
    with np.load(path) as saved:
        assert np.array_equal(saved["param_0"], good.params[0])


def test_an_optimiser_state_that_overflows_is_not_saved(tmp_path: Path) -> None:
    """Adam's mean of squares overflows long before its parameters show it."""

    def model(params: list[Array], x: Array, y: Any) -> tuple[float, list[Array]]:
        return 1.0, [np.full_like(p, 1e30) for p in params]

    path = tmp_path / "run.npz"
    with pytest.raises(DivergenceError, match="the optimizer's state of parameter 0 overflowed"):
        train(
            model,
            make_params("float32"),
            make_data(dtype="float32"),
            TrainConfig("adam", 0.001, epochs=1),
            checkpoint=path,
        )
    assert not path.exists()


# --- interrupts ----------------------------------------------------------------------------------


def test_interrupt_without_a_checkpoint() -> None:
    def model(params: list[Array], x: Array, y: Any) -> tuple[float, list[Array]]:
        raise KeyboardInterrupt

    with pytest.raises(TrainingInterrupted) as caught:
        train(model, make_params(), DATA, CONFIG)
    assert str(caught.value) == "interrupted in epoch 1 after step 0 of 7; nothing was saved"
    assert caught.value.checkpoint is None


def test_a_signal_during_an_update_waits_for_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    updates = 0
    whole = OPTIMISERS["sgd"].update

    def update(self: Any, grads: Any) -> None:
        nonlocal updates
        updates += 1
        if updates == 10:
            os.kill(os.getpid(), signal.SIGINT)
        whole(self, grads)

    monkeypatch.setattr(OPTIMISERS["sgd"], "update", update)
    path = tmp_path / "run.npz"
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(TrainingInterrupted) as caught:
        train(step, make_params(), DATA, CONFIG, checkpoint=path)
    assert signal.getsignal(signal.SIGINT) is before
    assert str(caught.value) == f"interrupted in epoch 2 after step 3 of 7; saved in {path}"
    with np.load(path) as saved:
        assert saved["optimiser_steps"] == 10


def test_guard_outside_of_critical_sections_is_transparent() -> None:
    with InterruptGuard() as guard:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        done = []

        def work() -> None:
            with guard.critical():
                os.kill(os.getpid(), signal.SIGINT)
                done.append(1)

        with pytest.raises(KeyboardInterrupt):
            work()
        assert done == [1]


def test_guard_in_another_thread_changes_nothing() -> None:
    import threading

    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work() -> None:
        with InterruptGuard():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_dataset_of_fewer_samples_than_a_batch() -> None:
    small = Dataset(DATA.x[:3], DATA.y[:3], DATA.path)
    result = train(step, make_params(), small, CONFIG)
    assert result.steps == 5
