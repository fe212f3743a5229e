# The gateway in a container: built in one image, run in a small one, as nobody in particular, on a read-only file system.
# Nobody has built it yet: the project's checks have no container engine. compose.yaml shows how it is meant to be run.

FROM rust:1.95.0-slim-bookworm AS build
# The image's own toolchain: rust-toolchain.toml would fetch rustfmt and clippy too.
ENV RUSTUP_TOOLCHAIN=1.95.0
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bolt-19 build-essential ca-certificates cmake curl git libbolt-19-dev libssl-dev \
        openssl pkg-config python3 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    scripts/guided-build.sh \
    && install target/guided/pontile /usr/local/bin/pontile

# Nightly files over SFTP are fetched with the client of openssh. curl asks the operators' door whether the node is ready: which certificate it shows is told in compose.yaml.
FROM debian:12-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl libssl3 openssh-client \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 pontile \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/pontile --shell /usr/sbin/nologin pontile \
    && install --directory --owner=pontile --group=pontile --mode=700 /var/lib/pontile
COPY --from=build /usr/local/bin/pontile /usr/bin/pontile
COPY adapters /usr/share/pontile/adapters
COPY LICENSE /usr/share/doc/pontile/LICENSE
USER 10001:10001
WORKDIR /var/lib/pontile
VOLUME /var/lib/pontile
EXPOSE 8443 9443
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/pontile", "--config", "/etc/pontile/pontile.toml"]
CMD ["serve"]
