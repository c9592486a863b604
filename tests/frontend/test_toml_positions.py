"""Places of keys agree with what tomllib reads, however the text is written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradc.frontend.toml_positions import KeyPath, Position, key_positions

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))


def paths(data: Any, here: KeyPath = ()) -> Iterator[KeyPath]:
    """Every path in parsed data."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        yield (*here, key)
        if isinstance(value, dict | list):
            yield from paths(value, (*here, key))


def marked(text: str, place: Position) -> str:
    return text.split("\n")[place.line - 1][place.col - 1 : place.end_col - 1]


DOCUMENTS = [
    "",
    "# nothing\n\n",
    "a = 1",
    "a.b . c = 1\na.d = 2 # a comment with = and [brackets]\n",
    '"a b".\'c.d\' = "x"\n"\\u0041" = 1\n',
    "[t]\na = 1\n  b=2\n[t.u]\na = 3\n[ v . w ]\na = 4\n",
    "[[x]]\na = 1\n[[x]]\na = 2\n[[x.y]]\nb = 1\n[[x.y]]\nb = 2\n[x.z]\nc = 3\n[[x]]\n[x.z]\n",
    "a = [1, 2,\n  3, # three\n  [4, 5], ]\nb = []\nc = [ ]\n",
    'a = [{ b = 1, c = [2] }, { b = "}" }]\nd = { e.f = 1, g = { h = 2 }, i = {} }\n',
    's = "a # no comment"\nt = \'[no, array]\'\nu = "quote \\" = \\\\"\nv = ""\nw = \'\'\n',
    's = """\nx = 1\n[no.table]\n"quoted" \\""" \n"""\nt = \'\'\'\ny = 2\'\'\'\nu = 1\n',
    's = """a"""""\nt = \'\'\'b\'\'\'\'\'\nu = """"""\nv = """\\\\"""\nw = 1\n',
    "d = 1979-05-27 07:32:00\ne = 07:32:00\nf = -inf\ng = +1_000.5e-3\nh = 0xff\ni = true\n",
    "t = [\n  '''\n  ]''', \"\"\"]\"\"\",\n]\nx = 1\n",
    "1 = 2\n-_ = 3\n[4]\n5.6 = 7\n",
]


@pytest.mark.parametrize("text", DOCUMENTS)
def test_all_paths_are_found(text: str) -> None:
    assert set(key_positions(text)) == set(paths(tomllib.loads(text)))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_all_paths_of_the_examples(path: Path) -> None:
    text = path.read_text()
    assert set(key_positions(text)) == set(paths(tomllib.loads(text)))


@pytest.mark.parametrize(
    ("path", "line", "shown"),
    [
        (("model",), 2, "model"),
        (("model", "input"), 3, "input"),
        (("model", "input", 1), 3, "28"),
        (("layer",), 4, "layer"),
        (("layer", 0), 4, "layer"),
        (("layer", 0, "units"), 6, "units"),
        (("layer", 1), 7, "layer"),
        (("layer", 1, "note"), 8, "note"),
        (("layer", 1, "a b"), 11, '"a b"'),
        (("train",), 12, "train"),
        (("train", "rate"), 12, "rate"),
        (("list", 0), 14, '"x, y"'),
        (("list", 1), 15, "["),
        (("list", 1, 0), 15, "1"),
        (("list", 2), 17, "{ c = 1 }"),
        (("list", 2, "c"), 17, "c"),
    ],
)
def test_places(path: KeyPath, line: int, shown: str) -> None:
    text = (
        "# first line\n"
        "[model]\n"
        'input = [8, 28]  # "shape"\n'
        "[[layer]]\n"
        'type = "linear"\n'
        "   units = 3\n"
        "[[ layer ]]\n"
        'note = """\n'
        "units = 4\n"
        '"""\n'
        '"a b" = 1\n'
    )
    # a second document, so that its tables are not inside of the last layer
    more = "\n" * 11 + 'train = { rate = 1 }\nlist = [\n  "x, y",\n  [1,\n  2],\n  { c = 1 }\n]\n'
    if path[0] in ("train", "list"):
        text = more
    place = key_positions(text)[path]
    assert place.line == line
    assert marked(text, place) == shown


KEYS = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True),
    st.text(st.sampled_from('ab ."#=[]{}é'), max_size=5).map(
        lambda text: '"' + text.replace('"', '\\"') + '"'
    ),
    st.text(st.sampled_from('ab ."#=[]{},'), max_size=5).map(lambda text: f"'{text}'"),
)
SCALARS = st.one_of(
    st.integers(-99, 99).map(str),
    st.sampled_from(["true", "1e5", "inf", "1979-05-27", '"""\n]"""', "'''a\n= b'''", '"\\\\"']),
    KEYS.filter(lambda key: key[0] in "\"'"),
)
BREAKS = st.sampled_from(["", " ", "\n", "  # ] }\n  "])


def arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(st.lists(values, max_size=3), BREAKS).map(
        lambda made: "[" + made[1] + f"{made[1]},{made[1]}".join(made[0]) + made[1] + "]"
    )


def tables(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.dictionaries(KEYS, values, max_size=3).map(
        lambda made: "{ " + ", ".join(f"{key} = {value}" for key, value in made.items()) + " }"
    )


VALUES = st.recursive(SCALARS, lambda inner: arrays(inner) | tables(inner), max_leaves=6)
LINES = st.one_of(
    st.tuples(KEYS, VALUES).map(" = ".join),
    st.tuples(KEYS, KEYS, VALUES).map(lambda made: f"{made[0]} . {made[1]} = {made[2]}"),
    KEYS.map(lambda key: f"[{key}]"),
    KEYS.map(lambda key: f"[[ {key} ]]"),
    st.tuples(KEYS, KEYS).map(lambda made: f"[[{made[0]}.{made[1]}]] # [x]"),
    st.just("# a = 1"),
)


@given(st.lists(LINES, max_size=8).map("\n".join))
def test_any_document_that_tomllib_reads(text: str) -> None:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    found = key_positions(text)
    assert set(found) == set(paths(data))
    for place in found.values():
        assert marked(text, place)
