"""What ends a command early: one message on stderr and an exit status, never a traceback.

======  ==========================================================================
status  meaning
======  ==========================================================================
0       done
1       the check failed
2       the input is wrong, a file cannot be read or written, or the training
        diverged (its learning rate is an input)
70      a defect in gradc: the message names a log to report
130     stopped by Ctrl-C (as a shell reports SIGINT)
141     what read the output closed it (as a shell reports SIGPIPE)
======  ==========================================================================
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from types import TracebackType

import click

from gradc.errors import GradcError, InternalError

DONE, CHECK_FAILED, WRONG_INPUT = 0, 1, 2
DEFECT, INTERRUPTED, PIPE_CLOSED = 70, 130, 141

# Error classes of the runtime that mean wrong input. They are looked up among the modules that are
# loaded: one that is not cannot have raised anything, and importing it would load NumPy.
_RUNTIME_ERRORS = (
    ("gradc_runtime.raw_data", "DataError"),
    ("gradc_runtime.npz", "NpzError"),
    ("gradc_runtime.checkpoint", "CheckpointError"),
    ("gradc_runtime.divergence", "DivergenceError"),
)

_LONGEST_USAGE = 300
"""Characters of a message that repeats what was typed."""

# What was being done, by the room of the compiler that failed.
_STAGES = {
    "frontend": "reading the model",
    "analysis": "analysing the program",
    "adjoint": "differentiating the program",
    "passes": "transforming the program",
    "emit": "writing the program",
    "driver": "compiling the program",
    "cache": "using the cache",
    "explain": "explaining the program",
    "cli": "running the command",
}


class Guard:
    """Context manager that turns what ends its block into an exit status.

    Attributes
    ----------
    status : int
        What the process should leave with.
    """

    def __init__(self) -> None:
        self.status = DONE

    def __enter__(self) -> Guard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is not None:
            self.status = _report(error)
        if not _flush():
            self.status = PIPE_CLOSED
        return True


def _report(error: BaseException) -> int:
    """Say on stderr what went wrong, as far as there is something to say."""
    if isinstance(error, KeyboardInterrupt | click.Abort):
        # Training says where it stopped and what to resume from; anything else stops quietly.
        print(f"\n{error}" if str(error) else "", file=sys.stderr)
        return INTERRUPTED
    # rich leaves with status 1 where the reader of what it prints has gone.
    if isinstance(error, BrokenPipeError) or (
        isinstance(error, SystemExit) and isinstance(error.__context__, BrokenPipeError)
    ):
        return PIPE_CLOSED
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.ClickException):
        _show_usage_error(error)
        return WRONG_INPUT
    message = _wrong_input(error)
    if message is None:
        _say(_defect(error))
        return DEFECT
    _say(message)
    return WRONG_INPUT


def _wrong_input(error: BaseException) -> str | None:
    """Return the message for the user, or None where gradc itself is to blame."""
    if isinstance(error, InternalError):
        return None
    if isinstance(error, GradcError) or _is_runtime_error(error):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fspath(error.filename)}: {error.strerror or error}"
    if isinstance(error, OSError) and type(error) is not OSError:
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for this"
    return None


def _is_runtime_error(error: BaseException) -> bool:
    loaded = (
        getattr(sys.modules[module], name)
        for module, name in _RUNTIME_ERRORS
        if module in sys.modules
    )
    return isinstance(error, tuple(loaded))


def _show_usage_error(error: click.ClickException) -> None:
    context = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        # The message is the help text itself.
        print(error.format_message(), file=sys.stderr)
        return
    if context is not None:
        print(context.get_usage(), file=sys.stderr)
    said = error.format_message()
    _say(said if len(said) <= _LONGEST_USAGE else f"{said[:_LONGEST_USAGE]}...")
    if context is not None:
        print(f"Try '{context.command_path} --help'.", file=sys.stderr)


def _say(message: str) -> None:
    """Print a message for a person: ``error:`` in red where the terminal has colours."""
    text = message if message.isprintable() else _printable(message)
    click.echo(f"{click.style('error:', fg='red', bold=True)} {text}", err=True)


def _printable(message: str) -> str:
    """Show control characters instead of sending them to the terminal; keep line breaks."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode()
        for char in message
    )


def _defect(error: BaseException) -> str:
    """Describe a defect of gradc and write what is known of it to a log."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _room(frame.filename) is not None]
    stage = _STAGES.get(_room(own[-1].filename) or "", "working") if own else "working"
    place = f" ({_short(own[-1].filename)}:{own[-1].lineno})" if own else ""
    summary = str(error).split("\n", 1)[0]
    kind = "" if isinstance(error, InternalError) else f"{type(error).__name__}: "
    log = _write_log("".join(traceback.format_exception(error)))
    return (
        f"internal error while {stage}{place}: {kind}{summary}\n"
        f"This is a defect in gradc, not in your input. Please report it with the log {log}"
    )


def _room(filename: str) -> str | None:
    """The room of the compiler that a file is in."""
    root = Path(__file__).resolve().parents[1]
    path = Path(filename)
    if not path.is_relative_to(root):
        return None
    return path.relative_to(root).parts[0].removesuffix(".py")


def _short(filename: str) -> str:
    root = Path(__file__).resolve().parents[1]
    return f"gradc/{Path(filename).relative_to(root).as_posix()}"


def _write_log(text: str) -> str:
    """Write a log to the cache folder and return its path; to stderr where that fails."""
    import platform

    import platformdirs

    from gradc import __version__

    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    folder = Path(platformdirs.user_log_dir("gradc", appauthor=False))
    about = f"gradc {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{about}{sys.argv!r}\n\n{text}", "utf-8", "backslashreplace")
    except OSError:
        print(text, file=sys.stderr)
        return "above"
    return str(folder / name)


def _flush() -> bool:
    """Flush stdout; where its reader has gone, let the interpreter's own flush find nothing."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # The exit of the interpreter flushes again and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True
