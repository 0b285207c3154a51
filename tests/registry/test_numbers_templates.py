"""The two parts of the embedding page that show what is computed from the numbers, rendered by themselves."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string

from hub.preferences import Preferences
from registry import meaning, similarity
from registry.models import Reading, Vocabulary
from tests.registry.samples import sd1_file


def vector(norm, *nearest):
    return {"norm": norm, "percentile": 99.6, "nearest": [list(pair) for pair in nearest]}


def read(version, *vectors, problem=""):
    encoders = [{"name": "emb_params", "words": 9, "median_norm": 0.4, "vectors": list(vectors)}] if vectors else []
    return meaning.keep(version.pk, source="1:x", title="SD <1.5>", encoders=encoders, problem=problem)


def shown(version):
    return render_to_string("registry/_meaning.html", meaning.for_page(version.embedding, version))


def test_each_state_says_what_is_and_what_will_be(alice, upload):
    version = upload(alice).latest
    assert "No base model of the family Stable Diffusion 1.x is installed here" in shown(version)
    Vocabulary.objects.create(base="sd1", title="SD 1.5", source="1:x", words=9)
    assert "as soon as a worker has time" in shown(version)
    read(version, problem=Reading.Problem.UNFIT)
    assert "None of its vectors goes into a text encoder of SD &lt;1.5&gt;" in shown(version)
    read(version, problem=Reading.Problem.UNREADABLE)
    assert "could not be read" in shown(version)


@pytest.mark.parametrize(
    ("norm", "nearest", "sentences"),
    [
        (0.41, ("cat", 0.97), "almost exactly the word “cat”. It is as long as a usual word."),
        (0.5, ("cat", 0.7), "close to the word “cat”. It is longer than 99 % of the words"),
        (1.2, ("cat", 0.4), "leans towards “cat”, and means something of its own. At 3.0 times the length"),
        (0.12, ("cat", 0.1), "like no word of the vocabulary: what it means was learned anew. At 0.3 times"),
        (0.0, ("", 0.0), "like no word of the vocabulary"),
    ],
)
def test_numbers_are_put_into_plain_sentences(alice, upload, norm, nearest, sentences):
    version = upload(alice).latest
    read(version, vector(norm, nearest))
    assert sentences in " ".join(shown(version).split())


def test_many_vectors_are_folded_and_words_are_escaped(alice, upload):
    version = upload(alice).latest
    read(version, *[vector(0.4, ("<script>", 0.5))] * 12)
    page = shown(version)
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert page.count('class="vector"') == 12 and "4 more vectors" in page and 'start="9"' in page


def test_similar_ones_are_cards_and_none_is_no_section(alice, upload):
    own = upload(alice, "own")

    def section():
        context = similarity.for_page(own, AnonymousUser(), explicit=False)
        return render_to_string("registry/_similar.html", context | {"preferences": Preferences()})

    assert section().strip() == ""
    upload(alice, "copy", title="A <copy>", data=sd1_file())
    assert "A &lt;copy&gt;" in section() and "Nearly the same numbers" in section()
