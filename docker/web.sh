#!/bin/sh
# Bring the schema up to date, then serve. Migrations take a lock, so several web containers may start at once.
set -eu
python manage.py migrate --noinput --verbosity 0
python manage.py prepare
exec python -m gunicorn hub.wsgi:application --bind 0.0.0.0:8000 --workers "${WEB_WORKERS:-2}" --threads 8 --worker-class gthread
