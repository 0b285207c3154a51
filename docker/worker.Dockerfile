# The training worker. Built from the repository's root: docker build -f docker/worker.Dockerfile .
FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HUB_VAR=/var/lib/starword
WORKDIR /srv/starword
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN python -m pip install --no-cache-dir --constraint constraints.txt '.[web,worker]'
COPY manage.py CHANGELOG.md ./
COPY hub hub
COPY registry registry
COPY training training
COPY templates templates
COPY static static
COPY locale locale
RUN useradd --system --create-home --home-dir /var/lib/starword starword && mkdir -p /var/lib/starword/storage && chown -R starword /var/lib/starword
USER starword
STOPSIGNAL SIGTERM
CMD ["python", "manage.py", "worker"]
