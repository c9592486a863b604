"""Fourier transforms from which a real result is formed."""

from tests.surface.case import Surface

surface = Surface()
