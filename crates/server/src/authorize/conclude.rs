//! The end of an interaction: a grant with an unredeemed code, and the redirect that carries it.

use std::sync::Arc;

use axum::response::Response;
use grantor_crypto::SecretHash;
use grantor_protocol::{AuthorizationRequest, GrantType, Scope, Subject, Targets, Timestamp, scope};
use grantor_store::{BrowserSession, Inserted, NewCode, NewGrant};

use super::respond::Responder;
use crate::client_cache::KnownClient;
use crate::error::Failure;
use crate::interact::over;
use crate::token::new_code;
use crate::visit::Visit;

/// Seconds between two notes that a session was seen: often enough for idle ends, seldom enough to cost nothing.
const TOUCH_EVERY_SECONDS: i64 = 300;

/// Grants what the request asks, once: of several answers to one interaction the database lets the first win. `Err` is
/// the answer when nothing was granted.
pub(crate) async fn grant(
    visit: &Visit,
    client: &Arc<KnownClient>,
    request: &AuthorizationRequest,
    session: &BrowserSession,
    interaction: Option<SecretHash>,
) -> Result<Response, Box<Response>> {
    match insert(visit, client, request, session, interaction).await {
        Ok(Some(code)) => {
            visit.app.client_uses.note(client, visit.now);
            Ok(Responder::of(client, request).grant(visit, &code))
        }
        Ok(None) => Err(Box::new(over(visit))),
        Err(failure) => Err(Box::new(Responder::of(client, request).refuse(visit, failure))),
    }
}

async fn insert(
    visit: &Visit,
    client: &KnownClient,
    request: &AuthorizationRequest,
    session: &BrowserSession,
    interaction: Option<SecretHash>,
) -> Result<Option<String>, Failure> {
    let config = &visit.app.config;
    let now = visit.now.timestamp();
    let may_refresh = client.row.metadata.allows_grant(GrantType::RefreshToken);
    let offline = request.scope.wants_offline() && may_refresh;
    let granted =
        if may_refresh { request.scope.clone() } else { request.scope.difference(&offline_scope()) };
    let login = &session.session;
    let authenticated_at = Timestamp::from_milliseconds(login.authenticated_at_ms);
    let code_expires_at = now.plus(config.tokens.code.lifetime.seconds());
    let ends_at = if offline {
        authenticated_at.plus(config.tokens.refresh.max_lifetime.seconds()).max(code_expires_at)
    } else {
        code_expires_at.plus(config.tokens.access.lifetime.seconds())
    };
    let (code, hash) = new_code();
    let targets = Targets { audience: request.audience.clone(), resource: request.resource.clone() };
    let grant = NewGrant {
        issuer: visit.issuer.id,
        client: client.row.row,
        client_epoch: client.row.epoch,
        user: Some(session.user.id),
        subject: subject(session)?,
        scope: granted,
        audience: targets.all(),
        session: Some(login.id),
        offline,
        claims: request.claims.clone(),
        authorization_details: None,
        act: None,
        confirmation: None,
        interaction,
        authenticated_at: Some(authenticated_at),
        acr: Some(login.acr.clone()),
        amr: login.amr.clone(),
        nonce: request.nonce.clone(),
        created_at: now,
        ends_at,
        expires_at: code_expires_at,
        code: Some(NewCode {
            hash,
            challenge: request.challenge.clone(),
            redirect_uri: request.redirect_uri.clone(),
            redirect_uri_given: request.redirect_uri_given,
            expires_at: code_expires_at,
        }),
    };
    match visit.app.store.grants().insert(&grant).await? {
        Inserted::Inserted(_) => {}
        Inserted::AlreadyConcluded => return Ok(None),
    }
    if login.last_seen_at.plus(TOUCH_EVERY_SECONDS) < now {
        // The grant is out: that the session was seen is worth less than the user's way back.
        if let Err(fault) = visit.app.store.sessions().touch(login.id, now).await {
            tracing::warn!(%fault, "that a session was seen was not noted");
        }
    }
    Ok(Some(code))
}

/// What only a client that may refresh is granted.
fn offline_scope() -> Scope {
    Scope::parse(&[scope::OFFLINE_ACCESS, scope::OFFLINE].join(" ")).unwrap_or_else(|_| Scope::empty())
}

/// The subject a session's user has at every client: its row id.
pub(crate) fn subject(session: &BrowserSession) -> Result<Subject, Failure> {
    Subject::parse(&session.user.id.to_string()).map_err(|error| Failure::Internal(error.to_string()))
}
