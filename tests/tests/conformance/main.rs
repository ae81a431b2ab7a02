//! The OpenID Foundation's suite, row by row (conformance.md 3.1 to 3.4 and 3.6): a test for each module, named after
//! it, that runs for every response type and response mode of the plans that hold it, over HTTP against the binary.
//! What every module checks (section 2) is in `checks`. What the suite warns of fails here.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests report failure by panicking"
)]

mod checks;
mod plan;
mod request;
mod scene;
mod suite;

mod claims;
mod codes;
mod description;
mod discovery;
mod dynamic_keys;
mod dynamic_redirects;
mod dynamic_requests;
mod happy;
mod initiate_login;
mod logins;
mod logout;
mod parameters;
mod refresh;
mod request_objects;
mod userinfo;
mod waiting;
