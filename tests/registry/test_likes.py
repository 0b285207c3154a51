"""Likes are counted exactly, whoever clicks when."""

from __future__ import annotations

import pytest

from hub.accounts.models import User
from registry import services
from registry.models import Embedding, Like
from tests.registry.samples import at_once


def test_a_second_like_of_one_person_changes_nothing(alice, bob, upload):
    embedding = upload(alice)
    assert services.like(user=bob, embedding=embedding)
    assert not services.like(user=bob, embedding=embedding)
    assert Embedding.objects.get().likes == 1


def test_a_like_can_be_taken_back_once(alice, bob, upload):
    embedding = upload(alice)
    services.like(user=bob, embedding=embedding)
    services.like(user=alice, embedding=embedding)
    assert services.unlike(user=bob, embedding=embedding)
    assert not services.unlike(user=bob, embedding=embedding)
    assert Embedding.objects.get().likes == 1


@pytest.mark.django_db(transaction=True)
def test_likes_at_once_are_all_counted_and_none_twice(alice, upload):
    embedding = upload(alice)
    people = [User.objects.create_user(f"fan-{n}") for n in range(5)]
    outcomes = at_once([lambda p=p: services.like(user=p, embedding=embedding) for p in people for _ in range(2)])
    assert sorted(outcomes) == [False] * 5 + [True] * 5
    assert Embedding.objects.get().likes == Like.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_likes_taken_back_at_once_are_uncounted_once(alice, bob, upload):
    embedding = upload(alice)
    services.like(user=alice, embedding=embedding)
    services.like(user=bob, embedding=embedding)
    outcomes = at_once([lambda: services.unlike(user=bob, embedding=embedding)] * 4)
    assert sorted(outcomes) == [False, False, False, True]
    assert Embedding.objects.get().likes == Like.objects.count() == 1
