//! Behind a real nginx with TLS: what the self-check says of every wrong set-up, issuers with a path, and what operators
//! start from (`config/nginx.conf`, `docker-compose.yml`).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests report failure by panicking")]

mod forwarding;
mod own_tls;
mod path_issuer;
mod self_check;
mod set_up;
