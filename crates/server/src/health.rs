//! Health: alive says that the process answers, ready that it can serve (database reachable, migrated, clocks within
//! [`SKEW_LIMIT_SECONDS`] of each other).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
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
    let problem = match app.store.skew(now.timestamp()).await {
        Ok(skew) if skew.abs() > SKEW_LIMIT_SECONDS => {
            Some(("clock", format!("this node and the database differ by {skew} seconds")))
        }
        Ok(_) => None,
        Err(fault) => {
            tracing::warn!(%fault, "not ready: the database does not answer");
            Some(("database", "the database does not answer".to_owned()))
        }
    };
    let mut response = match problem {
        None => Json(json!({ "status": "ok" })).into_response(),
        Some((part, reason)) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "errors": { part: reason } }))).into_response()
        }
    };
    no_store(&mut response);
    response
}

/// `GET /version` on the admin listener.
pub(crate) async fn version() -> Response {
    Json(json!({ "version": env!("CARGO_PKG_VERSION") })).into_response()
}
