//! How well clients are told of logouts, for the operator: `GET /admin/logouts`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use grantor_protocol::IssuerId;
use grantor_store::{Fault, LogoutDelivery, Store};

use crate::app::App;
use crate::error::{JsonFailure, no_store};
use crate::extract::Issuer;

/// Clients read by one statement.
const PAGE: i64 = 500;

/// `GET /admin/logouts`: each client that was to be told, how often it was, and why not.
pub(crate) async fn list(State(app): State<App>, issuer: Issuer) -> Result<Response, JsonFailure> {
    let mut response = Json(deliveries(&app.store, issuer.id).await?).into_response();
    no_store(&mut response);
    Ok(response)
}

/// The same for a command.
pub async fn deliveries(store: &Store, issuer: IssuerId) -> Result<Vec<LogoutDelivery>, Fault> {
    let mut all: Vec<LogoutDelivery> = Vec::new();
    loop {
        let after = all.last().map(|delivery| delivery.client_id.clone());
        let page = store.logout_deliveries().list_deliveries(issuer, after.as_ref(), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}
