"""What the benchmark of formats measures is accepted, typical or worst, and is what its name says."""

from __future__ import annotations

import pytest

from registry.formats import inspect
from tests.bench import formats


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


def test_the_readers_beside_ours_read_the_same_files():
    for data, other, _ in formats.typical().values():
        other(data)
