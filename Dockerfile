# birdfeed in a small image. Build: docker build -t birdfeed .
FROM rust:1.95-bookworm AS build
# librdkafka is compiled from source with OpenSSL and zlib.
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ make pkg-config libssl-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin birdfeed

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libssl3 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 65532 birdfeed \
    && useradd --no-log-init --uid 65532 --gid 65532 --home-dir /var/lib/birdfeed --no-create-home --shell /usr/sbin/nologin birdfeed \
    && install -d -o 65532 -g 65532 /var/lib/birdfeed
COPY --from=build /src/target/release/birdfeed /usr/local/bin/birdfeed
USER 65532:65532
# Journal and files are relative to here: ./birdfeed-data is in the volume.
WORKDIR /var/lib/birdfeed
VOLUME /var/lib/birdfeed
# Loopback would be the container's own. Who may reach the port is the network's to say. Goes before a file's [admin].
ENV BIRDFEED__ADMIN__LISTEN=0.0.0.0:9464
# Few memory arenas: after a flood the process keeps half as much.
ENV MALLOC_ARENA_MAX=2
EXPOSE 9464
ENTRYPOINT ["birdfeed"]
CMD ["run"]
