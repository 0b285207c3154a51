"""What gunicorn reads by itself where it is started: it logs as the rest of the hub does."""

from hub.settings import LOGGING

logconfig_dict = LOGGING
