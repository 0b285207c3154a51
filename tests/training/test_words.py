"""Tokens and meanings without the libraries of the worker: they must be those that the worker sees."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from training.pocket import info
from training.words import Words

TEXTS = (
    "<my-kite>", "my-kite", "kite's don't", "a photo of a Lantern", "toyish 日本 ñandú", "x1y2 12", "___ a_b", "!!! ?<x>", "🙂 hé",
    "in the style of <|x|>", "  ",
)  # fmt: skip


@pytest.fixture(scope="module")
def words():
    return Words(info.WEIGHTS)


@pytest.mark.parametrize("text", TEXTS)
def test_pieces_are_those_of_the_worker_s_tokenizer(words, text):
    from transformers import CLIPTokenizer

    theirs = CLIPTokenizer.from_pretrained(info.WEIGHTS / "tokenizer")
    tokens = theirs.convert_ids_to_tokens(theirs(text, add_special_tokens=False).input_ids)
    assert words.pieces(text) == [token.removesuffix("</w>") for token in tokens]


def test_neighbours_are_those_of_the_weights(words):
    from safetensors.numpy import load_file

    table = load_file(info.WEIGHTS / "text_encoder" / "model.safetensors")
    vectors = next(value for name, value in table.items() if name.endswith("token_embedding.weight")).astype(np.float32)
    vocab = json.loads((info.WEIGHTS / "tokenizer" / "vocab.json").read_text())

    def cosine(one, other):
        a, b = vectors[vocab[f"{one}</w>"]], vectors[vocab[f"{other}</w>"]]
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    whole = [token[:-4] for token in vocab if token.endswith("</w>") and token[:-4].isalpha() and token.isascii()]
    best = sorted((cosine("lantern", word) for word in whole if len(word) > 2 and word != "lantern"), reverse=True)
    assert [near.likeness for near in words.nearest("lantern")] == pytest.approx(best[:5], abs=1e-5)
    assert words.nearest("zzgrk") == []


@pytest.mark.parametrize("typed", ["lantren", "Lntern", "lanternn"])
def test_a_mistyped_word_leads_to_what_was_meant(words, typed):
    assert words.spelled_like(typed)[0] == "lantern"
    assert words.spelled_like("zzgrk") == []


@pytest.mark.parametrize("dtype", ["F32", "BF16"])
def test_vectors_of_other_precisions_mean_the_same(tmp_path, words, dtype):
    shutil.copytree(info.WEIGHTS / "tokenizer", tmp_path / "tokenizer")
    (tmp_path / "text_encoder").mkdir()
    table = np.asarray(words._table, dtype=np.float32)
    numbers = table if dtype == "F32" else (table.view(np.uint32) >> 16).astype("<u2")
    name = "text_model.embeddings.token_embedding.weight"
    header = json.dumps({name: {"dtype": dtype, "shape": table.shape, "data_offsets": [0, numbers.nbytes]}}).encode()
    file = len(header).to_bytes(8, "little") + header + numbers.tobytes()
    (tmp_path / "text_encoder" / "model.safetensors").write_bytes(file)
    assert Words(tmp_path).nearest("lantern")[0].word == words.nearest("lantern")[0].word


@pytest.mark.parametrize("weights", [b"", b"\xff" * 20, b"\x02\0\0\0\0\0\0\0{}"])
def test_without_readable_weights_words_are_known_and_meanings_are_not(tmp_path, weights):
    shutil.copytree(info.WEIGHTS / "tokenizer", tmp_path / "tokenizer")
    (tmp_path / "text_encoder").mkdir()
    (tmp_path / "text_encoder" / "model.safetensors").write_bytes(weights)
    bare = Words(tmp_path)
    assert bare.is_word("lantern") and not bare.knows_meanings and bare.nearest("lantern") == []
