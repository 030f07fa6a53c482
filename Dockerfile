# birdfeed in a small image without a shell, for amd64 and arm64. Build: docker build -t birdfeed .
# The labels' values: --build-arg VERSION=… --build-arg REVISION=… --build-arg SOURCE=…

# What decides the dependencies, and sources that are empty: a change of ours leaves it as it is.
FROM rust:1.95.0-bookworm AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -name 'Cargo.*' ! -path '*/src/lib.rs' ! -path '*/src/main.rs' -delete \
    && find . -type d -empty -delete \
    && truncate --size 0 crates/*/src/lib.rs \
    && echo 'fn main() {}' | tee crates/*/src/main.rs

FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY --from=manifests /src .
# The dependencies, a layer that is kept. librdkafka is compiled from source with OpenSSL and zlib.
RUN cargo build --release --locked --package daemon
COPY . .
# cargo goes by the time, and the files may be older than what was made of the empty ones.
RUN touch crates/*/src/lib.rs crates/*/src/main.rs \
    && cargo build --release --locked --package daemon
# Everything that the program needs of a system; where its libraries lie, it says itself.
RUN mkdir -p /image/usr/local/bin /image/etc/ssl/certs /home/birdfeed \
    && cp target/release/birdfeed /image/usr/local/bin/ \
    && ldd target/release/birdfeed | grep -o '/[^ ]*' | xargs cp --parents --dereference --target-directory /image \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && echo 'hosts: files dns' > /image/etc/nsswitch.conf \
    && echo 'birdfeed:x:65532:65532::/var/lib/birdfeed:/sbin/nologin' > /image/etc/passwd \
    && echo 'birdfeed:x:65532:' > /image/etc/group

FROM scratch
COPY --from=build /image /
COPY --from=build --chown=65532:65532 /home/birdfeed /var/lib/birdfeed
USER 65532:65532
# Journal and files are relative to here: ./birdfeed-data is in the volume.
WORKDIR /var/lib/birdfeed
VOLUME /var/lib/birdfeed
ENV PATH=/usr/local/bin
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
# Loopback would be the container's own. Who may reach the port is the network's to say. Goes before a file's [admin].
ENV BIRDFEED__ADMIN__LISTEN=0.0.0.0:9464
# Few memory arenas: after a flood the process keeps half as much.
ENV MALLOC_ARENA_MAX=2
EXPOSE 9464
# Ready or not, and why: `docker inspect` has its words. Docker restarts nothing for that, and a restart would cure neither X nor a broker.
# The first connection may take X's 20 s to bring something.
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["birdfeed", "status"]
ENTRYPOINT ["birdfeed"]
CMD ["run"]
# Last: they change more often than the rest.
ARG VERSION=""
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="birdfeed" \
      org.opencontainers.image.description="Keeps one X stream alive and brings it to Kafka, RabbitMQ and files" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE"
