"""What gunicorn reads by itself where it is started: it logs as the rest of the hub does, and takes long addresses."""

from hub.settings import LOGGING

logconfig_dict = LOGGING
#: Bytes of a request's first line: a search by many tags in a script of many bytes is long.
limit_request_line = 8190
