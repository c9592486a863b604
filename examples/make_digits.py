"""Make digits-train.npz and digits-test.npz from the copy of the data in scikit-learn.

    pip install scikit-learn
    python examples/make_digits.py

Each file holds ``x``, float32 of shape (n, 64) in 0 .. 1 (8 rows of 8), and ``y``, the digits.
The test set has 36 images of each digit, drawn with a fixed seed; the rest is for training.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SEED = 0
TEST_IMAGES_OF_EACH = 36
BRIGHTEST = 16


def split(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of the images for training and for testing, both in file order."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    test = np.concatenate(
        [
            rng.permutation(np.flatnonzero(labels == digit))[:TEST_IMAGES_OF_EACH]
            for digit in range(10)
        ]
    )
    return np.setdiff1d(np.arange(len(labels)), test), np.sort(test)


def main() -> None:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    x = (pixels / BRIGHTEST).astype(np.float32)
    y = labels.astype(np.int64)
    folder = Path(__file__).parent
    for name, chosen in zip(("digits-train", "digits-test"), split(y), strict=True):
        np.savez_compressed(folder / f"{name}.npz", x=x[chosen], y=y[chosen])
        print(f"{name}.npz: {len(chosen)} images")


if __name__ == "__main__":
    main()
