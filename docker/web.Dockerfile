# The web process: no torch. Built from the repository's root: docker build -f docker/web.Dockerfile .
FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HUB_VAR=/var/lib/starword
WORKDIR /srv/starword
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN python -m pip install --no-cache-dir --constraint constraints.txt '.[web]'
COPY manage.py gunicorn.conf.py CHANGELOG.md ./
COPY hub hub
COPY registry registry
COPY training training
COPY templates templates
COPY static static
RUN useradd --system --create-home --home-dir /var/lib/starword starword && mkdir -p /var/lib/starword/storage && chown -R starword /var/lib/starword
USER starword
RUN HUB_SECRET_KEY=only-for-collectstatic python manage.py collectstatic --noinput --verbosity 0
EXPOSE 8000
CMD ["sh", "docker-web.sh"]
COPY docker/web.sh docker-web.sh
