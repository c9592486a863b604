"""The group of all commands, each in the module of its name, imported when it is asked for."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Sequence
from typing import Any

import click

from gradc import __version__
from gradc.cli.failures import Guard

COMMANDS = ("compile", "eval", "check", "explain", "train", "passes", "doctor")

_EPILOG = """\
MODEL is one of

\b
  net.toml        a network spec
  model.py:loss   a function in a Python file (the file is imported)
  "x**2 + 3*y"    a formula in quotes

Exit status: 0 done, 1 the check failed, 2 the input is wrong.
"""


class Commands(click.Group):
    """Commands that are imported when they are run, or all for the list in ``--help``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of a first session."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"gradc.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and what was meant where there is none."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            close = difflib.get_close_matches(name[:40], COMMANDS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(COMMANDS)}"
            shown = name if len(name) <= 40 else f"{name[:40]}..."
            ctx.fail(f"no command {shown!r}; {hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gradc", message="%(prog)s %(version)s")
def group() -> None:
    """Write the program that computes a gradient.

    gradc reads a Python function, a formula or a network spec and writes its reverse-mode adjoint
    as Python text that numba compiles.
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; messages go to stderr."""
    guard = Guard()
    # Not group.main(): it ends with status 1 where the reader of the output has gone.
    with guard, group.make_context("gradc", list(arguments)) as context:
        status: Any = group.invoke(context)
        guard.status = status if isinstance(status, int) else 0
    return guard.status
