# The web process: no torch. Built from the repository's root: docker build -f docker/web.Dockerfile .
FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HUB_VAR=/var/lib/starword
# Titles of any language on share cards; without these fonts those that are not plain English give way to the address.
RUN apt-get update && apt-get install --yes --no-install-recommends fonts-dejavu-core fonts-droid-fallback && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/starword
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN python -m pip install --no-cache-dir --constraint constraints.txt '.[web]'
COPY manage.py gunicorn.conf.py CHANGELOG.md ./
COPY hub hub
COPY registry registry
COPY training training
COPY templates templates
COPY static static
COPY locale locale
RUN useradd --system --create-home --home-dir /var/lib/starword starword && mkdir -p /var/lib/starword/storage && chown -R starword /var/lib/starword
USER starword
RUN HUB_SECRET_KEY=only-for-collectstatic python manage.py collectstatic --noinput --verbosity 0
EXPOSE 8000
CMD ["sh", "docker-web.sh"]
COPY docker/web.sh docker-web.sh
