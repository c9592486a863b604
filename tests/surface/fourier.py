"""Fourier transforms and complex numbers from which a real result is formed."""

import numpy as np

from tests.surface.case import Surface

surface = Surface()

SIGNAL = np.array([0.4, -0.3, 0.9, 1.7, -1.2, 0.6, 0.2])
OTHER = np.array([1.1, 0.5, -0.7, 0.3, 0.8, -1.6, 0.4])
IMAGE = np.random.default_rng(3).normal(size=(3, 4))
SECOND = np.random.default_rng(4).normal(size=(3, 4))


def seen(z):
    """Both parts in one real array."""
    return np.sin(z.real) + np.cos(z.imag + 0.3)


surface("numpy.fft.rfft", lambda x: seen(np.fft.rfft(x)), SIGNAL)
surface("numpy.fft.rfft", lambda x: seen(np.fft.rfft(x[:6])), SIGNAL)
surface("numpy.fft.rfft", lambda x: seen(np.fft.rfft(x, 4)), SIGNAL)
surface("numpy.fft.rfft", lambda x: seen(np.fft.rfft(x, 10, norm="ortho")), SIGNAL)
surface("numpy.fft.rfft", lambda x: seen(np.fft.rfft(x[:1])), SIGNAL)
surface("numpy.fft.rfft", lambda x: seen(np.fft.rfft(x, axis=0, norm="forward")), IMAGE)
surface("numpy.fft.rfft", lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 2), SIGNAL)
surface("numpy.fft.irfft", lambda x, y: np.fft.irfft(x + 1j * y), SIGNAL, OTHER)
surface("numpy.fft.irfft", lambda x, y: np.fft.irfft(x + 1j * y, 13), SIGNAL, OTHER)
surface("numpy.fft.irfft", lambda x, y: np.fft.irfft(x + 1j * y, 6, norm="ortho"), SIGNAL, OTHER)
surface("numpy.fft.irfft", lambda x, y: np.fft.irfft(x + 1j * y, 21), SIGNAL, OTHER)
surface("numpy.fft.irfft", lambda x: np.fft.irfft(x, 9), SIGNAL)
surface("numpy.fft.irfft", lambda x, y: np.fft.irfft(x + 1j * y, axis=0), IMAGE, SECOND)
surface("numpy.fft.irfft", lambda x, h: np.fft.irfft(np.fft.rfft(x) * h, len(x)), SIGNAL, OTHER[:4])
surface("numpy.fft.fft", lambda x: seen(np.fft.fft(x)), SIGNAL)
surface("numpy.fft.fft", lambda x: seen(np.fft.fft(x[:6], norm="ortho")), SIGNAL)
surface("numpy.fft.fft", lambda x, y: seen(np.fft.fft(x + 1j * y)), SIGNAL, OTHER)
surface("numpy.fft.fft", lambda x, y: seen(np.fft.fft(x + 1j * y, 9)), SIGNAL, OTHER)
surface("numpy.fft.fft", lambda x, y: seen(np.fft.fft(x + 1j * y, axis=0)), IMAGE, SECOND)
surface("numpy.fft.ifft", lambda x: seen(np.fft.ifft(x)), SIGNAL)
surface("numpy.fft.ifft", lambda x, y: seen(np.fft.ifft(x + 1j * y, norm="forward")), SIGNAL, OTHER)
surface("numpy.fft.hfft", lambda x, y: np.fft.hfft(x + 1j * y), SIGNAL, OTHER)
surface("numpy.fft.hfft", lambda x, y: np.fft.hfft(x + 1j * y, 9, norm="ortho"), SIGNAL, OTHER)
surface("numpy.fft.ihfft", lambda x: seen(np.fft.ihfft(x)), SIGNAL)
surface("numpy.fft.rfft2", lambda x: seen(np.fft.rfft2(x)), IMAGE)
surface("numpy.fft.irfft2", lambda x, y: np.fft.irfft2(x + 1j * y), IMAGE, SECOND)
surface("numpy.fft.fft2", lambda x, y: seen(np.fft.fft2(x + 1j * y)), IMAGE, SECOND)
surface("numpy.fft.ifft2", lambda x: seen(np.fft.ifft2(x)), IMAGE)
surface("numpy.fft.rfftn", lambda x: seen(np.fft.rfftn(x, (2, 6), (1, 0))), IMAGE)
surface("numpy.fft.irfftn", lambda x, y: np.fft.irfftn(x + 1j * y), IMAGE, SECOND)
surface("numpy.fft.fftn", lambda x, y: seen(np.fft.fftn(x + 1j * y)), IMAGE, SECOND)
surface("numpy.fft.ifftn", lambda x, y: seen(np.fft.ifftn(x + 1j * y)), IMAGE, SECOND)
surface("numpy.fft.fftshift", lambda x: np.fft.fftshift(x), SIGNAL)
surface("numpy.fft.fftshift", lambda x: np.fft.fftshift(x, axes=1), IMAGE)
surface("numpy.fft.fftshift", lambda x: np.fft.fftshift(np.fft.fft(x)).imag, SIGNAL)
surface("numpy.fft.ifftshift", lambda x: np.fft.ifftshift(x), SIGNAL)
surface("numpy.fft.ifftshift", lambda x: np.fft.ifftshift(x, axes=(0, 1)), IMAGE)
surface("numpy.fft.fftfreq", lambda x: x * np.fft.fftfreq(len(x), 0.1), SIGNAL)
surface("numpy.fft.fftfreq", lambda x: x[:6] * np.fft.fftfreq(6), SIGNAL)
surface("numpy.fft.rfftfreq", lambda x: x[:4] * np.fft.rfftfreq(len(x), d=2.0), SIGNAL)

# -- complex numbers ----------------------------------------------------------------------------

surface("numpy.real", lambda x, y: np.real((x + 1j * y) * (y - 2j)), SIGNAL, OTHER)
surface("numpy.imag", lambda x, y: np.imag((x + 1j * y) * (y - 2j)), SIGNAL, OTHER)
surface("numpy.abs", lambda x, y: np.abs(x + 1j * y), SIGNAL, OTHER)
surface("numpy.angle", lambda x, y: np.angle(x + 1j * y), SIGNAL, OTHER)
surface("numpy.angle", lambda x, y: np.angle(x - 1j * y, deg=True), SIGNAL, OTHER)
surface("numpy.angle", lambda x: x * np.angle(x), SIGNAL)
surface("numpy.conjugate", lambda x, y: (np.conj(x + 1j * y) * (y + 1j * x)).imag, SIGNAL, OTHER)
surface("numpy.exp", lambda x, y: seen(np.exp(0.3 * x + 1j * y)), SIGNAL, OTHER)
surface("numpy.log", lambda x, y: seen(np.log(x + 1j * y)), SIGNAL, OTHER)
surface("numpy.sin", lambda x, y: seen(np.sin(x + 1j * y)), SIGNAL, OTHER)
surface("numpy.cosh", lambda x, y: seen(np.cosh(x + 1j * y)), SIGNAL, OTHER)
surface("numpy.divide", lambda x, y: seen((x + 1j) / (y - 1j * x)), SIGNAL, OTHER)
surface("numpy.power", lambda x, y: seen((x + 1j * y) ** 3), SIGNAL, OTHER)
surface("numpy.power", lambda x, y: seen((x + 1j * y) ** -2), SIGNAL, OTHER)
surface("numpy.vdot", lambda x, y: np.vdot(x + 1j * y, y - 1j * x).imag, SIGNAL, OTHER)
surface("numpy.matmul", lambda x, y: seen((x + 1j * y) @ (y - 1j * x).T), IMAGE, SECOND)
surface(
    "numpy.einsum",
    lambda x, y: seen(np.einsum("ij,kj->ik", x + 1j * y, y - 1j * x)),
    IMAGE,
    SECOND,
)
surface("numpy.convolve", lambda x, y: seen(np.convolve(x + 1j * y, y)), SIGNAL, OTHER)
surface("numpy.linalg.norm", lambda x, y: np.linalg.norm(x + 1j * y), SIGNAL, OTHER)
surface("numpy.iscomplexobj", lambda x: x * np.iscomplexobj(1j * x), SIGNAL, peers=False)
surface("numpy.isrealobj", lambda x: x * np.isrealobj(x), SIGNAL, peers=False)
surface(
    "numpy.concatenate",
    lambda x, y: seen(np.concatenate([x + 1j * y, 2j * x, y])),
    SIGNAL,
    OTHER,
)
surface("numpy.where", lambda x, y: seen(np.where(x > 0.3, x + 1j * y, 1j)), SIGNAL, OTHER)
surface("numpy.complex128", lambda x: seen(np.complex128(x) * 2j), SIGNAL, peers=False)
surface("numpy.complex64", lambda x: np.complex64(x).dtype == np.complex64, SIGNAL, smooth=False)


def filtered(x):
    spectrum = np.fft.rfft(x)
    spectrum[2:] = 0.0
    spectrum[1] *= 2.0 - 1.0j
    spectrum *= 0.5
    return np.fft.irfft(spectrum, len(x))


def filled(x, y):
    out = np.zeros(len(x), dtype=complex)
    for k in range(len(x)):
        out[k] = x[k] * np.exp(1j * y[k])
    return seen(out)


surface("numpy.fft.irfft", filtered, SIGNAL, peers=False)
surface("numpy.zeros", filled, SIGNAL, OTHER, peers=False)
