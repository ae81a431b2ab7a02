//! What operators see of a server: its audit trail, its log and its traces.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests report failure by panicking"
)]

mod audit;
mod log;
mod traces;
