# syntax=docker/dockerfile:1
# The image runs as nobody special, writes to /var/lib/grantor only, and holds no shell.

FROM rust:1.95-bookworm AS build
WORKDIR /src
# cargo reads every manifest of the workspace, so those of the tests come along; they are not built.
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package grantor-cli --bin grantor \
    && install -D target/release/grantor /out/grantor \
    && install -d /out/state

# glibc, root certificates and nothing else; of the same Debian that the binary is built on.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/grantor /usr/local/bin/grantor
# Where SQLite's file is kept when no Postgres is configured.
COPY --from=build --chown=nonroot:nonroot /out/state /var/lib/grantor
WORKDIR /var/lib/grantor
VOLUME /var/lib/grantor
EXPOSE 4444
STOPSIGNAL SIGTERM
# Asks the admin listener, which serves health without TLS and without a token, as the configuration names it.
HEALTHCHECK --interval=5s --timeout=6s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/grantor", "health"]
ENTRYPOINT ["/usr/local/bin/grantor"]
CMD ["serve"]
