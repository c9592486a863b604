"""The keywords that every public function takes."""

from __future__ import annotations

from typing import TypedDict

from gradc.errors import GradTypeError
from gradc.options import Options, Style, Target


class OptionKeywords(TypedDict, total=False):
    """The keywords that every face takes; see :class:`gradc.options.Options`."""

    target: Target
    style: Style
    fastmath: bool
    parallel: bool
    cache: bool
    memory_limit: int | None
    boundscheck: bool
    share: bool


def chosen_options(given: OptionKeywords) -> Options:
    """Check the keywords of a call.

    Raises
    ------
    GradTypeError
        For an option that is not there, or a value that it cannot have.
    """
    known = Options.__dataclass_fields__
    unknown = [name for name in given if name not in known]
    if unknown:
        from gradc.passes.pipeline import suggestion

        raise GradTypeError(
            "; ".join(f"there is no option {n!r}{suggestion(n, known)}" for n in unknown)
        )
    choices = {"target": ("cpu", "cuda", "python"), "style": ("loops", "numpy")}
    for name, allowed in choices.items():
        if name in given and given[name] not in allowed:  # type: ignore[literal-required]
            value = given[name]  # type: ignore[literal-required]
            raise GradTypeError(f"{name}={value!r}; it is one of {', '.join(allowed)}")
    options = Options(**given)
    if options.target == "cuda" and options.parallel:
        raise GradTypeError('parallel=True is for the CPU: with target="cuda" all samples are')
    if options.target == "cuda" and options.memory_limit is not None:
        raise GradTypeError('memory_limit is for the CPU: leave it out with target="cuda"')
    limit: object = options.memory_limit
    is_number = isinstance(limit, int) and not isinstance(limit, bool) and limit >= 1
    if limit is not None and not is_number:
        raise GradTypeError(f"memory_limit={limit!r}; it is a number of bytes, 1 or more")
    return options
