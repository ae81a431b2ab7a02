//! The end of an interaction: a grant, and the redirect that carries what the response type asks for: a code, tokens,
//! both or nothing (OAuth 2.0 Multiple Response Type Encoding Practices).

use std::sync::Arc;

use axum::response::Response;
use grantor_crypto::SecretHash;
use grantor_protocol::{AuthorizationRequest, GrantId, GrantType, Scope, Targets, Timestamp, scope};
use grantor_store::{BrowserSession, GrantFacts, Inserted, NewCode, NewGrant};

use super::respond::Responder;
use crate::audit::AuditEvent;
use crate::client_cache::KnownClient;
use crate::error::Failure;
use crate::interact::over;
use crate::issuing::Issuing;
use crate::subject::subject;
use crate::token::{IdToken, Minting, Wanted, new_code};
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
        Ok(Some(answer)) => {
            visit.app.client_uses.note(client, visit.now);
            Ok(Responder::of(client, request).grant(visit, &answer))
        }
        Ok(None) => Err(Box::new(over(visit))),
        Err(failure) => Err(Box::new(Responder::of(client, request).refuse(visit, failure))),
    }
}

/// The parameters of the answer; `None` when the interaction was concluded before.
async fn insert(
    visit: &Visit,
    client: &Arc<KnownClient>,
    request: &AuthorizationRequest,
    session: &BrowserSession,
    interaction: Option<SecretHash>,
) -> Result<Option<Vec<(&'static str, String)>>, Failure> {
    let issuing =
        Issuing { app: &visit.app, issuer: &visit.issuer, client, confirmation: None, now: visit.now };
    let response_type = request.response_type;
    // What can fail is settled before the grant is there.
    let wanted = Wanted { access_token: response_type.has_token(), id_token: response_type.has_id_token() };
    let minting = if response_type.has_front_channel_token() {
        Some(Minting::prepare(issuing, wanted).await?)
    } else {
        None
    };
    let (code, hash) = new_code();
    let grant = new_grant(issuing, request, session, interaction, hash)?;
    let noted = !session.tells_client && client.row.metadata.is_told_of_logouts();
    if noted && !note_client(visit, client, session).await? {
        return Ok(None);
    }
    let id = match visit.app.store.grants().insert(&grant).await? {
        Inserted::Inserted(id) => id,
        Inserted::AlreadyConcluded => return Ok(None),
    };
    if visit.app.audit.has_tokens() {
        record(visit, client, session, id, &grant.scope);
    }
    if !noted {
        touch(visit, session).await;
    }
    let mut answer = Vec::new();
    let code = response_type.has_code().then_some(code);
    if let Some(minting) = minting {
        let facts = grant.into_facts(id, Some(session.user.clone()));
        front_channel_tokens(issuing, request, &facts, &minting, code.as_deref(), &mut answer)?;
    }
    answer.extend(code.map(|code| ("code", code)));
    Ok(Some(answer))
}

fn record(visit: &Visit, client: &KnownClient, session: &BrowserSession, grant: GrantId, scope: &Scope) {
    let subject = session.user.id;
    let (client_id, session, scope) = (client.row.client_id.clone(), session.session.id, scope.clone());
    let event = AuditEvent::GrantIssued { subject, client_id, session, grant, scope };
    visit.app.audit.record(&visit.cause(Some(subject)), &event);
}

/// The tokens that travel with the redirect (OpenID Connect Core sections 3.2.2.5 and 3.3.2.5).
fn front_channel_tokens(
    issuing: Issuing<'_>,
    request: &AuthorizationRequest,
    facts: &GrantFacts,
    minting: &Minting,
    code: Option<&str>,
    answer: &mut Vec<(&'static str, String)>,
) -> Result<(), Failure> {
    let access_token = if request.response_type.has_token() {
        Some(minting.access_token(issuing, facts, &facts.scope, &facts.audience)?)
    } else {
        None
    };
    if request.response_type.has_id_token() {
        let id_token = IdToken {
            facts,
            nonce: facts.nonce.as_deref(),
            access_token: access_token.as_ref().map(|access_token| access_token.token.as_str()),
            code,
            state: code.and(request.state.as_deref()),
            has_scope_claims: issuing.client.row.metadata.scope_claims_in_id_token
                || !request.response_type.gives_access_token(),
        };
        answer.push(("id_token", minting.id_token(issuing, &id_token)?));
    }
    if let Some(access_token) = access_token {
        answer.push(("access_token", access_token.token));
        answer.push(("token_type", "bearer".to_owned()));
        answer.push(("expires_in", access_token.expires_in.to_string()));
        // RFC 6749 section 4.2.2: only when it is not what was asked for.
        if facts.scope != request.scope {
            answer.push(("scope", facts.scope.to_string()));
        }
    }
    Ok(())
}

fn new_grant(
    issuing: Issuing<'_>,
    request: &AuthorizationRequest,
    session: &BrowserSession,
    interaction: Option<SecretHash>,
    code: SecretHash,
) -> Result<NewGrant, Failure> {
    let config = &issuing.app.config;
    let client = &issuing.client.row;
    let now = issuing.now.timestamp();
    let has_code = request.response_type.has_code();
    // OpenID Connect Core section 11: offline access is of the code, and ignored without one.
    let may_refresh = has_code && client.metadata.allows_grant(GrantType::RefreshToken);
    let refreshes = request.scope.wants_offline() && may_refresh;
    let granted =
        if may_refresh { request.scope.clone() } else { request.scope.difference(&offline_scope()) };
    let login = &session.session;
    let authenticated_at = Timestamp::from_milliseconds(login.authenticated_at_ms);
    let code_expires_at = now.plus(config.tokens.code.lifetime.seconds());
    let access_seconds = config.tokens.access.lifetime.seconds();
    let ends_at = if refreshes {
        authenticated_at.plus(config.tokens.refresh.max_lifetime.seconds()).max(code_expires_at)
    } else {
        code_expires_at.plus(access_seconds)
    };
    let expires_at = if request.response_type.has_token() {
        now.plus(access_seconds).max(code_expires_at).min(ends_at)
    } else {
        code_expires_at
    };
    let targets = Targets { audience: request.audience.clone(), resource: request.resource.clone() };
    let code = NewCode {
        hash: code,
        challenge: request.challenge.clone(),
        redirect_uri: request.redirect_uri.clone(),
        redirect_uri_given: request.redirect_uri_given,
        expires_at: code_expires_at,
    };
    Ok(NewGrant {
        issuer: issuing.issuer.id,
        client: client.row,
        client_epoch: client.epoch,
        user: Some(session.user.id),
        subject: subject(issuing.app, &client.metadata, session.user.id)?,
        scope: granted,
        audience: targets.all(),
        session: Some(login.id),
        // Derived when it is read, so that no logout at this very moment leaves it alive.
        offline: refreshes && !client.metadata.offline_access_ends_with_session,
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
        expires_at,
        code: has_code.then_some(code),
    })
}

/// Notes that the client is to be told when the session ends, before it hears that there is one. `false` when it has
/// ended.
async fn note_client(visit: &Visit, client: &KnownClient, session: &BrowserSession) -> Result<bool, Failure> {
    let sessions = visit.app.store.sessions();
    Ok(sessions.note_client(session.session.id, client.row.row, visit.now.timestamp()).await?)
}

/// The grant is out: that the session was seen is worth less than the user's way back.
pub(crate) async fn touch(visit: &Visit, session: &BrowserSession) {
    let now = visit.now.timestamp();
    if session.session.last_seen_at.plus(TOUCH_EVERY_SECONDS) < now
        && let Err(fault) = visit.app.store.sessions().touch(session.session.id, now).await
    {
        tracing::warn!(%fault, "that a session was seen was not noted");
    }
}

/// What only a client that may refresh is granted.
fn offline_scope() -> Scope {
    Scope::parse(&[scope::OFFLINE_ACCESS, scope::OFFLINE].join(" ")).unwrap_or_else(|_| Scope::empty())
}
