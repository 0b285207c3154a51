"""What the benchmark of formats measures is accepted, typical or worst, and is what its name says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from registry.formats import NamedFile, inspect, inspect_files
from tests.bench import formats

#: The table of layouts.
DOCUMENTED = (Path(__file__).parents[2] / "docs" / "formats.md").read_text().split("| layout |")[1].split("\n\n")[0]


@pytest.mark.parametrize("name", ["typical", "worst"])
def test_every_file_that_is_measured_is_read(name):
    files = getattr(formats, name)()
    for what, file in files.items():
        data = file if isinstance(file, bytes) else file[0]
        found = inspect(data)
        count = next(
            (int(word.strip()) for word in what.replace(",", " ").split() if word.isdigit() and int(word) < 512), 0
        )
        assert found.vectors == count, what


def test_every_layout_is_measured():
    files = formats.layouts()
    for layout, data in files.items():
        assert {part.inspection.layout for part in inspect_files([NamedFile("koi", data)])} == {layout}
    documented = re.findall(r"^\| `([\w-]+)` \|", DOCUMENTED, re.MULTILINE)
    assert set(files) == set(documented) - {"a1111-image"}  # a picture of 200 KB, among the typical files


def test_the_readers_beside_ours_read_the_same_files():
    for data, other, _ in formats.typical().values():
        other(data)
