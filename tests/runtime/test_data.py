"""Data files: what is read, and what is refused in which words."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradc_runtime.data import DataError, Dataset, load_dataset

X = np.arange(12, dtype=np.float32).reshape(3, 4) / 10
Y = np.array([0, 2, 1])


def save(folder: Path, **arrays: Any) -> Path:
    path = folder / "d.npz"
    np.savez(path, **arrays)
    return path


def load(path: Path, **changes: Any) -> Dataset:
    options: dict[str, Any] = {"shape": (4,), "outputs": 3, "dtype": np.float32, **changes}
    return load_dataset(path, **options)


def problems(path: Path, **changes: Any) -> list[str]:
    """What is wrong with the file, without the file's name before each."""
    with pytest.raises(DataError) as caught:
        load(path, **changes)
    found = caught.value.problems
    assert str(caught.value) == "\n".join(found)
    assert all(text.startswith(f"{path}: ") for text in found)
    return [text.removeprefix(f"{path}: ") for text in found]


# --- npz -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stored", ["float64", "float16", "uint8", "int64", "bool", ">f4"])
def test_npz_numbers_of_any_dtype(tmp_path: Path, dtype: str, stored: str) -> None:
    x = (X > 0.5).astype(stored)
    data = load(save(tmp_path, x=x, y=Y), dtype=dtype)
    assert data.x.dtype == dtype
    assert data.x.flags.c_contiguous
    assert data.y.dtype == np.int64
    np.testing.assert_array_equal(data.x, X > 0.5)
    np.testing.assert_array_equal(data.y, Y)
    assert len(data) == 3


@pytest.mark.parametrize("y", [Y.astype(float), Y.astype(np.uint8), Y[:, None]])
def test_npz_labels_of_any_dtype(tmp_path: Path, y: np.ndarray) -> None:
    np.testing.assert_array_equal(load(save(tmp_path, x=X, y=y)).y, Y)


def test_npz_compressed_fortran_order_and_other_arrays(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    np.savez_compressed(path, x=np.asfortranarray(X), y=Y, names=np.array(["a", "b"]))
    np.testing.assert_array_equal(load(path).x, X)


def test_npz_images_are_flattened_in_c_order(tmp_path: Path) -> None:
    path = save(tmp_path, x=X.reshape(3, 2, 2), y=Y)
    np.testing.assert_array_equal(load(path, shape=(2, 2)).x, X)
    assert problems(path) == ["x has shape (3, 2, 2); the model takes (n, 4)"]
    np.testing.assert_array_equal(load(save(tmp_path, x=X, y=Y), shape=(2, 2)).x, X)


@pytest.mark.parametrize("y", [[0.5, 1.5, 2.5], [[0.5], [1.5], [2.5]]])
def test_npz_values(tmp_path: Path, y: list[Any]) -> None:
    data = load(save(tmp_path, x=X, y=np.array(y)), target="values", outputs=1)
    assert data.y.dtype == np.float32
    np.testing.assert_array_equal(data.y, [[0.5], [1.5], [2.5]])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, ["has no array y (it holds x)"]),
        ({"a": X}, ["has no array x (it holds a)", "has no array y (it holds a)"]),
        ({"x": X[:0], "y": Y[:0]}, ["has no samples"]),
        ({"x": X, "y": Y[:0]}, ["y is empty", "x has 3 samples and y has 0"]),
        ({"x": X, "y": Y[:2]}, ["x has 3 samples and y has 2"]),
        ({"x": X[:, :3], "y": Y}, ["x has shape (3, 3); the model takes (n, 4)"]),
        ({"x": X[:, 0], "y": Y}, ["x has shape (3,); the model takes (n, 4)"]),
        (
            {"x": np.float32(1), "y": Y},
            ["x and y must be arrays with one row a sample, not single numbers"],
        ),
        (
            {"x": X, "y": np.eye(3)},
            ["y has 3 values a sample; a label is one integer (not one-hot)"],
        ),
        ({"x": X.astype(complex), "y": Y}, ["x: holds complex128, not numbers"]),
        ({"x": X, "y": np.array(["a", "b", "c"])}, ["y: holds <U1, not numbers"]),
        (
            {"x": X, "y": np.array([0, 3, -1])},
            [
                "y[1]: label 3 is not in 0 .. 2 (the model has 3 outputs)",
                "y[2]: label -1 is not in 0 .. 2 (the model has 3 outputs)",
            ],
        ),
        (
            {"x": X, "y": np.array([0, 2**64 - 1, 1], dtype=np.uint64)},
            [f"y[1]: label {2**64 - 1} is not in 0 .. 2 (the model has 3 outputs)"],
        ),
        (
            {"x": X, "y": np.array([0.5, np.nan, 7.0])},
            [
                "y[0]: 0.5 is not an integer",
                "y[1]: nan is not an integer",
                "y[2]: label 7 is not in 0 .. 2 (the model has 3 outputs)",
            ],
        ),
    ],
)
def test_npz_problems(tmp_path: Path, arrays: dict[str, Any], message: list[str]) -> None:
    assert problems(save(tmp_path, **arrays)) == message


def test_npz_numbers_that_are_not_finite(tmp_path: Path) -> None:
    x = X.astype(np.float64)
    x[0, 1], x[1, 2], x[2, 0] = np.nan, -np.inf, 1e300
    path = save(tmp_path, x=x, y=Y)
    assert problems(path) == [
        "x[0, 1]: nan is not a finite number",
        "x[1, 2]: -inf is not a finite number",
        "x[2, 0]: 1e+300 does not fit in float32",
    ]
    assert len(problems(path, dtype=np.float64)) == 2
    image = save(tmp_path, x=x.reshape(3, 2, 2), y=Y)
    assert problems(image, shape=(2, 2))[1] == "x[1, 1, 0]: -inf is not a finite number"


def test_npz_many_problems_are_counted(tmp_path: Path) -> None:
    found = problems(save(tmp_path, x=np.full((10, 4), np.nan), y=np.full(10, 9)))
    assert found[4:6] == ["x[1, 0]: nan is not a finite number", "... and 35 more like the last"]
    assert found[-1] == "... and 5 more like the last"
    assert len(found) == 12


def test_finite_numbers_whose_sum_overflows_are_fine(tmp_path: Path) -> None:
    x = np.full((3, 4), np.finfo(np.float32).max)
    np.testing.assert_array_equal(load(save(tmp_path, x=x, y=Y)).x, x)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.ones((3, 3)), "y has 3 values a sample; the model has 2 outputs"),
        (np.array([[0, 1], [np.inf, 0], [0, 0]]), "y[1, 0]: inf is not a finite number"),
    ],
)
def test_npz_value_problems(tmp_path: Path, y: np.ndarray, message: str) -> None:
    path = save(tmp_path, x=X, y=y)
    assert problems(path, target="values", outputs=2) == [message]


class Trap:
    """Unpickling one would make a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("trap-was-sprung", "w"))


def test_npz_objects_are_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = save(tmp_path, x=np.array([Trap()], dtype=object), y=Y)
    assert problems(path) == [
        "x: holds Python objects, which could run code when read; save plain numbers"
    ]
    assert not Path("trap-was-sprung").exists()


def member(shape: object, descr: object = "<f4", data: bytes = b"", version: int = 1) -> bytes:
    """Bytes of a .npy file with any header."""
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode() + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def archive(folder: Path, x: bytes, y: bytes | None = None) -> Path:
    path = folder / "d.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", x)
        if y is None:
            stream = io.BytesIO()
            np.save(stream, Y)
            y = stream.getvalue()
        file.writestr("y.npy", y)
    return path


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (b"", "x: is not a NumPy array"),
        (b"hello world, hello", "x: is not a NumPy array"),
        (member((3, 4), version=9), "x: has a header that plain number arrays do not have"),
        (
            b"\x93NUMPY\x02\x00" + b"\xff" * 4,
            "x: has a header that plain number arrays do not have",
        ),
        (member("no shape"), "x: has a damaged header"),
        (member((3, 4), descr="no dtype"), "x: has a damaged header"),
        (member((-3, -4), data=b"\0" * 48), "x: has the impossible shape (-3, -4)"),
        (
            member((3, 4), data=b"\0" * 47),
            "x: says it has shape (3, 4), but the file holds another",
        ),
        (
            member((3, 4), data=b"\0" * 49),
            "x: says it has shape (3, 4), but the file holds another",
        ),
        (
            member((3,), descr=[("a", "<f4")], data=b"\0" * 12),
            "x: holds [('a', '<f4')], not numbers",
        ),
        (member((3,), descr="|V4", data=b"\0" * 12), "x: holds |V4, not numbers"),
    ],
)
def test_npz_headers_that_lie(tmp_path: Path, x: bytes, message: str) -> None:
    (found,) = problems(archive(tmp_path, x))
    assert found.startswith(message)


def test_npz_version_2_headers_are_read(tmp_path: Path) -> None:
    path = archive(tmp_path, member((3, 4), data=X.tobytes(), version=2))
    np.testing.assert_array_equal(load(path).x, X)


def test_npz_that_claims_more_memory_than_there_is(tmp_path: Path) -> None:
    found = problems(archive(tmp_path, member((10**12, 64))))
    assert found == [
        "x: says it has shape (1000000000000, 64), but the file holds another number of bytes",
        f"its arrays would take {256 * 10**12 + 24:,} bytes of memory; "
        "at most 4,294,967,296 are read",
    ]


def test_npz_zip_bomb(tmp_path: Path) -> None:
    path = archive(tmp_path, member((2_000_000, 4), data=bytes(32_000_000)))
    assert path.stat().st_size < 100_000
    assert problems(path, max_bytes=10_000_000) == [
        "its arrays would take 32,000,024 bytes of memory; at most 10,000,000 are read"
    ]


@pytest.mark.parametrize("cut", [10, 100, 300])
def test_npz_cut_short(tmp_path: Path, cut: int) -> None:
    path = save(tmp_path, x=X, y=Y)
    path.write_bytes(path.read_bytes()[:-cut])
    assert problems(path) == ["is not an .npz file (a zip archive), or is damaged"]


@pytest.mark.parametrize("place", range(60, 900, 70))
def test_npz_with_a_flipped_byte(tmp_path: Path, place: int) -> None:
    """Either the checksum notices, or the byte carried nothing; never another exception."""
    path = tmp_path / "d.npz"
    np.savez_compressed(path, x=np.random.default_rng(0).random((30, 4)), y=np.zeros(30, int))
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError):
        load(path)


def test_npz_that_is_something_else(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    path.write_bytes(b"x,y\n1,2\n")
    assert problems(path) == ["is not an .npz file (a zip archive), or is damaged"]


def test_npz_encrypted(tmp_path: Path) -> None:
    path = save(tmp_path, x=X, y=Y)
    content = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(magic)
        while start >= 0:
            content[start + offset] |= 1
            start = content.find(magic, start + 1)
    path.write_bytes(content)
    assert problems(path) == ["is damaged, or packed in a way that NumPy does not use"]


def test_npz_two_arrays_of_one_name(tmp_path: Path) -> None:
    path = save(tmp_path, x=X, y=Y)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("x", b"")
    assert problems(path) == ["holds two arrays named x"]


# --- csv -----------------------------------------------------------------------------------------

CSV = "a,b,label,c,d\n0,0.1,0,0.2,0.3\n0.4,0.5,2.0,0.6,0.7\n\n0.8,0.9,1,1.0,1.1e0\n"


def table(folder: Path, text: str | bytes) -> Path:
    path = folder / "d.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("text", [CSV, "\ufeff" + CSV, CSV.replace("\n", "\r\n"), CSV.rstrip()])
def test_csv(tmp_path: Path, text: str) -> None:
    data = load(table(tmp_path, text))
    np.testing.assert_array_equal(data.x, X)
    np.testing.assert_array_equal(data.y, Y)
    assert (data.x.dtype, data.y.dtype) == (np.float32, np.int64)


def test_csv_values(tmp_path: Path) -> None:
    one = load(table(tmp_path, "a,label\n1,0.5\n2,1.5\n"), shape=(1,), outputs=1, target="values")
    np.testing.assert_array_equal(one.y, [[0.5], [1.5]])
    two = load(
        table(tmp_path, "label_1,a,label_0\n1,2,3\n"), shape=(1,), outputs=2, target="values"
    )
    np.testing.assert_array_equal(two.x, [[2]])
    np.testing.assert_array_equal(two.y, [[3, 1]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ["is empty; its first line must name the columns"]),
        ("\n\n", ["is empty; its first line must name the columns"]),
        ("a,b,label,c,d\n", ["has no samples"]),
        ("a,b,c,d\n1,2,3,4\n", ['has no column "label"; it has "a", "b", "c", "d"']),
        (
            "a;b;label;c;d\n1;2;3;4;5\n",
            [
                'has no column "label"; it has "a;b;label;c;d"',
                "columns must be separated by commas",
            ],
        ),
        ("a,b,label,c\n1,2,0,3\n", ['has 3 columns besides "label"; the model takes 4 values']),
        ("a,b,label,a,d\n1,2,0,3,4\n", ['2 columns are named "a"']),
        (
            CSV.replace("0.5", "half").replace("1.0", ""),
            [
                'line 3, column "b": "half" is not a number',
                'line 5, column "c": an empty cell is not a number',
            ],
        ),
        (CSV.replace("0.4,", ""), ["line 3: has 4 cells; the header has 5"]),
        (
            CSV.replace("0.5", "NaN").replace("1.0", "-inf"),
            [
                'line 3, column "b": nan is not a finite number',
                'line 5, column "c": -inf is not a finite number',
            ],
        ),
        (CSV.replace("2.0", "2.5"), ['line 3, column "label": 2.5 is not an integer']),
        (
            CSV.replace("2.0", "3"),
            ['line 3, column "label": label 3 is not in 0 .. 2 (the model has 3 outputs)'],
        ),
        (CSV.replace("0.5", '"0.5'), ["line 5: unexpected end of data"]),
        (b"a,b,label,c,d\n\xff\xfe\n", ["is not text (UTF-8)"]),
    ],
)
def test_csv_problems(tmp_path: Path, text: str | bytes, message: list[str]) -> None:
    assert problems(table(tmp_path, text)) == message


def test_csv_stops_where_nothing_fits(tmp_path: Path) -> None:
    found = problems(table(tmp_path, "a,b,label,c,d\n" + "x,x,x,x,x\n" * 1000))
    assert len(found) == 22
    assert found[-1] == "... reading stopped at line 9"


def test_csv_too_large(tmp_path: Path) -> None:
    assert problems(table(tmp_path, CSV), max_bytes=20) == ["is larger than 20 bytes"]


def test_csv_missing_value_columns(tmp_path: Path) -> None:
    path = table(tmp_path, "a,label\n1,0.5\n")
    assert problems(path, shape=(1,), outputs=2, target="values") == [
        'has no column "label_0"; it has "a", "label"',
        'has no column "label_1"; it has "a", "label"',
    ]


# --- parquet -------------------------------------------------------------------------------------


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert problems(path) == [
        "reading parquet needs pyarrow: pip install pyarrow (or save the data as .npz)"
    ]


def parquet(folder: Path, columns: dict[str, Any]) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    path = folder / "d.parquet"
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.table(columns), path)
    return path


def four(values: Any) -> dict[str, Any]:
    return dict.fromkeys("abcd", values)


def test_parquet(tmp_path: Path) -> None:
    columns = {"a": X[:, 0], "label": Y, "b": X[:, 1], "c": X[:, 2], "d": X[:, 3]}
    data = load(parquet(tmp_path, columns))
    np.testing.assert_array_equal(data.x, X)
    np.testing.assert_array_equal(data.y, Y)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1.0], "label": [0]}, 'has 1 columns besides "label"; the model takes 4 values'),
        ({"a": [1.0]}, 'has no column "label"; it has "a"'),
        (four([1.0, None]) | {"label": [0, 1]}, 'column "a" has 1 empty cells'),
        (four(["x"]) | {"label": [0]}, 'column "a" holds string, not numbers'),
        (
            four([1.0, 2.0]) | {"label": [0, 9]},
            'row 1, column "label": label 9 is not in 0 .. 2 (the model has 3 outputs)',
        ),
    ],
)
def test_parquet_problems(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    assert problems(parquet(tmp_path, columns))[0] == message


def test_parquet_damaged_or_too_large(tmp_path: Path) -> None:
    path = parquet(tmp_path, four(X[:, 0]) | {"label": Y})
    assert problems(path, max_bytes=100) == ["would take 120 bytes; at most 100 are read"]
    path.write_bytes(b"PAR1 and no more")
    assert problems(path)[0].startswith("is not a parquet file, or is damaged: ")


# --- any file ------------------------------------------------------------------------------------


def test_missing_folder_pipe_and_other_endings(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.npz") == ["no such file"]
    assert problems(tmp_path / "data.txt") == ["data files end in .npz, .csv, .parquet"]
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    assert problems(folder) == ["is a folder"]
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    assert problems(pipe) == ["is not a regular file"]
    assert problems(save(tmp_path, x=X, y=Y) / "in.npz") == ["cannot be read: Not a directory"]
