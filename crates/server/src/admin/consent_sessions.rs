//! `/admin/oauth2/auth/sessions/consent` of Ory Hydra: what a user allowed, listed and taken back.

use axum::extract::State;
use axum::response::Response;
use grantor_protocol::{CivilTime, ClientId, ClientRowId};
use grantor_store::{Consent, RevocationReason};
use serde_json::{Value, json};

use super::paging::{Page, answer, no_content, refused, single};
use super::sessions::user;
use crate::app::App;
use crate::audit::OperatorCause;
use crate::client_cache::KnownClient;
use crate::clock::Now;
use crate::error::JsonFailure;
use crate::extract::{Issuer, QueryParams};

/// `GET`: an entry for each client that the user agreed to.
pub(crate) async fn list(
    State(app): State<App>,
    issuer: Issuer,
    now: Now,
    QueryParams(query): QueryParams,
) -> Result<Response, JsonFailure> {
    let query = query?;
    let page: Page<ClientRowId> = Page::read(&query)?;
    let Some(subject) = single(&query, "subject")? else {
        return Err(refused("subject", "the sub of a user", "none").into());
    };
    if let Some(session) = single(&query, "login_session_id")? {
        return Err(refused("login_session_id", "none: consent is of the user", session).into());
    }
    let Some(user) = user(&app, &issuer, subject).await? else {
        return Ok(answer("", Vec::new(), None));
    };
    let mut consents = app.store.consents().list_of_user(user.id, page.after(), page.limit()).await?;
    let next = page.cut(&mut consents, |consent| consent.client.to_string());
    let mut rows = Vec::with_capacity(consents.len());
    for consent in &consents {
        if let Some(client) = app.clients.by_row(consent.client, now.ms).await? {
            rows.push(entry(consent, &client));
        }
    }
    let path = format!("/admin/oauth2/auth/sessions/consent?subject={}&", user.id);
    Ok(answer(&path, rows, next))
}

fn entry(consent: &Consent, client: &KnownClient) -> Value {
    let mut registration = serde_json::to_value(&client.row.metadata).unwrap_or_default();
    if let Some(members) = registration.as_object_mut() {
        members.insert("client_id".to_owned(), json!(client.row.client_id));
    }
    let scope: Vec<&str> = consent.scope.iter().collect();
    json!({
        "consent_request_id": format!("{}:{}", consent.user, consent.client),
        "consent_request": {
            "challenge": format!("{}:{}", consent.user, consent.client),
            "subject": consent.user,
            "client": registration,
            "requested_scope": &scope,
            "requested_access_token_audience": [],
            "skip": false,
        },
        "grant_scope": &scope,
        "grant_access_token_audience": [],
        "session": { "access_token": {}, "id_token": {} },
        "remember": true,
        "remember_for": 0,
        "handled_at": CivilTime::of(consent.updated_at).to_string(),
    })
}

/// `DELETE`: of one `client`, or of all with `all=true`. What is not there is no failure.
pub(crate) async fn revoke(
    State(app): State<App>,
    issuer: Issuer,
    OperatorCause(cause): OperatorCause,
    QueryParams(query): QueryParams,
) -> Result<Response, JsonFailure> {
    let query = query?;
    let Some(subject) = single(&query, "subject")? else {
        return Err(refused("subject", "the sub of a user", "none").into());
    };
    let client = match (single(&query, "client")?, single(&query, "all")?) {
        (Some(client), None) => Some(client),
        (None, Some("true")) => None,
        (client, _) => {
            let received = if client.is_some() { "both" } else { "neither" };
            return Err(refused("client", "client, or all=true", received).into());
        }
    };
    let Some(user) = user(&app, &issuer, subject).await? else {
        return Ok(no_content());
    };
    let client = match client.map(ClientId::parse) {
        None => None,
        Some(Err(_)) => return Ok(no_content()),
        Some(Ok(client_id)) => match app.store.clients().by_client_id(issuer.id, &client_id).await? {
            Some(client) => Some(client),
            None => return Ok(no_content()),
        },
    };
    app.ending(cause).disconnect(user.id, client.as_ref(), RevocationReason::Operator).await?;
    Ok(no_content())
}
