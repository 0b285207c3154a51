"""Every file that was uploaded or downloaded resolves to its page by its hashes; equal numbers are known in any dtype."""

from __future__ import annotations

import hashlib
import io
import zlib

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command

from registry import fingerprints, intake, lookup, services, storage
from registry.errors import RegistryError
from registry.formats import Encoder, NamedFile, Target, hashes, inspect, safetensors, write
from registry.models import File, Hash, HashKind, Version
from tests.registry.samples import sd1_file, sdxl_file, vectors

ANYONE = AnonymousUser()


def file_of(dtype, values, body):
    """Safetensors of ``emb_params`` written by hand."""
    header = b'{"emb_params":{"dtype":"%s","shape":[%d,%d],"data_offsets":[0,%d]}}' % (dtype, *values.shape, len(body))
    return len(header).to_bytes(8, "little") + header + body


def float16_file(values):
    return file_of(b"F16", values, values.astype("<f2").tobytes())


def bfloat16_file(values):
    return file_of(b"BF16", values, (fingerprints.to_bfloat16(values).view(np.uint32) >> 16).astype("<u2").tobytes())


def found(value, user=ANYONE):
    return [match.version for match in lookup.by_hash(value, user).matches]


@pytest.fixture
def version(alice, upload):
    """Uploaded as an A1111 .pt under other names, so that the upload is none of the files written from it."""
    encoders = inspect(sd1_file(3)).encoders
    data = write(Target.A1111_PT, encoders, token="<elsewhere>", name="elsewhere")[0].data
    made = upload(alice, "blue-kite", data=data, filename="elsewhere.pt").latest
    made.original = data
    return made


def test_every_file_to_download_is_found_by_every_hash(version, upload, bob):
    upload(bob, "other-one", seed=9)
    files = list(version.files.all())
    assert {(file.target, file.dtype) for file in files} >= {("canonical", "float32"), ("canonical", "float16")}
    for file in files:
        for whole in (file.sha256, file.blake3, file.autov3, file.crc32):
            for value in {whole, whole[:8], whole[:12], whole.upper()} - {""}:
                (match,) = lookup.by_hash(value, ANYONE).matches
                assert match.version == version
                assert file in match.files


def test_the_uploaded_file_is_found_by_every_hash(version):
    known = hashes.of_file(version.original, inspect(version.original).encoders)
    assert known.sha256 not in {file.sha256 for file in version.files.all()}
    for value in (known.sha256, known.autov2, known.blake3, known.crc32):
        (match,) = lookup.by_hash(value, ANYONE).matches
        assert (match.version, match.uploaded, match.files) == (version, True, [])


def test_a_file_that_begins_as_json_does_is_known_by_its_hash_and_a_sidecar_is_not(alice):
    short = sd1_file(4)
    size = int.from_bytes(short[:8], "little")
    header = short[8 : 8 + size].ljust(ord("{"))  # so that its length, the first byte, is a brace
    data = len(header).to_bytes(8, "little") + header + short[8 + size :]
    assert data[:1] == b"{"
    said = {"title": "A", "kind": "object", "license": "mit", "visibility": "public"}
    services.upload_embedding(owner=alice, filename="a.pt", data=data, name="odd", token="<odd>", base="sd1", **said)
    assert [match.uploaded for match in lookup.by_hash(hashes.sha256(data), ANYONE).matches] == [True]

    numbers = inspect(sdxl_file()).encoders
    names = ("text_encoders_0", "text_encoders_1")
    pivotal = safetensors.write({name: one.vectors for name, one in zip(names, numbers, strict=True)})
    sidecar = b'\xef\xbb\xbf{"TOK": "<s0><s1>"}'  # with a mark of its encoding, as editors on Windows put it
    files = intake.read_files([NamedFile("embeddings.pti", pivotal), NamedFile("special_params.json", sidecar)])
    new = services.NewEmbedding(part=files.parts[0], name="tuned", token="<tuned>", base="sdxl", **said)
    services.upload_parts(owner=alice, upload=files, new=[new])
    assert [match.uploaded for match in lookup.by_hash(hashes.sha256(pivotal), ANYONE).matches] == [True]
    assert not lookup.by_hash(hashes.sha256(sidecar), ANYONE).matches


def test_the_numbers_are_found_by_their_digest(version):
    (match,) = lookup.by_hash(version.digest[:10], ANYONE).matches
    assert (match.version, match.uploaded) == (version, False)
    assert "digest" in match.kinds  # and AutoV3, which leaves out all but the numbers of this one


def test_hashes_of_nothing_and_reversed_checksums_find_nothing(version):
    for whole in hashes.EMPTY:
        Hash.objects.create(version=version, kind=HashKind.SHA256, value=whole)  # as if a tool had sent us one
        for value in {whole, whole[:8], whole[:10], whole[:12]}:
            assert found(value) == []
    crc32 = zlib.crc32(version.original)
    assert found(f"{crc32:08x}") == [version]
    assert found(crc32.to_bytes(4, "little").hex()) == []


@pytest.mark.parametrize("value", ["", "abcdefg", "0" * 7, "0" * 65, "g" * 10, "%" * 8, "12345678\n"])
def test_what_is_no_hash_is_refused(db, value):
    with pytest.raises(RegistryError) as refused:
        lookup.by_hash(value, ANYONE)
    assert refused.value.code == "bad_hash"


def test_digits_that_begin_hashes_of_different_numbers_name_all_candidates(alice, bob, upload, version):
    other = upload(bob, "other-one", seed=9).latest
    for owner, value in ((version, "12345678" + "a" * 56), (other, "12345678" + "b" * 56)):
        Hash.objects.create(version=owner, kind=HashKind.BLAKE3, value=value)
    answer = lookup.by_hash("12345678", ANYONE)
    assert (answer.unique, [match.version for match in answer.matches]) == (False, [version, other])
    answer = lookup.by_hash("12345678a", ANYONE)
    assert (answer.unique, [match.version for match in answer.matches]) == (True, [version])


def test_one_file_that_two_people_share_is_no_doubt(alice, bob, upload):
    mine, theirs = upload(alice).latest, upload(bob).latest
    answer = lookup.by_hash(hashes.sha256(sd1_file())[:10], ANYONE)
    assert (answer.unique, [match.version for match in answer.matches]) == (True, [mine, theirs])


def test_hidden_files_are_found_by_who_may_know_of_them(alice, bob, upload):
    hidden = upload(alice, "hidden-one", visibility="private").latest
    unlisted = upload(alice, "unlisted-one", visibility="unlisted", seed=1).latest
    for user in (ANYONE, bob):
        assert found(hidden.blob, user) == found(hidden.blob[:12], user) == found(unlisted.blob[:12], user) == []
        assert found(unlisted.blob, user) == [unlisted]  # who has the whole hash has the file
        assert found(unlisted.files.first().crc32, user) == []  # 32 bits can be guessed
    assert found(hidden.blob[:12], alice) == [hidden]


def same(data, user):
    known = lookup.find_duplicates(inspect(data).encoders, versions=lookup.listed_versions(user))
    return [(item.version, item.rounded) for item in known]


def test_the_same_numbers_are_known_in_any_container_and_dtype(alice, bob, upload):
    version = upload(alice).latest
    values = vectors()
    for target in Target:
        if target in {file.target for file in version.files.all()} and target != Target.DIFFUSERS_SDXL:
            written = write(target, inspect(sd1_file()).encoders, token="<t>", name="else")[0]
            assert same(written.data, bob) == [(version, "")]
    assert same(float16_file(values), bob) == [(version, "float16")]
    assert same(bfloat16_file(values), bob) == [(version, "bfloat16")]
    assert same(sd1_file(5), bob) == []


def test_a_rounded_copy_that_came_first_is_known_too(alice, bob, upload):
    version = upload(alice, data=float16_file(vectors())).latest
    assert same(sd1_file(), bob) == [(version, "float16")]
    assert same(float16_file(vectors()), bob) == [(version, "")]


def test_numbers_that_only_round_to_the_same_are_not_the_same(alice, bob, upload):
    values = vectors()
    upload(alice)
    near = values.copy()
    near[0, 0] = np.nextafter(near[0, 0], np.float32(1))
    assert (near.astype(np.float16) == values.astype(np.float16)).all()
    assert same(safetensors.write({"emb_params": near}, None), bob) == []


def test_numbers_beyond_float16_have_no_float16_files(alice, upload):
    values = vectors()
    values[0, 0] = 70_000
    version = upload(alice, data=safetensors.write({"emb_params": values}, None)).latest
    assert set(version.files.values_list("dtype", flat=True)) == {"float32"}
    assert not version.hashes.filter(kind=HashKind.DIGEST_F16).exists()


@pytest.mark.parametrize("make", [float16_file, bfloat16_file])
def test_a_rounded_copy_is_no_new_version(alice, upload, make):
    embedding = upload(alice)
    services.add_version(embedding=embedding, files=[NamedFile("b.safetensors", sd1_file(1))])
    with pytest.raises(RegistryError, match=r"version 1 already, rounded to b?float16") as refused:
        services.add_version(embedding=embedding, files=[NamedFile("c.safetensors", make(vectors()))])
    assert refused.value.code == "unchanged"
    assert embedding.versions.count() == 2


def test_bfloat16_rounds_to_nearest_with_ties_to_even():
    values = np.array([[1.0, 1.00390625, 1.01171875, 1.0039065, -1.00390625, 3.3895314e38, 0.0]], np.float32)
    assert fingerprints.to_bfloat16(values).tolist()[0][:5] == [1.0, 1.0, 1.015625, 1.0078125, -1.0]
    assert np.isfinite(fingerprints.to_bfloat16(values)).all()
    assert np.isinf(fingerprints.to_bfloat16(np.array([[np.finfo(np.float32).max]], np.float32))).all()


def rows(version):
    return (
        sorted(version.files.values_list("target", "dtype", "filename", "size", "sha256", "autov3", "blake3", "crc32")),
        sorted(version.hashes.values_list("kind", "value", "uploaded")),
    )


def test_what_an_older_release_left_is_indexed_by_the_command_and_indexing_again_changes_nothing(
    alice, upload, version
):
    sdxl = upload(alice, "big-one", data=sdxl_file(), base="sdxl").latest
    before = [rows(version), rows(sdxl)]
    for made in (version, sdxl):
        made.files.exclude(target="canonical").delete()
        made.files.update(blake3="")
        made.hashes.filter(uploaded=False).delete()
    Version.objects.update(indexed="")
    version.embedding.__class__.objects.update(skeletons=[])
    waiting = io.StringIO()
    call_command("index_hashes", count=True, stdout=waiting)
    assert waiting.getvalue() == "2\n"
    call_command("index_hashes")
    assert [rows(version), rows(sdxl)] == before
    assert version.embedding.__class__.objects.filter(skeletons=[]).count() == 0
    call_command("index_hashes", all=True)
    assert [rows(version), rows(sdxl)] == before


def flat_digest(values):
    """The digest of release 0.1.0: of the numbers in a row."""
    return hashlib.sha256(values.tobytes()).hexdigest()


def test_digests_of_an_older_release_are_made_anew_from_the_stored_files(alice, bob, upload, version):
    digest = version.digest
    old = flat_digest(vectors(3))
    Version.objects.update(digest=old, indexed="0123456789abcdef")
    version.hashes.filter(kind=HashKind.DIGEST).update(value=old)
    version.hashes.filter(kind__in=[HashKind.DIGEST_F16, HashKind.DIGEST_BF16]).delete()
    waiting = io.StringIO()
    call_command("index_hashes", count=True, stdout=waiting)
    assert waiting.getvalue() == "1\n"
    call_command("index_hashes")
    version.refresh_from_db()
    assert (version.digest, version.indexed) == (digest, fingerprints.current_index())
    assert inspect(storage.read(version.blob)).digest == digest
    assert not version.hashes.filter(value=old).exists()
    assert same(sd1_file(3), bob) == [(version, "")]
    assert same(float16_file(vectors(3)), bob) == [(version, "float16")]


def test_the_same_numbers_in_another_shape_are_another_embedding(alice, bob, upload):
    values = vectors(rows=4)
    upload(alice, data=safetensors.write({"emb_params": values}, None))
    assert same(safetensors.write({"emb_params": values.reshape(3, 1024)}, None), bob) == []
    assert len(same(safetensors.write({"<x>": values}, None), bob)) == 1


def test_indexing_names_a_version_whose_file_is_lost_and_goes_on(alice, upload, version):
    other = upload(alice, "other-one", seed=9).latest
    Version.objects.update(indexed="")
    storage.default_storage.delete(storage.path_of(version.blob))
    told = io.StringIO()
    with pytest.raises(CommandError, match="1 versions"):
        call_command("index_hashes", stderr=told)
    assert f"Version {version.pk}" in told.getvalue()
    other.refresh_from_db()
    assert other.indexed == fingerprints.current_index()


def test_a_new_kind_of_file_makes_every_version_wait(monkeypatch, version):
    assert version.indexed == fingerprints.current_index()
    monkeypatch.setattr(fingerprints, "REVISION", fingerprints.REVISION + 1)
    fingerprints.current_index.cache_clear()
    try:
        assert version.indexed != fingerprints.current_index()
    finally:
        fingerprints.current_index.cache_clear()


def test_prefixes_are_looked_up_through_the_index(alice, upload, django_db_blocker):
    from django.db import connection

    version = upload(alice).latest
    Hash.objects.bulk_create(
        Hash(version=version, kind=HashKind.BLAKE3, value=f"{number:08x}" + "0" * 56) for number in range(5000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE registry_hash")
    plan = Hash.objects.filter(value__startswith="00000abc").explain()
    assert "registry_hash_value" in plan
    assert File.objects.count() < 5000


def test_encoders_keep_their_names_in_the_digests():
    low, high = Encoder("clip_l", vectors(0), "F32"), Encoder("clip_g", vectors(0, 2, 1280), "F32")
    assert fingerprints.digests([low, high]) == fingerprints.digests([high, low])
    assert set(fingerprints.digests([low])) == {"digest", "digest-f16", "digest-bf16"}
