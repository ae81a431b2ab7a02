//! The HTTP endpoints of Grantor: turns requests into protocol decisions, stored facts and signed tokens.
//!
//! `routes` is the table of every path. A request of a program goes through an extractor of `extract` to the file
//! that its specification names (`token`, `revoke`, `introspect`, `userinfo`); a request of a person through
//! `visit`, `authorize` and the pages under `interact`. Who may depend on what stands in ARCHITECTURE.md.

pub mod app;
pub mod audit;
mod client_cache;
mod client_jwt;
mod client_keys;
mod client_logo;
mod client_uses;
pub mod clock;
mod complaint;
pub mod config;
mod drain;
mod edge;
mod end_session;
pub mod ending;
mod error;
mod extract;
mod hash_pool;
mod host;
mod issuing;
pub mod key_ring;
pub mod listing;
mod live;
mod metrics;
mod mounted;
mod observe;
mod openapi;
pub mod outbound;
pub mod pages;
pub mod playground;
mod routes;
pub mod self_check;
pub mod serve;
mod session_management;
mod sid;
mod subject;
pub mod tasks;
mod tls;
pub mod traces;
mod user_claims;
mod visit;
mod work_pool;

mod account;
mod admin;
mod asset;
mod authorize;
mod cors;
mod discovery;
pub mod health;
mod id_token_hint;
mod interact;
mod introspect;
mod jwks;
pub mod logout;
mod register;
mod revoke;
mod token;
mod userinfo;

pub use app::App;
