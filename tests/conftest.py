"""The cast of every test: Alice owns things, Bob is a stranger, Sam is staff."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.utils import translation
from rest_framework.test import APIClient

from hub.accounts.models import ApiToken, Scope, User


@pytest.fixture(autouse=True)
def storage_of_its_own(settings, tmp_path):
    """Each test stores its files in a folder of its own."""
    settings.MEDIA_ROOT = tmp_path / "storage"


@pytest.fixture(autouse=True)
def unspent_throttles(request):
    """Counters are rolled back with the test's transaction; where there is none they are cleared."""
    if {"transactional_db", "live_server"} & set(request.fixturenames):
        request.getfixturevalue("transactional_db")
        cache.clear()


@pytest.fixture(autouse=True)
def own_language():
    """Each test begins in the hub's language, whatever a page was asked for in before."""
    yield
    translation.deactivate()


@pytest.fixture
def alice(db):
    return User.objects.create_user("alice", password="wonderland")


@pytest.fixture
def bob(db):
    return User.objects.create_user("bob", password="builder")


@pytest.fixture
def sam(db):
    return User.objects.create_user("sam", password="gamgee", is_staff=True)


@pytest.fixture
def api():
    """An API client without an account."""
    return APIClient()


@pytest.fixture
def api_as():
    """An API client with a token of the given person."""

    def make(user, scopes=tuple(Scope.values)):
        _, secret = ApiToken.issue(owner=user, name="test", scopes=list(scopes))
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return make


@pytest.fixture
def as_user(client):
    """The test client, signed in as the given person."""

    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in
