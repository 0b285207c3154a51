"""What a picture's text names as its embeddings, in every way that tools write it."""

from __future__ import annotations

import time

import pytest

from registry.infotext import MAX_CHARACTERS, MAX_REFERENCES, TooManyReferences, parse

A1111 = """portrait of a fox, masterpiece
Negative prompt: EasyNegative, badhandv4
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234567890, Size: 512x512, Model hash: 6ce0161689, Model: v1-5, {}, Version: v1.6.0"""


def named(text):
    return [(item.name, item.hashes, item.checksums, [str(source) for source in item.sources]) for item in parse(text)]


def test_quoted_ti_hashes_are_read_as_a1111_writes_them():
    text = A1111.format('TI hashes: "EasyNegative: c74b4e810b03, badhandv4: 5e40d722fc3d, EasyNegative: c74b4e810b03"')
    assert named(text) == [
        ("EasyNegative", ["c74b4e810b03"], [], ["ti_hashes"]),
        ("badhandv4", ["5e40d722fc3d"], [], ["ti_hashes"]),
    ]


@pytest.mark.parametrize(
    "after", ["Version: v1.6.0", "Model hash: 6ce0161689", "Variation seed: 123456789", "Lora hashes: x", ""]
)
def test_unquoted_ti_hashes_end_where_the_next_entry_begins(after):
    assert named(f"TI hashes: my word: C74B4E810B03, b: 5e40d722fc3d, {after}") == [
        ("my word", ["c74b4e810b03"], [], ["ti_hashes"]),
        ("b", ["5e40d722fc3d"], [], ["ti_hashes"]),
    ]


def test_a_quoted_list_that_lost_its_end_is_read_as_far_as_it_goes():
    assert [name for name, *_ in named('TI hashes: "a: c74b4e810b03, b: 5e40d7')] == ["a"]


def test_hashes_name_embeddings_among_other_models():
    text = A1111.format(
        'Hashes: {"model": "6ce0161689", "lora:x": "aaaaaaaaaaaa", "embed:EasyNegative": "c74b4e810b", "embed:n": 7}'
    )
    assert named(text) == [("EasyNegative", ["c74b4e810b"], [], ["hashes"])]


def test_used_embeddings_give_a_checksum():
    text = "a fox\nSteps: 20, Seed: 1\nUsed embeddings: EasyNegative [119b], two words [4B32], broken [xyz]\nmore"
    assert named(text) == [
        ("EasyNegative", [], ["119b"], ["used_embeddings"]),
        ("two words", [], ["4b32"], ["used_embeddings"]),
    ]


@pytest.mark.parametrize(
    "prompt",
    ["embedding:koi-fish", "a (embedding:koi-fish:1.2), b", "embedding:sub/koi-fish.pt.", "x,embedding:koi-fish,y", "embedding:koi-fish[0]",
     '{"text": "embedding:koi-fish\\nnext"}', "embedding:koi-fish<lora:a:1>", "Embedding:koi-fish.safetensors"],
)  # fmt: skip
def test_a_comfyui_prompt_names_an_embedding(prompt):
    assert named(prompt) == [("koi-fish", [], [], ["prompt"])]


def test_one_embedding_named_in_several_ways_is_one():
    text = 'embedding:Koi, Hashes: {"embed:koi": "0123456789"}\nTI hashes: "KOI: 0123456789ab"\nUsed embeddings: koi [abcd]'
    assert named(text) == [
        ("KOI", ["0123456789ab", "0123456789"], ["abcd"], ["ti_hashes", "hashes", "used_embeddings", "prompt"])
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "TI hashes: ",
        "Hashes: {",
        "Hashes: " + '{"a":' * 5000,
        "embedding:",
        "a prompt",
        "Used embeddings:",
        "TI hashes: : 0123456789ab",
    ],
)
def test_a_text_without_embeddings_names_none(text):
    assert parse(text) == []


def test_more_embeddings_than_a_picture_can_use_are_refused():
    assert len(parse(" ".join(f"embedding:word-{n}" for n in range(MAX_REFERENCES)))) == MAX_REFERENCES
    with pytest.raises(TooManyReferences):
        parse(" ".join(f"embedding:word-{n}" for n in range(MAX_REFERENCES + 1)))


@pytest.mark.parametrize(
    "piece",
    [
        "TI hashes: ",
        'TI hashes: "',
        "Hashes: {",
        "Used embeddings: [",
        "embedding:",
        "a",
        "Used embeddings: a [",
        "[",
        "\\",
    ],
)
def test_the_longest_text_is_read_in_good_time(piece):
    text = (piece * (MAX_CHARACTERS // len(piece) + 1))[:MAX_CHARACTERS]
    begun = time.process_time()
    parse(text)
    assert time.process_time() - begun < 5  # a hundred times what it takes: only runaway backtracking gets there
