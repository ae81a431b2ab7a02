//! Health: alive says that the process answers, ready that it can serve (database reachable, migrated, clocks within
//! `SKEW_LIMIT_SECONDS` of each other) and means to go on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use grantor_store::Fault;
use serde_json::json;

use crate::app::App;
use crate::clock::Now;
use crate::config::{Config, Outbound};
use crate::error::no_store;
use crate::outbound::{Fetcher, shown};

/// Asks a running server whether it is ready; the error is one line.
pub async fn ask(url: &str, outbound: &Outbound) -> Result<(), String> {
    let answer = Fetcher::new(outbound).ask_ourselves(url, &[]).await;
    let answer = answer.map_err(|error| format!("{url}: {error}"))?;
    if answer.status == StatusCode::OK {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&answer.body);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    Err(format!("{url}: {} {}", answer.status.as_u16(), shown(&said)))
}

/// Where the server of these settings says whether it is ready: on the admin listener, which has no TLS.
pub fn address(config: &Config) -> String {
    format!("http://{}/health/ready", reachable(config.admin.listen))
}

/// Where a listener answers on this machine: one that listens at every address does so at loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => (Ipv4Addr::LOCALHOST, listen.port()).into(),
        IpAddr::V6(address) if address.is_unspecified() => (Ipv6Addr::LOCALHOST, listen.port()).into(),
        IpAddr::V4(_) | IpAddr::V6(_) => listen,
    }
}

/// How far a node's clock may be from the database's before the node says it is not ready.
pub(crate) const SKEW_LIMIT_SECONDS: i64 = 10;

/// `GET /health/alive`.
pub(crate) async fn alive() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// `GET /health/ready`: 200, or 503 naming what is wrong.
pub(crate) async fn ready(State(app): State<App>, now: Now) -> Response {
    let problem = problem(&app, now).await.unwrap_or_else(|fault| {
        tracing::warn!(%fault, "not ready: the database does not answer");
        Some(("database", "the database does not answer".to_owned()))
    });
    let mut response = match problem {
        None => Json(json!({ "status": "ok" })).into_response(),
        Some((part, reason)) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "errors": { part: reason } }))).into_response()
        }
    };
    no_store(&mut response);
    response
}

/// What keeps this node from serving, by the part of it that is wrong.
async fn problem(app: &App, now: Now) -> Result<Option<(&'static str, String)>, Fault> {
    if app.drain.has_begun() {
        return Ok(Some(("shutdown", "this node was told to stop and still serves what comes".to_owned())));
    }
    let skew = app.store.skew(now.timestamp()).await?;
    if skew.abs() > SKEW_LIMIT_SECONDS {
        return Ok(Some(("clock", format!("this node and the database differ by {skew} seconds"))));
    }
    if !app.store.is_migrated().await? {
        return Ok(Some(("migrations", "the database lacks a migration: run `grantor migrate`".to_owned())));
    }
    Ok(None)
}

/// `GET /version` on the admin listener.
pub(crate) async fn version() -> Response {
    Json(json!({ "version": env!("CARGO_PKG_VERSION") })).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_at_every_address_is_asked_at_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:4445", "127.0.0.1:4445"),
            ("[::]:4445", "[::1]:4445"),
            ("10.0.0.7:4445", "10.0.0.7:4445"),
            ("127.0.0.1:4445", "127.0.0.1:4445"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), asked);
        }
    }
}
