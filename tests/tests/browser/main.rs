//! What a person sees and does, in Chromium with its real cookie, script and content policies.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests report failure by panicking"
)]

mod account;
mod apache;
mod customised;
mod journeys;
mod languages;
mod logouts;
mod looks;
mod playground;
mod scene;
mod sites;
