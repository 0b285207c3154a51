"""What others load from the file is what was learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save_file

from training.inversion import fingerprint
from training.inversion.checkpoint import (
    load_embedding,
    save_embedding,
    through_public_loader,
    to_bytes,
)
from training.inversion.errors import BadEmbedding
from training.inversion.sampler import condition_on

PROMPTS = ["a photo of a <x>", "<x> on a yellow background", "a star"]


def some_vectors(width, count):
    return (np.random.default_rng(count).normal(size=(count, width)) * 0.02).astype(np.float32)


@pytest.mark.parametrize("count", [1, 3])
def test_the_public_loader_gives_the_states_of_splicing(any_base, tmp_path, count):
    vectors = some_vectors(any_base.width, count)
    path = tmp_path / "x.safetensors"
    save_embedding(path, vectors, {"token": "<x>"})
    words = len(any_base.tokenizer)
    loaded = through_public_loader(any_base, path, "<x>", PROMPTS)
    with torch.no_grad():
        spliced = condition_on(any_base, PROMPTS, "<x>", torch.from_numpy(vectors))
        torch.testing.assert_close(loaded.states, spliced.states)
        assert (any_base.family == "sdxl") == (spliced.pooled is not None)
        if spliced.pooled is not None:
            torch.testing.assert_close(loaded.pooled, spliced.pooled)
            assert not torch.allclose(loaded.pooled[0], condition_on(any_base, PROMPTS).pooled[0])
        assert not torch.allclose(loaded.states[0], condition_on(any_base, PROMPTS).states[0])
    assert len(any_base.tokenizer) == words


@pytest.mark.parametrize("token", ["<my-cat>", "my-cat", "sks", "<été>", "@@x"])
def test_any_spelling_of_a_token_is_found_by_both_ways(base, tmp_path, token):
    vectors = some_vectors(base.width, 2)
    save_embedding(tmp_path / "x.safetensors", vectors, {})
    prompts = [f"a photo of a {token}", f"{token}, on a yellow background", f"the {token}'s style, {token}"]
    loaded = through_public_loader(base, tmp_path / "x.safetensors", token, prompts)
    with torch.no_grad():
        spliced = condition_on(base, prompts, token, torch.from_numpy(vectors))
        torch.testing.assert_close(loaded.states, spliced.states)


def test_the_public_loader_leaves_the_base_as_it_was(base, tmp_path):
    before = fingerprint.of_weights(base.pipeline)
    save_embedding(tmp_path / "x.safetensors", some_vectors(base.width, 2), {})
    through_public_loader(base, tmp_path / "x.safetensors", "<x>", PROMPTS)
    assert fingerprint.of_weights(base.pipeline) == before


def test_the_file_holds_what_was_saved_for_every_reader(tmp_path):
    vectors, metadata = some_vectors(128, 2), {"token": "<x>", "base": "Grüße"}
    save_embedding(tmp_path / "x.safetensors", vectors, metadata)
    theirs = load_safetensors((tmp_path / "x.safetensors").read_bytes())
    assert list(theirs) == ["emb_params"]
    np.testing.assert_array_equal(theirs["emb_params"], vectors)
    ours, read = load_embedding(tmp_path / "x.safetensors")
    np.testing.assert_array_equal(ours, vectors)
    assert read == metadata


def test_the_same_content_is_the_same_bytes_in_any_order_of_metadata():
    vectors = some_vectors(128, 2)
    one, other = to_bytes(vectors, {"b": "2", "a": "1"}), to_bytes(vectors, {"a": "1", "b": "2"})
    assert one == other
    assert one != to_bytes(vectors + 1, {"a": "1", "b": "2"})


def test_a_failed_write_leaves_nothing(tmp_path):
    (tmp_path / "x.safetensors").mkdir()
    with pytest.raises(OSError):
        save_embedding(tmp_path / "x.safetensors", some_vectors(128, 1), {})
    assert [file.name for file in tmp_path.iterdir()] == ["x.safetensors"]


def test_files_that_are_no_embedding_of_this_base_are_refused(base, tmp_path):
    (tmp_path / "text.safetensors").write_text("hello, this is no safetensors file")
    save_file({"a": some_vectors(128, 1), "b": some_vectors(128, 1)}, tmp_path / "two.safetensors")
    save_file({"a": some_vectors(768, 1)}, tmp_path / "wide.safetensors")
    save_file({"a": np.zeros((0, 128), dtype=np.float32)}, tmp_path / "empty.safetensors")
    save_file({"a": some_vectors(128, 2) * [[1], [0]]}, tmp_path / "zero.safetensors")
    save_file({"a": some_vectors(128, 2) * [[1], [np.nan]]}, tmp_path / "nan.safetensors")
    for name, message in (
        ("empty", "has no vectors"),
        ("zero", "zero or no numbers"),
        ("nan", "zero or no numbers"),
        ("text", "could not be read"),
        ("missing", "could not be read"),
        ("two", "single tensor"),
        ("wide", "width 768 and tiny-sd takes 128"),
    ):
        with pytest.raises(BadEmbedding, match=message):
            through_public_loader(base, tmp_path / f"{name}.safetensors", "<x>", PROMPTS)
