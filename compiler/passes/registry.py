"""The passes of this room by the name that pipeline text has for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gradc.passes.anew import MakeAnew
from gradc.passes.base import Pass
from gradc.passes.branches import MergeBranches
from gradc.passes.checks import HoistChecks
from gradc.passes.cse import CommonSubexpressions
from gradc.passes.dce import DeadCode
from gradc.passes.direct_rows import DirectRows
from gradc.passes.expand import Expand
from gradc.passes.first_writes import FirstWrites
from gradc.passes.gather import Gather
from gradc.passes.idle import SkipIdle
from gradc.passes.induction import Induction
from gradc.passes.inlining import InlineCalls
from gradc.passes.inplace import InPlace
from gradc.passes.jam import JamLoops
from gradc.passes.licm import Hoist
from gradc.passes.loops import Loops
from gradc.passes.mirror import Mirror
from gradc.passes.parallel import Parallel
from gradc.passes.parts import ReadParts
from gradc.passes.progressions import Progressions
from gradc.passes.reach import Reach
from gradc.passes.readers import Readers
from gradc.passes.sharing import ShareCalls
from gradc.passes.shifts import Shifts
from gradc.passes.simplify import Simplify
from gradc.passes.sizes import UnifySizes
from gradc.passes.skip_zeros import SkipZeros
from gradc.passes.stages import JoinStages
from gradc.passes.stores import StoresLast
from gradc.passes.takeover import TakeOver
from gradc.passes.together import MakeTogether
from gradc.passes.trajectory import Trajectories
from gradc.passes.twins import Twins
from gradc.passes.unchecked import TrustIndices
from gradc.passes.upwards import Upwards
from gradc.passes.whole_lines import WholeLines
from gradc.passes.winners import Winners
from gradc.passes.workspace import Workspace

_CLASSES: tuple[type[Pass], ...] = (
    CommonSubexpressions,
    DeadCode,
    DirectRows,
    Expand,
    FirstWrites,
    Gather,
    Hoist,
    HoistChecks,
    Induction,
    InPlace,
    InlineCalls,
    JamLoops,
    JoinStages,
    Loops,
    MakeAnew,
    MakeTogether,
    MergeBranches,
    Mirror,
    Parallel,
    Progressions,
    Reach,
    ReadParts,
    Readers,
    ShareCalls,
    Shifts,
    SkipIdle,
    Simplify,
    SkipZeros,
    StoresLast,
    TakeOver,
    Trajectories,
    TrustIndices,
    Twins,
    UnifySizes,
    Upwards,
    WholeLines,
    Winners,
    Workspace,
)

PASSES: Mapping[str, type[Pass]] = MappingProxyType({cls.name: cls for cls in _CLASSES})
