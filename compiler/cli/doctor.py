"""``gradc doctor``: what this machine offers, and what gradc makes of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

_PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "sympy")
_EXTRAS = (
    ("numba-cuda", "CUDA kernels", "pip install 'gradc[cuda]'"),
    ("matplotlib", "plots as PNG", "pip install 'gradc[plot]'"),
    ("pyarrow", "data in parquet files", "pip install pyarrow"),
)
# Those that decide which vector instructions a kernel gets, by family.
_FEATURES = ("sse4.2", "avx", "avx2", "fma", "avx512f", "avx512vl", "neon", "asimd", "sve")
_CUDA_SUCCESS = 0


@dataclass(frozen=True)
class Finding:
    """One line of the report; `ok` is None where nothing is good or bad about it."""

    name: str
    value: str
    ok: bool | None = None
    hint: str = ""


@click.command("doctor", short_help="Versions, CPU, vector math library, CUDA, cache.")
def command() -> None:
    """Report versions, CPU features, the vector math library, CUDA and the cache."""
    from rich.text import Text

    from gradc.cli.terminal import console

    out = console()
    marks = {True: ("ok", "green"), False: ("--", "yellow"), None: ("", "")}
    for title, findings in report():
        out.print(Text(title, style="bold"))
        for finding in findings:
            mark, style = marks[finding.ok]
            line = Text("  ").append(f"{mark:2}", style=style).append(f" {finding.name:<20} ")
            line.append(finding.value)
            if finding.hint:
                line.append(f"  ({finding.hint})", style="dim")
            out.print(line, soft_wrap=True)


def report() -> Iterator[tuple[str, list[Finding]]]:
    """Yield the sections of the report."""
    yield "Software", list(_software())
    yield "Extras", list(_extras())
    yield "CPU", list(_cpu())
    yield "CUDA", list(_cuda())
    yield "Cache", list(_cache())


def _version(package: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _software() -> Iterator[Finding]:
    import platform

    from gradc import __version__

    yield Finding("gradc", __version__)
    python = f"{platform.python_version()} ({platform.python_implementation()})"
    yield Finding("Python", python)
    yield Finding("system", platform.platform())
    for package in _PACKAGES:
        version = _version(package)
        yield Finding(package, version or "missing", None if version else False)


def _extras() -> Iterator[Finding]:
    for package, use, how in _EXTRAS:
        version = _version(package)
        if version:
            yield Finding(package, f"{version}, for {use}", True)
        else:
            yield Finding(package, f"not installed, for {use}", False, how)


def _cpu() -> Iterator[Finding]:
    from llvmlite import binding

    yield Finding("name", binding.get_host_cpu_name())
    features = binding.get_host_cpu_features()
    found = [name for name in _FEATURES if features.get(name)]
    yield Finding("vector instructions", ", ".join(found) or "none known")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    asked = os.environ.get("NUMBA_NUM_THREADS")
    threads = f"{asked} (NUMBA_NUM_THREADS)" if asked else str(usable)
    yield Finding("threads", threads)
    yield _vector_math()


def _vector_math() -> Finding:
    """Whether the system has vector versions of exp, sin, ... (glibc's libmvec)."""
    import ctypes

    try:
        ctypes.CDLL("libmvec.so.1")
    except OSError:
        return Finding("vector math library", "not here")
    return Finding("vector math library", "libmvec.so.1 (glibc); kernels do not call it yet")


def _cuda() -> Iterator[Finding]:
    compiler = _version("numba-cuda")
    nvvm = _version("nvidia-nvvm") or _version("nvidia-cuda-nvcc-cu12")
    if compiler is None:
        yield Finding("compiler", "numba-cuda is not installed", False, "pip install 'gradc[cuda]'")
    elif nvvm is None:
        yield Finding("compiler", f"numba-cuda {compiler}", None, "NVVM is not from a wheel")
    else:
        yield Finding("compiler", f"numba-cuda {compiler}, NVVM {nvvm}: PTX can be made", True)
    yield from _devices()


def _devices() -> Iterator[Finding]:
    """Ask the driver itself: importing numba.cuda for this would take seconds."""
    import ctypes

    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        yield Finding("driver", "not here", False, "kernels can be compiled but not run")
        return
    status = driver.cuInit(0)
    if status != _CUDA_SUCCESS:
        yield Finding("driver", f"here, but cuInit failed with error {status}", False)
        return
    version, count = ctypes.c_int(), ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(version))
    driver.cuDeviceGetCount(ctypes.byref(count))
    major, minor = divmod(version.value, 1000)
    yield Finding("driver", f"CUDA {major}.{minor // 10}", True)
    for index in range(count.value):
        name = ctypes.create_string_buffer(256)
        driver.cuDeviceGetName(name, len(name), index)
        yield Finding(f"device {index}", name.value.decode(errors="replace"), True)


def _cache() -> Iterator[Finding]:
    from gradc.cache import cache_folder
    from gradc.cli.terminal import readable_size

    folder = cache_folder()
    files, size = _contents(folder)
    yield Finding("folder", str(folder))
    yield Finding("contents", f"{files} files, {readable_size(size)}" if files else "empty")
    writable = os.access(next(p for p in (folder, *folder.parents) if p.exists()), os.W_OK)
    if not writable:
        yield Finding("writable", "no", False, "every process compiles anew")


def _contents(folder: Path) -> tuple[int, int]:
    """Count the files in a folder and add up their sizes; others may be writing there."""
    files = size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                size += (Path(parent) / name).stat().st_size
            except OSError:
                continue
            files += 1
    return files, size
