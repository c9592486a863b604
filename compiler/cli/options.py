"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gradc.errors import GradTypeError

if TYPE_CHECKING:
    from gradc.driver import Inspection
    from gradc.options import Options

# A misspelt option is two dashes and words; what has an operator or a digit first is a formula.
_NEGATIVE = re.compile(r"-[^-]|---|--[\d(.]|--\w*[*+/(]")

Command = TypeVar("Command", bound=Callable[..., Any])


class ModelCommand(click.Command):
    """A command whose MODEL may be a formula that begins with a minus, such as ``-x**2``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep click from taking such a formula for an option."""
        place = self._formula(args)
        if place is not None:
            args = [*args[:place], *args[place + 1 :], "--", args[place]]
        return super().parse_args(ctx, args)

    def _formula(self, args: list[str]) -> int | None:
        """Where an argument begins with one minus and is no short option, if anywhere."""
        with_value: set[str] = set()
        flags: set[str] = set()
        for param in self.params:
            if isinstance(param, click.Option):
                (flags if param.is_flag else with_value).update(param.opts)
        short = {name[:2] for name in (*with_value, *flags, "-h") if not name.startswith("--")}
        for place, arg in enumerate(args):
            if arg == "--":
                return None
            is_value = place > 0 and args[place - 1] in with_value
            if is_value or not arg.startswith("-") or arg in with_value | flags:
                continue
            if len(arg) > 1 and arg[:2] not in short and _NEGATIVE.match(arg):
                return place
        return None


model_argument = click.argument("model_text", metavar="MODEL")


def _names(ctx: click.Context, param: click.Parameter, given: str | None) -> Any:
    """Read ``a,b`` as names."""
    if given is None:
        return None
    names = [name.strip() for name in given.split(",")]
    wrong = [name for name in names if not name.isidentifier()]
    if wrong:
        shown = wrong[0] if len(wrong[0]) <= 40 else f"{wrong[0][:40]}..."
        raise GradTypeError(f"--wrt: {shown!r} is no name; write names divided by commas, as x1,x2")
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise GradTypeError(f"--wrt: {', '.join(sorted(twice))} is given twice")
    return tuple(names)


wrt_option = click.option(
    "--wrt",
    metavar="NAMES",
    callback=_names,
    help="Names to differentiate with respect to, as x1,x2; all by default.",
)

target_option = click.option(
    "--target",
    type=click.Choice(["cpu", "cuda", "python"]),
    default="cpu",
    show_default=True,
    help="What the program is written for; python is the same text, not compiled.",
)

run_target_option = click.option(
    "--target",
    type=click.Choice(["cpu", "python"]),
    default="cpu",
    show_default=True,
    help="Compile the program, or run its text as it is.",
)

style_option = click.option(
    "--style",
    type=click.Choice(["loops", "numpy"]),
    default="loops",
    show_default=True,
    help="Loops over scalars, as they are compiled, or array statements, made to be read.",
)

fastmath_option = click.option(
    "--fastmath/--no-fastmath",
    default=True,
    help="Allow reassociation, contraction and approximate functions (default), or do not.",
)


checkpoint_option = click.option(
    "--checkpoint",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Take a network's parameters from this file of gradc train.",
)


data_option = click.option(
    "--data",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A network's data, instead of those of its spec.",
)


def inspection_options(command: Command) -> Command:
    """Add the options that show or check the passes while they run."""
    for option in (
        click.option("--time-passes", is_flag=True, help="Print how long each pass took."),
        click.option("--verify-each", is_flag=True, help="Check the IR after each pass."),
        click.option("--stop-after", metavar="PASS", help="Print the IR after this pass; stop."),
        click.option(
            "--print-after",
            metavar="PASS",
            multiple=True,
            help="Print the IR after this pass, or after each with 'all'.",
        ),
    ):
        command = option(command)
    return command


def make_inspection(
    print_after: tuple[str, ...], stop_after: str | None, verify_each: bool, time_passes: bool
) -> Inspection:
    """Gather the options of :func:`inspection_options`.

    Raises
    ------
    GradcError
        For a name that is no pass.
    """
    from gradc.cli.passes import check_pass
    from gradc.driver import Inspection

    names = [name for text in print_after for name in text.split(",")]
    for name in names:
        if name != "all":
            check_pass(name, "--print-after")
    if stop_after is not None:
        check_pass(stop_after, "--stop-after")
    return Inspection(names, stop_after, verify_each, [] if time_passes else None, click.echo)


def make_options(**given: Any) -> Options:
    """The options of the driver."""
    from gradc.options import Options

    return Options(**given)
