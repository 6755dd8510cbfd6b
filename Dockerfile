# edgekit as a program: docker build -t edgekit . && docker run --rm -v "$PWD:/work" -v edgekit:/cache edgekit doctor
# Toolchains are installed into /cache when they are first needed. tools/clean_root.py runs these steps without an engine.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv && rm -rf /var/lib/apt/lists/*
COPY . /source
RUN python3 -m venv /opt/edgekit && /opt/edgekit/bin/pip install --quiet --no-cache-dir /source && rm -rf /source
ENV PATH=/opt/edgekit/bin:/usr/local/bin:/usr/bin:/bin
ENV EDGEKIT_CACHE=/cache
VOLUME /cache
WORKDIR /work
ENTRYPOINT ["edgekit"]
