"""``gradc passes``: the passes there are, and what each of them does."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gradc.passes.base import Pass


@click.command("passes", short_help="The passes, and what each of them does.")
@click.option("--explain", "name", metavar="NAME", help="Say what one pass does, by example.")
def command(name: str | None) -> None:
    """List the passes that --print-after and --stop-after can name."""
    if name is None:
        _list()
    else:
        check_pass(name, "--explain")
        _explain(name)


def check_pass(name: str, option: str) -> None:
    """Refuse a name that is no pass.

    Raises
    ------
    GradcError
        With what may have been meant.
    """
    from gradc.driver import REGISTRY
    from gradc.errors import GradcError
    from gradc.passes.pipeline import suggestion

    if name not in REGISTRY:
        hint = suggestion(name, REGISTRY) or f"; there are {', '.join(REGISTRY)}"
        raise GradcError(f"{option}: there is no pass {name[:60]!r}{hint}")


def _list() -> None:
    from rich.text import Text

    from gradc.cli.terminal import console
    from gradc.driver import REGISTRY, SHARE, emission_pipeline, mode_pipeline

    out = console()
    for name, cls in REGISTRY.items():
        out.print(Text(f"{name:<10} ", style="bold").append(_summary(cls)), soft_wrap=True)
        options = _options(cls)
        if options:
            out.print(Text(f"{'':<10} {options}", style="dim"), soft_wrap=True)
    out.print()
    out.print(f"a gradient: {SHARE},{mode_pipeline('value_and_grad', (0,))}", soft_wrap=True)
    out.print(f"its loops:  {emission_pipeline('loops', 'cpu')}", soft_wrap=True)


def _explain(name: str) -> None:
    from rich.text import Text

    from gradc.cli.terminal import console
    from gradc.driver import REGISTRY

    cls = REGISTRY[name]
    out = console()
    out.print(Text(name, style="bold"), soft_wrap=True)
    options = _options(cls)
    if options:
        out.print(Text(options, style="dim"), soft_wrap=True)
    out.print(f"\n{_documentation(name, cls)}", soft_wrap=True)


def _documentation(name: str, cls: type[Pass]) -> str:
    """What a pass does is said, by example, at the top of its file."""
    home = cls.__module__
    if home == "gradc.modes":
        # These are passes beside the driver, for the passes' room may not import theirs.
        home = f"gradc.adjoint.{name}"
    return _plain(inspect.getdoc(sys.modules[home]) or "")


def _plain(text: str) -> str:
    """Drop what only a documentation tool reads."""
    return re.sub(r":\w+:`~?([^`]*)`", r"\1", text)


def _summary(cls: type[Pass]) -> str:
    return _plain((inspect.getdoc(cls) or "").split("\n", 1)[0])


def _options(cls: type[Pass]) -> str:
    """The options of a pass as pipeline text writes them, with their defaults."""
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]  # every pass is one
    shown = [f"{field.name}={_written(field.default)}" for field in fields]
    return f"{{{', '.join(shown)}}}" if shown else ""


def _written(default: object) -> str:
    if isinstance(default, tuple):
        return "+".join(map(_written, default))
    return "none" if default is None else str(default).lower()
