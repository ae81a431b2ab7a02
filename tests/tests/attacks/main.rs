//! What attackers and careless clients send, over HTTP against the binary: each test states a rule,
//! and the T-number above it is the line of the threat list (security.md 1) that it holds to.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests report failure by panicking"
)]

mod client_authentication;
mod conformance;
mod grants;
mod http_layer;
mod jose;
mod pages;
mod redirect_uris;
mod scene;
