# fullcast with its CPU engines, built of packages alone. Weights come at first use; mount a volume at /cache.
#
#   docker build -t fullcast .
#   docker run --rm -v "$PWD:/work" -v fullcast:/cache fullcast game render game
FROM python:3.12-slim-bookworm

# git is for `game diff --from REVISION` and for the revision in pack.json.
RUN apt-get update \
    && apt-get install -y --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*

COPY pyproject.toml README.md LICENSE /src/
COPY pipeline /src/pipeline
RUN pip install --no-cache-dir /src && rm -rf /src

RUN useradd --create-home --uid 1000 caster \
    && mkdir /cache /work \
    && chown caster /cache /work \
    && git config --system --add safe.directory '*'
USER caster
ENV FULLCAST_CACHE=/cache
WORKDIR /work
ENTRYPOINT ["fullcast"]
CMD ["--help"]
