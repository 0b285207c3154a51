"""Bytes go out whole or in ranges, revalidated, only to who may have them, and each download counts once."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from registry import services, storage
from registry.downloads import find_version, open_download, serve, serve_picture
from registry.errors import RegistryError
from registry.formats import Dtype, FormatError, NamedFile, Target, hashes, inspect, safetensors, targets_for
from registry.models import Embedding
from registry.pictures.previews import NewPreview, read_picture
from tests.registry.samples import picture, sd1_file, sdxl_file, vectors


@pytest.fixture
def version(alice, upload):
    return upload(alice).latest


@pytest.fixture
def ask(rf, version):
    """Serve a file of the version; returns status, headers and bytes."""

    def make(target="canonical", dtype="float32", *, method="get", filename=None, of=version, **headers):
        request = getattr(rf, method)("/", headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = serve(request, of, target, filename, dtype)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return answer.status_code, answer.headers, body

    return make


def downloads():
    return Embedding.objects.get().downloads


def test_the_canonical_file_arrives_whole_with_its_length_and_hash(ask, version):
    status, headers, body = ask()
    assert status == 200
    assert body == sd1_file()
    assert headers["Content-Length"] == str(len(body))
    assert headers["ETag"] == f'"{hashes.sha256(body)}"'
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "application/octet-stream"
    expected = "attachment; filename=\"red-heart.safetensors\"; filename*=UTF-8''red-heart.safetensors"
    assert headers["Content-Disposition"] == expected


def numbers_of(data):
    """The vectors of each text encoder in a file, or in every file of a zip."""
    if data[:2] == b"PK" and "learned_embeds.safetensors" in (names := zipfile.ZipFile(io.BytesIO(data)).namelist()):
        return [encoder for name in names for encoder in numbers_of(zipfile.ZipFile(io.BytesIO(data)).read(name))]
    try:
        return [encoder.vectors for encoder in inspect(data).encoders]
    except FormatError:  # half of a pair is no embedding of its own
        if data[:2] == b"PK":
            record = zipfile.ZipFile(io.BytesIO(data)).read("archive/data/0")
            return [np.frombuffer(record, "<f4").reshape(2, -1)]
        return [tensor.values for tensor in safetensors.read(data)[0]]


@pytest.mark.parametrize("dtype", list(Dtype))
@pytest.mark.parametrize("target", targets_for(inspect(sd1_file()).encoders))
def test_every_format_carries_the_same_vectors_under_the_hash_the_page_shows(ask, version, target, dtype):
    status, headers, body = ask(target, dtype)
    row = version.files.get(target=target, dtype=dtype)
    assert status == 200
    (carried,) = numbers_of(body)
    exact = vectors() if dtype == Dtype.FLOAT32 else vectors().astype(np.float16).astype(np.float32)
    assert np.array_equal(carried, exact)
    assert (hashes.sha256(body), str(len(body))) == (row.sha256, headers["Content-Length"])
    assert headers["ETag"] == f'"{row.sha256}"'
    assert row.filename in headers["Content-Disposition"]


@pytest.mark.parametrize("target", targets_for(inspect(sdxl_file()).encoders))
def test_every_format_of_two_encoders_carries_both(alice, upload, ask, target):
    of = upload(alice, "big-one", data=sdxl_file(), base="sdxl").latest
    names = of.files.filter(target=target, dtype="float32").values_list("filename", flat=True)
    bodies = [ask(target, of=of, filename=name)[2] for name in names]
    carried = {array.shape[1]: array for body in bodies for array in numbers_of(body)}
    assert np.array_equal(carried[768], vectors(0, 2, 768))
    assert np.array_equal(carried[1280], vectors(0, 2, 1280))


def test_a_format_that_an_embedding_cannot_have_is_refused_with_what_there_is(alice, upload, version):
    with pytest.raises(RegistryError, match="canonical") as refused:
        open_download(version, Target.DIFFUSERS_SDXL)
    assert refused.value.code == "no_such_format"
    values = vectors()
    values[0, 0] = 70_000
    loud = upload(alice, "loud-one", data=safetensors.write({"emb_params": values}, None)).latest
    with pytest.raises(RegistryError, match="too large") as refused:
        open_download(loud, Target.CANONICAL, dtype="float16")
    assert refused.value.code == "no_such_dtype"


def test_the_name_that_a_format_had_in_older_addresses_still_works(ask):
    assert ask("safetensors")[2] == sd1_file()


def test_where_a_format_has_several_files_one_is_asked_for_by_name(version):
    row = version.files.get(target="a1111-pt", dtype="float32")
    row.pk, row.filename = None, "second.pt"
    row.save()
    with pytest.raises(RegistryError, match=r"second\.pt") as refused:
        open_download(version, "a1111-pt")
    assert refused.value.code == "several_files"
    with pytest.raises(RegistryError) as refused:  # what an older release wrote and this one does not
        open_download(version, "a1111-pt", "second.pt")
    assert refused.value.code == "unknown_file"


@pytest.mark.parametrize(
    ("target", "filename", "code"), [("onnx", None, "unknown_format"), ("a1111-pt", "x.pt", "unknown_file")]
)
def test_a_file_that_does_not_exist_is_refused_in_words(version, target, filename, code):
    with pytest.raises(RegistryError) as refused:
        open_download(version, target, filename)
    assert refused.value.code == code


@pytest.mark.parametrize("target", ["canonical", "a1111-pt"])
@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=10-19", 10, 20), ("bytes=100-", 100, None), ("bytes=-7", -7, None),
     ("bytes=0-", 0, None), ("bytes=5-999999999", 5, None), ("bytes=-999999999", 0, None)],
)  # fmt: skip
def test_a_range_arrives_exactly(ask, target, asked, start, stop):
    _, _, whole = ask(target)
    status, headers, body = ask(target, Range=asked)
    assert status == 206
    assert body == whole[start:stop]
    assert headers["Content-Length"] == str(len(body))
    first = range(len(whole))[max(start, -len(whole))]
    assert headers["Content-Range"] == f"bytes {first}-{first + len(body) - 1}/{len(whole)}"


def test_two_halves_make_the_whole(ask):
    _, headers, first = ask(Range="bytes=0-99")
    _, _, second = ask(Range="bytes=100-", If_Range=headers["ETag"])
    assert first + second == sd1_file()


@pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=-0"])
def test_a_range_outside_the_file_is_416(ask, asked):
    status, headers, body = ask(Range=asked)
    assert (status, body) == (416, b"")
    assert headers["Content-Range"] == f"bytes */{len(sd1_file())}"
    assert downloads() == 0


@pytest.mark.parametrize(
    "headers",
    [{"Range": "bytes=0-1,5-6"}, {"Range": "bytes=9-1"}, {"Range": "bytes=-"}, {"Range": "items=0-1"}, {"Range": "bytes=a-b"},
     {"Range": "bytes=" + "9" * 5000 + "-"}, {"Range": "bytes=0-9", "If_Range": '"another"'}],
)  # fmt: skip
def test_a_range_that_makes_no_sense_or_is_of_other_bytes_gets_the_whole_file(ask, headers):
    status, _, body = ask(**headers)
    assert (status, body) == (200, sd1_file())


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', "*"])
def test_a_client_that_has_the_file_gets_304_and_is_not_counted(ask, form):
    etag = ask(method="head")[1]["ETag"]
    status, headers, body = ask(If_None_Match=form.format(etag))
    assert (status, body) == (304, b"")
    assert headers["ETag"] == etag
    assert downloads() == 0


def test_a_client_that_has_another_file_gets_this_one(ask):
    assert ask(If_None_Match='"another"')[0] == 200


def test_a_download_counts_when_the_whole_file_is_sent(ask):
    ask(method="head")
    ask(Range="bytes=0-0")
    ask(Range="bytes=0-99")
    ask(Range="bytes=-5")
    assert downloads() == 0
    ask()
    ask(Range="bytes=0-")
    assert downloads() == 2


def test_a_file_that_the_storage_lost_is_not_found(ask, version):
    storage.default_storage.delete(storage.path_of(version.blob))
    for target in ("canonical", "a1111-pt"):
        with pytest.raises(Http404):
            ask(target)
    assert downloads() == 0


def test_head_tells_everything_and_sends_nothing(ask):
    _, full, _ = ask()
    status, headers, body = ask(method="head")
    assert (status, body) == (200, b"")
    assert dict(headers) == dict(full)


def test_a_file_name_cannot_break_out_of_its_header(ask, version):
    version.files.filter(target="canonical", dtype="float32").update(filename='schö"n\n.safetensors')
    _, headers, _ = ask()
    assert headers["Content-Disposition"] == (
        "attachment; filename=\"sch__n_.safetensors\"; filename*=UTF-8''sch%C3%B6%22n%0A.safetensors"
    )


@pytest.mark.parametrize(
    ("visibility", "scope"), [("public", "public"), ("unlisted", "private"), ("private", "private")]
)
def test_only_public_files_may_lie_in_shared_caches(ask, version, visibility, scope):
    services.update_embedding(embedding=version.embedding, visibility=visibility)
    assert ask()[1]["Cache-Control"] == f"{scope}, no-cache"


def test_versions_are_found_by_address_by_who_may_see_them(alice, bob, sam, upload):
    embedding = upload(alice, visibility="private")
    second = services.add_version(embedding=embedding, files=[NamedFile("b.safetensors", sd1_file(9))])
    assert find_version(alice, "alice", "red-heart") == second
    assert find_version(sam, "alice", "red-heart", 1).number == 1
    for user, owner, name, number in [
        (bob, "alice", "red-heart", None),
        (AnonymousUser(), "alice", "red-heart", None),
        (alice, "alice", "red-heart", 3),
        (alice, "alice", "other", None),
        (alice, "al\x00ice", "red-heart", None),
    ]:
        with pytest.raises(Http404):
            find_version(user, owner, name, number)


@pytest.fixture
def preview(alice, upload):
    return upload(alice, previews=[NewPreview(picture=read_picture("p.png", picture()))]).latest.previews.get()


def see(rf, preview, user, digest=None, method="get", **headers):
    request = getattr(rf, method)("/", headers=headers)
    request.user = user
    return serve_picture(request, preview.pk, digest or preview.blob[:12])


def test_a_public_picture_may_be_kept_for_ever(rf, preview):
    answer = see(rf, preview, AnonymousUser())
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/webp"
    assert answer["Cache-Control"] == "public, max-age=31536000, s-maxage=300, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content[:4] == b"RIFF"
    head = see(rf, preview, AnonymousUser(), method="head")
    assert (head.content, head["Content-Length"]) == (b"", str(len(answer.content)))
    assert see(rf, preview, AnonymousUser(), **{"If-None-Match": answer["ETag"]}).status_code == 304


def test_a_private_picture_is_shown_to_its_owner_and_staff_alone(rf, preview, alice, bob, sam):
    services.update_embedding(embedding=preview.version.embedding, visibility="private")
    for user in (alice, sam):
        answer = see(rf, preview, user)
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-cache")
    for user in (bob, AnonymousUser()):
        with pytest.raises(Http404):
            see(rf, preview, user)


def test_an_unlisted_picture_is_shown_to_who_has_its_address(rf, preview):
    services.update_embedding(embedding=preview.version.embedding, visibility="unlisted")
    answer = see(rf, preview, AnonymousUser())
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-cache")


@pytest.mark.parametrize("digest", ["0" * 12, "", "0", "%" * 12, "a" * 11 + "\x00"])
def test_a_guessed_picture_address_is_not_found(rf, preview, alice, digest):
    with pytest.raises(Http404):
        see(rf, preview, alice, digest or "?")
