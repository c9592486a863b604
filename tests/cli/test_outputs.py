"""Files of a command appear all together or not at all."""

import os

import pytest

from gradc.cli import outputs
from gradc.cli.outputs import OutputError, check_writable, write_file, write_files


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_folder_is_made_and_files_are_listed_in_order(tmp_path):
    folder = tmp_path / "a" / "b"
    written = write_files(folder, {"z.py": "x = 1\n", "a.bin": b"\0\1"})
    assert [path.name for path in written] == ["z.py", "a.bin"]
    assert (folder / "z.py").read_text() == "x = 1\n"
    assert (folder / "a.bin").read_bytes() == b"\0\1"
    assert names(folder) == ["a.bin", "z.py"]


def test_files_are_replaced(tmp_path):
    write_file(tmp_path / "a.py", "old")
    write_file(tmp_path / "a.py", "new")
    assert (tmp_path / "a.py").read_text() == "new"


def test_symbolic_links_are_refused_before_anything_is_written(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "b.py").symlink_to(victim)
    (folder / "c.py").mkdir()
    with pytest.raises(OutputError) as caught:
        write_files(folder, {"a.py": "1", "b.py": "2", "c.py": "3"})
    assert str(caught.value) == (
        f"{folder}/b.py: is a symbolic link; name the file itself\n{folder}/c.py: is a folder"
    )
    assert names(folder) == ["b.py", "c.py"]
    assert victim.read_text() == "mine"


def test_dangling_link_as_folder(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="out: is a symbolic link to nothing"):
        write_files(tmp_path / "out", {"a.py": "1"})
    assert not (tmp_path / "nowhere").exists()


def test_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="out: is a file, and a folder belongs here"):
        write_files(tmp_path / "out", {"a.py": "1"})


def test_nothing_is_left_of_a_failed_write(tmp_path, monkeypatch):
    from gradc_runtime import files

    write = files.write_atomically

    def fails_at_second(path, content):
        if path.name == "b.py":
            raise OSError(28, "No space left on device", str(path))
        return write(path, content)

    monkeypatch.setattr(files, "write_atomically", fails_at_second)
    folder = tmp_path / "new" / "out"
    with pytest.raises(OSError, match="No space left"):
        write_files(folder, {"a.py": "1", "b.py": "2"})
    assert names(tmp_path) == []
    folder.mkdir(parents=True)
    (folder / "a.py").write_text("old")
    with pytest.raises(OSError, match="No space left"):
        write_files(folder, {"a.py": "1", "b.py": "2"})
    assert names(folder) == ["a.py"]
    assert (folder / "a.py").read_text() == "old"


def test_check_writable_says_so_before_the_work(tmp_path):
    check_writable(tmp_path / "new" / "file.html")
    (tmp_path / "link.html").symlink_to(tmp_path / "x")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="symbolic link"):
        check_writable(tmp_path / "link.html")
    with pytest.raises(OutputError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(OutputError, match="file is not a folder"):
        check_writable(tmp_path / "file" / "page.html")


def test_check_writable_sees_permissions(tmp_path, monkeypatch):
    monkeypatch.setattr(outputs.os, "access", lambda path, mode: False)
    assert os.access is outputs.os.access
    with pytest.raises(OutputError, match="is not writable"):
        check_writable(tmp_path / "page.html")
