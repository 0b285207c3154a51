"""The hub's own settings, with what must differ in tests."""

from __future__ import annotations

import os

from tests.support.postgres import FOLDER

os.environ["HUB_VAR"] = str(FOLDER)

from hub.settings import *  # noqa: F403

STORAGES = {  # no manifest: tests need no collectstatic
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["*"]

STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405 # else each client of a test is warned that it is not there

# A second run of the suite beside the first takes a database of its own.
DATABASES["default"]["TEST"] = {"NAME": f"test_{os.environ.get('STARWORD_TEST_DATABASE', 'starword')}"}  # noqa: F405
