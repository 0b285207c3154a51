from __future__ import annotations

from django.apps import AppConfig


class OwnDataConfig(AppConfig):
    name = "hub.own_data"
