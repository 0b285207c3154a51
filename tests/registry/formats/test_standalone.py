"""The library stands alone: in an interpreter that has neither the site's packages nor those of training, it works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from registry.formats import hashes, inspect, targets_for, write
from tests.registry.formats import builders as make

ROOT = Path(__file__).resolve().parents[3]
FILES = {
    "kohya.safetensors": make.safetensors({"emb_params": make.vectors()}),
    "a1111.pt": make.torch_zip(make.a1111(), make.vectors()),
    "legacy.pt": make.torch_legacy(make.embedding("<cat>"), make.vectors()),
    "sdxl.safetensors": make.safetensors({"clip_l": make.vectors(), "clip_g": make.vectors(2, 1280)}),
}
#: Runs in an interpreter of its own, where the site's packages cannot be imported; it reads and writes every file.
SCRIPT = """
import json, sys
from pathlib import Path

BLOCKED = {"django", "rest_framework", "hub", "training", "torch", "safetensors", "diffusers", "PIL"}

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED or name == "registry.models":
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Block())
try:
    import django
except ImportError:
    pass
else:
    raise SystemExit("nothing was blocked")

from registry.formats import FormatError, hashes, inspect, report, targets_for, write

told = {}
for path in map(Path, sys.argv[1:]):
    found = inspect(path.read_bytes())
    files = [
        file for target in targets_for(found.encoders)
        for file in write(target, found.encoders, token="<koi>", name="koi")
    ]
    told[path.name] = {**report(found), "written": [hashes.sha256(file.data) for file in files]}
try:
    inspect(b"\\x80\\x02cposix\\nsystem\\n(X\\x01\\0\\0\\0xtR.")
except FormatError as error:
    told["refused"] = error.code
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    # Without the tests' settings in the environment, which would lead to Django.
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *(str(folder / name) for name in FILES)], cwd=ROOT, env={"PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_and_written_without_django(told, name):
    found = inspect(FILES[name])
    assert (told[name]["layout"], told[name]["digest"]) == (found.layout, found.digest)
    assert len(told[name]["written"]) >= len(targets_for(found.encoders))


def test_bytes_are_the_same_with_the_site_and_without(told):
    encoders = inspect(FILES["sdxl.safetensors"]).encoders
    written = [
        hashes.sha256(file.data)
        for target in targets_for(encoders)
        for file in write(target, encoders, token="<koi>", name="koi")
    ]
    assert told["sdxl.safetensors"]["written"] == written


def test_a_program_is_refused_without_django(told):
    assert told["refused"] == "unsafe"
