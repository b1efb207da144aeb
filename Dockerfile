# The whole market in one image; the command says which process it is (serve, worker, migrate).
FROM python:3.11-slim AS build
WORKDIR /app
COPY run.py requirements.lock requirements-test.lock requirements-npm.lock package.json package-lock.json .npmrc pyproject.toml ./
COPY shop ./shop
COPY payments ./payments
COPY livestream ./livestream
COPY admin ./admin
COPY static ./static
COPY storefront_templates ./storefront_templates
RUN python3 run.py setup && rm -rf node_modules

FROM python:3.11-slim
RUN useradd --system --create-home --home-dir /app --uid 10001 chohtx && mkdir /data && chown chohtx /data
WORKDIR /app
COPY --from=build --chown=chohtx /app /app
USER chohtx
ENV CHOHTX_DATA_DIR=/data PATH=/app/.venv/bin:$PATH
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["chohtx", "serve", "--host", "0.0.0.0"]
