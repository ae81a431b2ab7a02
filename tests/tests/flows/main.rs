//! Flows over the public HTTP surface of a server in this process: its clock is moved instead of waited for, and its
//! statements are counted. One module per subject; T-numbers are those of security.md.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests report failure by panicking"
)]

mod account;
mod account_admin;
mod back_channel_logout;
mod claims;
mod client_assertions;
mod codes;
mod decryption_keys;
mod encryption;
mod end_session;
mod key_caches;
mod keys;
mod outage;
mod pkce;
mod refresh;
mod registration;
mod registration_hygiene;
mod registration_management;
mod registration_statements;
mod registration_tokens;
mod request_objects;
mod response_types;
mod sessions;
mod stage;
mod statements;
