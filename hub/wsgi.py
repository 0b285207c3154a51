"""The web process."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from hub.charset import only_utf8

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
application = only_utf8(get_wsgi_application())
