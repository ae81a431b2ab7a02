//! Grants on the admin listener: of a user, listed; and taken from a client, with the user's standing consent. The client is
//! told, as when the user disconnects it.

use axum::extract::{Path, State};
use axum::response::Response;
use grantor_protocol::{ClientId, GrantId};
use grantor_store::{GrantFilter, RevocationReason};

use super::paging::{Page, answer, no_content, not_found};
use super::sessions::user;
use crate::app::App;
use crate::audit::OperatorCause;
use crate::clock::Now;
use crate::error::JsonFailure;
use crate::extract::{Issuer, QueryParams};
use crate::listing;

/// `GET /admin/users/{sub}/grants`: the live ones, oldest first.
pub(crate) async fn list(
    State(app): State<App>,
    issuer: Issuer,
    now: Now,
    Path(sub): Path<String>,
    QueryParams(query): QueryParams,
) -> Result<Response, JsonFailure> {
    let page: Page<GrantId> = Page::read(&query?)?;
    let Some(user) = user(&app, &issuer, &sub).await? else {
        return Ok(not_found("user"));
    };
    let filter = GrantFilter {
        user: Some(user.id),
        after: page.after(),
        current_at: Some(now.timestamp()),
        limit: page.limit(),
        ..GrantFilter::default()
    };
    let mut grants = app.store.grants().list(issuer.id, &filter).await?;
    let next = page.cut(&mut grants, |grant| grant.facts.id.to_string());
    let mut rows = Vec::with_capacity(grants.len());
    for grant in &grants {
        let client = app.clients.by_row(grant.facts.client, now.ms).await?;
        rows.push(listing::grant(grant, client.as_ref().map(|client| &client.row), now.timestamp()));
    }
    Ok(answer(&format!("/admin/users/{}/grants?", user.id), rows, next))
}

/// `DELETE /admin/users/{sub}/grants/{client_id}`.
pub(crate) async fn disconnect(
    State(app): State<App>,
    issuer: Issuer,
    OperatorCause(cause): OperatorCause,
    Path((sub, client_id)): Path<(String, String)>,
) -> Result<Response, JsonFailure> {
    let Some(user) = user(&app, &issuer, &sub).await? else {
        return Ok(not_found("user"));
    };
    let client = match ClientId::parse(&client_id) {
        Ok(client_id) => app.store.clients().by_client_id(issuer.id, &client_id).await?,
        Err(_) => None,
    };
    let Some(client) = client else {
        return Ok(not_found("client"));
    };
    app.ending(cause).disconnect(user.id, Some(&client), RevocationReason::Operator).await?;
    Ok(no_content())
}
