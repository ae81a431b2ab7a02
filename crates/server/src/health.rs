//! Health: alive says that the process answers, ready that it can serve (database reachable, migrated, clocks within
//! [`SKEW_LIMIT_SECONDS`] of each other) and means to go on.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use grantor_store::Fault;
use serde_json::json;

use crate::app::App;
use crate::clock::Now;
use crate::error::no_store;

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
