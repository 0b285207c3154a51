"""Hashes as other tools compute them."""

from __future__ import annotations

import hashlib
import zlib

import numpy as np
import pytest

from registry.formats import Encoder, hashes, inspect
from tests.registry.formats import builders as make

DATA = make.safetensors({"emb_params": make.vectors()})


def test_file_hashes_are_cuts_of_the_sha256_of_the_whole_file():
    whole = hashlib.sha256(DATA).hexdigest()
    assert (hashes.sha256(DATA), hashes.autov2(DATA)) == (whole, whole[:10])


def test_autov3_leaves_the_header_out_so_it_survives_new_metadata():
    other = make.safetensors({"emb_params": make.vectors()}, {"ss_name": "x"})
    assert hashes.autov3(DATA) == hashes.autov3(other) == hashlib.sha256(make.vectors().tobytes()).hexdigest()[:12]
    assert hashes.sha256(DATA) != hashes.sha256(other)


def test_autov3_is_empty_for_what_is_no_safetensors_file():
    archive = make.torch_zip(make.embedding(), make.vectors())
    assert [hashes.autov3(data) for data in (archive, b"", b"\xff" * 40, DATA[:50])] == ["", "", "", ""]


def test_crc32_has_eight_digits_whatever_its_size():
    assert hashes.crc32(DATA) == f"{zlib.crc32(DATA):08x}"
    assert hashes.crc32(b"") == "00000000"


def test_a1111_s_checksum_truncates_toward_zero_and_keeps_32_bits():
    # By hand: 100 × (0.019, −0.019, 0.5) truncates to 1, −1, 50.
    value = 0
    for number in (1, -1, 50):
        value = ((value * 281) ^ (number * 997)) & 0xFFFFFFFF
    assert hashes.checksum16(np.array([[0.019, -0.019, 0.5]], np.float32)) == f"{value & 0xFFFF:04x}"


def test_the_digest_depends_on_the_numbers_and_not_on_the_order_or_type_of_the_file():
    large, small = Encoder("clip_g", make.vectors(2, 1280), "F32"), Encoder("clip_l", make.vectors(2), "BF16")
    shapes = [np.array([2, width], "<u4").tobytes() for width in (1280, 768)]
    both = hashlib.sha256(
        shapes[0] + make.vectors(2, 1280).tobytes() + shapes[1] + make.vectors(2).tobytes()
    ).hexdigest()
    assert hashes.digest([large, small]) == hashes.digest([small, large]) == both
    strided = Encoder("clip_l", np.asfortranarray(make.vectors(2)), "F32")
    assert hashes.digest([small]) == hashes.digest([strided])


def test_the_digest_tells_shapes_apart_that_have_the_same_numbers_in_a_row():
    numbers = make.vectors(4).reshape(-1)
    shapes = [(4, 768), (3, 1024), (24, 128)]
    told = {hashes.digest([Encoder("emb_params", numbers.reshape(shape), "F32")]) for shape in shapes}
    assert len(told) == 3
    one, two = numbers[:768].reshape(1, -1), numbers[768:].reshape(3, -1)
    halves = [Encoder("clip_g", one, "F32"), Encoder("clip_l", two, "F32")]
    assert hashes.digest(halves) not in told


def test_every_hash_of_a_file_at_once():
    encoders = inspect(DATA).encoders
    known = hashes.of_file(DATA, encoders)
    assert (known.sha256, known.autov2, known.autov3) == (
        hashes.sha256(DATA),
        hashes.autov2(DATA),
        hashes.autov3(DATA),
    )
    assert (known.crc32, known.checksum16) == (hashes.crc32(DATA), hashes.checksum16(make.vectors()))


def test_blake3_is_the_published_function():
    # From the test vectors of the BLAKE3 specification: the input of length 0, and of length 1 (one zero byte).
    assert hashes.blake3_hex(b"") == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert hashes.blake3_hex(b"\0") == "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"


def test_a1111_has_no_checksum_of_two_text_encoders():
    both = [Encoder("clip_l", make.vectors(2), "F32"), Encoder("clip_g", make.vectors(2, 1280), "F32")]
    assert hashes.of_file(b"anything", both).checksum16 == ""


def test_the_hashes_of_nothing_are_known():
    assert {hashlib.sha256(b"").hexdigest(), "00000000"} < hashes.EMPTY


@pytest.mark.parametrize("size", [3.4e36, 1e37, 3.4e38])
def test_numbers_whose_hundredfold_is_none_have_every_hash_but_a1111_s(size):
    vectors = np.full((1, 768), size, dtype=np.float32)
    expected = hashes.checksum16(vectors)
    assert (expected == "") == (size > 3.41e36)
    known = hashes.of_file(b"x", (Encoder("emb_params", vectors, "F32"),))
    assert known.checksum16 == expected and len(known.sha256) == 64
