"""Files of a hub that means no good."""

from __future__ import annotations

import hashlib
import resource

import pytest

from starword import TOOLS, BadAnswer, HashMismatch, StarwordError
from starword.files import safe_name, safe_stem
from starword.tools import folder_of

DATA = b"numbers" * 100
SHA256 = hashlib.sha256(DATA).hexdigest()


def described(filename="koi.safetensors", **told):
    """An embedding of one file, as a hub tells it."""
    file = {"target": "a1111", "dtype": "float32", "filename": filename, "size": len(DATA), "sha256": SHA256}
    version = {"number": 1, "vectors": 1, "digest": "", "created": "", "files": [file | told]}
    texts = dict.fromkeys(("title", "token", "kind", "base", "license", "visibility", "created", "updated"), "")
    return {**texts, "id": 1, "owner": "alice", "name": "koi", "downloads": 0, "likes": 0, "versions": [version]}


def download(hub, into, **options):
    return hub.download("alice", "koi", into=into, tool=TOOLS["a1111"], **options)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/cron.d/koi.pt", "koi.pt"),
        ("..\\..\\koi.pt", "koi.pt"),
        ("/koi.safetensors", "koi.safetensors"),
        ("C:koi.pt", "C-koi.pt"),
        ("a\x1b[2Jb\n.pt", "a-2Jb.pt"),
        ("ko\u202ei.pt", "ko-i.pt"),
        ("-rf.PT", "rf.pt"),
        ("...hidden.pt", "hidden.pt"),
        ("con.pt", "con-word.pt"),
        ("a b;$(c).bin", "a-b-c.bin"),
        ("鯉.safetensors", "鯉.safetensors"),
        ("x" * 900 + ".pt", "x" * 120 + ".pt"),
    ],
)
def test_file_names_are_made_safe(server, hub, tmp_path, name, kept):
    server.will(described(filename=name)).will(DATA)
    (found,) = download(hub, tmp_path / "in")
    assert found.path == tmp_path / "in" / kept and found.path.read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(
    "name", ["", ".pt", "..", "../.pt", "koi", ".bashrc", "koi.py", "koi.pt\n", "koi.safetensors.exe", "*.pt"]
)
def test_what_no_embedding_is_called_is_refused(name):
    with pytest.raises(BadAnswer):
        safe_name(name)


def test_a_folder_of_its_own_is_a_safe_name_too():
    assert safe_stem("../../koi") == "koi" and safe_stem("..") == "" and safe_stem("a/..") == ""


@pytest.mark.parametrize("told", [{"size": 10**12}, {"size": -1}, {"size": 0}, {"sha256": "../../x"}, {"sha256": ""}])
def test_sizes_and_hashes_that_cannot_be(server, hub, tmp_path, told):
    server.will(described(**told)).will(DATA)
    with pytest.raises(BadAnswer):
        download(hub, tmp_path)
    assert list(tmp_path.iterdir()) == [] and len(server.asked) == 1


def test_what_is_longer_than_it_should_be_is_not_read_to_its_end(server, hub, tmp_path):
    server.will(described()).will(DATA + b"more" * 1_000_000)
    with pytest.raises(HashMismatch):
        download(hub, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_no_more_is_told_with_the_files_name(server, hub, tmp_path):
    server.will(described()).will(DATA, Content_Length=str(len(DATA)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(OSError) as told:
            download(hub, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert told.value.filename.startswith(str(tmp_path / "koi.safetensors"))


def test_another_part_than_was_asked_for(server, hub, tmp_path):
    part = tmp_path / f"koi.safetensors.{SHA256[:8]}.part"
    part.write_bytes(DATA[:10])
    server.will(described()).will(DATA[5:], 206, Content_Range=f"bytes 5-{len(DATA) - 1}/{len(DATA)}")
    with pytest.raises(BadAnswer):
        download(hub, tmp_path)
    assert server.asked[1].headers["If-Range"] == f'"{SHA256}"'
    # A hub that knows no ranges sends all of it, which is taken from the beginning
    server.answers = []
    server.will(described()).will(DATA)
    assert download(hub, tmp_path)[0].fresh and not part.exists()


def test_a_link_in_the_way_is_not_written_through(server, hub, tmp_path):
    (tmp_path / "secret").write_bytes(b"mine")
    (tmp_path / "koi.safetensors").symlink_to(tmp_path / "secret")
    server.will(described()).will(DATA)
    with pytest.raises(StarwordError, match="is there already"):
        download(hub, tmp_path)
    server.answers = []
    server.will(described()).will(DATA)
    download(hub, tmp_path, replace=True)
    assert (tmp_path / "secret").read_bytes() == b"mine" and not (tmp_path / "koi.safetensors").is_symlink()


def test_a_tools_own_folder_is_taken_as_it_is(tmp_path):
    comfyui = TOOLS["comfyui"]
    assert folder_of(comfyui, tmp_path) == tmp_path / "models" / "embeddings"
    assert folder_of(comfyui, tmp_path / "embeddings") == tmp_path / "embeddings"
    assert folder_of(TOOLS["kohya"], tmp_path) == tmp_path
