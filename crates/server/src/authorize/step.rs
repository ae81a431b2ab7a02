//! What the user must still do. One pure function decides ([`grantor_protocol::needed`]); here its inputs are gathered
//! and its verdict becomes a page, a redirect or a grant, on first contact and at every return alike.

use std::sync::Arc;

use axum::response::Response;
use grantor_crypto::{Secret, SecretHash};
use grantor_protocol::interaction::{needed, selected};
use grantor_protocol::{AuthorizationRequest, ErrorCode, InteractionState, Scope, SessionFacts, Step};
use grantor_store::{BrowserSession, Fault, NewInteraction, OpenInteraction};

use super::respond::Responder;
use super::{conclude, new_interaction_id};
use crate::audit::AuditEvent;
use crate::client_cache::KnownClient;
use crate::error::Failure;
use crate::interact::{OpenedInteraction, over};
use crate::subject::subject;
use crate::visit::Visit;

/// A verdict and the session it is about.
pub(crate) struct Verdict {
    pub(crate) step: Step,
    pub(crate) session: Option<BrowserSession>,
}

/// First contact of a validated request.
pub(super) async fn begin(
    visit: &mut Visit,
    client: Arc<KnownClient>,
    request: AuthorizationRequest,
) -> Response {
    let hashes = visit.cookies.session_hashes();
    let sessions = if hashes.is_empty() {
        Vec::new()
    } else {
        let row = Some(client.row.row);
        match visit.app.store.sessions().alive(visit.issuer.id, &hashes, row, visit.now.timestamp()).await {
            Ok(sessions) => sessions,
            Err(fault) => return Responder::of(&client, &request).refuse(visit, fault.into()),
        }
    };
    let facts = Facts { client: &client, request: &request, sessions: &sessions, parked: None };
    let verdict = facts.verdict(visit, false);
    match (verdict.step, verdict.session) {
        (Step::Nothing, Some(session)) => {
            conclude::grant(visit, &client, &request, &session, None).await.unwrap_or_else(|answer| *answer)
        }
        (Step::Refuse(code), _) => Responder::of(&client, &request).refuse(visit, refusal(code)),
        (step, _) => park(visit, &client, &request, page_of(step)).await,
    }
}

/// What a verdict is made from.
pub(crate) struct Facts<'a> {
    pub(crate) client: &'a KnownClient,
    pub(crate) request: &'a AuthorizationRequest,
    pub(crate) sessions: &'a [BrowserSession],
    pub(crate) parked: Option<&'a OpenInteraction>,
}

impl Facts<'_> {
    /// Asks the pure function. `consents_now` is set when the user has just said yes on the consent page.
    pub(crate) fn verdict(&self, visit: &Visit, consents_now: bool) -> Verdict {
        let metadata = &self.client.row.metadata;
        let mut state = InteractionState {
            sessions: self.sessions.iter().filter_map(|session| self.facts_of(visit, session)).collect(),
            chosen: self.parked.and_then(|parked| parked.session),
            authenticated_here: self.parked.is_some_and(|parked| parked.authenticated_here),
            consented_scope: None,
            consent_given_here: consents_now,
            client_skips_consent: metadata.skip_consent,
            client_must_ask_each_time: metadata.asks_consent_each_time(),
            created_at_ms: self.parked.map_or(visit.now.ms, |parked| parked.created_at_ms),
        };
        let session = selected(self.request, &state)
            .and_then(|chosen| self.sessions.iter().find(|found| found.session.id == chosen.id))
            .cloned();
        state.consented_scope = session.as_ref().and_then(|session| session.consented_scope.clone());
        Verdict { step: needed(self.request, &state, visit.now.ms), session }
    }

    fn facts_of(&self, visit: &Visit, session: &BrowserSession) -> Option<SessionFacts> {
        Some(SessionFacts {
            id: session.session.id,
            subject: subject(&visit.app, &self.client.row.metadata, session.user.id).ok()?,
            username: session.user.username_display.clone(),
            auth_time_ms: session.session.authenticated_at_ms,
            acr: Some(session.session.acr.clone()),
        })
    }
}

/// The page that does a step.
pub(crate) fn page_of(step: Step) -> &'static str {
    match step {
        Step::Login => "/login",
        Step::SelectAccount => "/select-account",
        Step::Consent => "/consent",
        Step::Nothing | Step::Refuse(_) => "/oauth2/auth/continue",
    }
}

/// The address of a page for an interaction.
pub(crate) fn address(visit: &Visit, path: &str, interaction: &str) -> String {
    visit.issuer.address(&format!("{path}?interaction={interaction}"))
}

/// Parks a request for this browser and sends it to the page that is its turn.
async fn park(
    visit: &mut Visit,
    client: &Arc<KnownClient>,
    request: &AuthorizationRequest,
    path: &str,
) -> Response {
    let browser = visit.cookies.browser_or_new();
    match insert(visit, request, Some(browser.hash())).await {
        Ok(id) => visit.redirect(&address(visit, path, id.expose())),
        Err(fault) => Responder::of(client, request).refuse(visit, fault.into()),
    }
}

/// Parks a request that came by POST: which browser it is shows at the GET that follows.
pub(super) async fn park_unbound(
    visit: &Visit,
    client: &Arc<KnownClient>,
    request: &AuthorizationRequest,
) -> Response {
    match insert(visit, request, None).await {
        Ok(id) => visit.redirect(&address(visit, "/oauth2/auth/continue", id.expose())),
        Err(fault) => Responder::of(client, request).refuse(visit, fault.into()),
    }
}

async fn insert(
    visit: &Visit,
    request: &AuthorizationRequest,
    browser: Option<SecretHash>,
) -> Result<Secret, Fault> {
    let id = new_interaction_id();
    let interaction = NewInteraction {
        id: id.hash(),
        issuer: visit.issuer.id,
        request,
        browser,
        created_at_ms: visit.now.ms,
        expires_at: visit.now.timestamp().plus(visit.app.config.login.lifetime.seconds()),
    };
    visit.app.store.interactions().insert(&interaction).await?;
    Ok(id)
}

/// The next answer for an opened interaction: the next page, the client's error, or the grant.
pub(crate) async fn advance(visit: &mut Visit, opened: &OpenedInteraction, consents_now: bool) -> Response {
    let request = &opened.interaction.request;
    let verdict = opened.facts().verdict(visit, consents_now);
    match (verdict.step, verdict.session) {
        (Step::Nothing, Some(session)) => {
            let interaction = Some(opened.interaction.id);
            match conclude::grant(visit, &opened.client, request, &session, interaction).await {
                Ok(answer) => {
                    if consents_now {
                        let event = AuditEvent::ConsentGiven {
                            subject: session.user.id,
                            client_id: opened.client.row.client_id.clone(),
                            scope: request.scope.clone(),
                        };
                        visit.app.audit.record(&visit.cause(Some(session.user.id)), &event);
                        remember_consent(visit, opened, &session).await;
                    }
                    answer
                }
                Err(answer) => *answer,
            }
        }
        (Step::Refuse(code), _) => conclude(visit, opened, refusal(code)).await,
        (step, _) => visit.redirect(&address(visit, page_of(step), &opened.handle)),
    }
}

/// Standing consent: what was agreed before, and now. Losing it to a fault costs the user one more question, so the
/// grant goes out all the same.
async fn remember_consent(visit: &Visit, opened: &OpenedInteraction, session: &BrowserSession) {
    let before = session.consented_scope.clone().unwrap_or_else(Scope::empty);
    let scope = before.renewed_by(&opened.interaction.request.consented());
    let consents = visit.app.store.consents();
    let kept =
        consents.upsert_merge(session.user.id, opened.client.row.row, &scope, visit.now.timestamp()).await;
    if let Err(fault) = kept {
        tracing::warn!(%fault, "a consent was not remembered");
    }
}

/// What the user's state does not allow.
fn refusal(code: ErrorCode) -> Failure {
    let (check, expected) = match code {
        ErrorCode::LoginRequired => ("session for prompt=none", "a live session that satisfies the request"),
        ErrorCode::ConsentRequired => ("consent for prompt=none", "standing consent to every scope"),
        _ => ("interaction", "a request that can be answered"),
    };
    Failure::refused(code, check, expected, "not given")
}

/// The client's answer when the user says no (RFC 6749 section 4.1.2.1).
pub(crate) async fn deny(visit: &Visit, opened: &OpenedInteraction) -> Response {
    let failure = Failure::refused(ErrorCode::AccessDenied, "decision of the user", "consent", "a refusal");
    let subject = opened.facts().verdict(visit, false).session.map(|session| session.user.id);
    let client_id = opened.client.row.client_id.clone();
    visit.app.audit.record(&visit.cause(subject), &AuditEvent::ConsentRefused { subject, client_id });
    conclude(visit, opened, failure).await
}

/// Ends an interaction with a refusal. Its first answer counts: when that was another, a grant perhaps, the client
/// hears nothing more.
async fn conclude(visit: &Visit, opened: &OpenedInteraction, refusal: Failure) -> Response {
    let responder = Responder::of(&opened.client, &opened.interaction.request);
    match visit.app.store.interactions().delete(&opened.interaction.id).await {
        Ok(true) => responder.refuse(visit, refusal),
        Ok(false) => over(visit),
        Err(fault) => responder.refuse(visit, fault.into()),
    }
}
