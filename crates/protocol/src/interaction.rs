//! What a request still needs from the user (OpenID Connect Core sections 3.1.2.3 and 3.1.2.4). One pure
//! function drives the built-in pages and delegation, and is asked again after every page.

use serde_json::Value;

use crate::authorization::AuthorizationRequest;
use crate::error::ErrorCode;
use crate::ids::{SessionId, Subject};
use crate::scope::Scope;
use crate::username::Username;

/// The next thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Authenticate the user.
    Login,
    /// Let the user choose among the signed-in accounts.
    SelectAccount,
    /// Ask the user to allow what the client wants.
    Consent,
    /// Nothing: answer the client.
    Nothing,
    /// Answer the client with this error.
    Refuse(ErrorCode),
}

/// A living session of the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    /// The session.
    pub id: SessionId,
    /// Who is signed in.
    pub subject: Subject,
    /// The user name, which a `login_hint` may name.
    pub username: String,
    /// When the user last authenticated in it.
    pub auth_time_ms: i64,
    /// How strongly.
    pub acr: Option<String>,
}

/// Everything but the request that the decision rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each read from its own place")]
pub struct InteractionState {
    /// The browser's living sessions, the current one first.
    pub sessions: Vec<SessionFacts>,
    /// The session this interaction was bound to, by choosing or by authenticating.
    pub chosen: Option<SessionId>,
    /// Whether the chosen session was authenticated within this interaction.
    pub authenticated_here: bool,
    /// What the selected session's user allowed this client before; `None` when nothing ever.
    pub consented_scope: Option<Scope>,
    /// Whether the user consented within this interaction.
    pub consent_given_here: bool,
    /// The operator vouches for the client: consent is never asked.
    pub client_skips_consent: bool,
    /// Remembered consent does not count (RFC 8252 section 8.6).
    pub client_must_ask_each_time: bool,
    /// When the request arrived.
    pub created_at_ms: i64,
}

/// How far the clocks of two nodes may be apart: the node that authenticated need not be the one that parked.
const CLOCK_SKEW_MS: i64 = 10_000;

/// Decides the next step. `now_ms`, because a `max_age` of one second is measured in parts of it.
pub fn needed(request: &AuthorizationRequest, state: &InteractionState, now_ms: i64) -> Step {
    let prompt = request.prompt;
    if prompt.select_account && state.chosen.is_none() && !state.sessions.is_empty() {
        return Step::SelectAccount;
    }
    let login = if prompt.none { Step::Refuse(ErrorCode::LoginRequired) } else { Step::Login };
    let Some(session) = selected(request, state) else {
        return login;
    };
    let authenticated_here = state.authenticated_here
        && state.chosen == Some(session.id)
        && session.auth_time_ms.saturating_add(CLOCK_SKEW_MS) >= state.created_at_ms;

    if !may_answer(request, session) {
        // Signing in as somebody else once more would never end.
        return if authenticated_here { Step::Refuse(ErrorCode::LoginRequired) } else { login };
    }
    if !authenticated_here && (prompt.login || is_too_old(request.max_age, session.auth_time_ms, now_ms)) {
        return login;
    }
    if !reaches_required_acr(request, session) {
        let unmet = authenticated_here || prompt.none;
        return if unmet { Step::Refuse(ErrorCode::UnmetAuthenticationRequirements) } else { login };
    }
    if needs_consent(request, state) {
        return if prompt.none { Step::Refuse(ErrorCode::ConsentRequired) } else { Step::Consent };
    }
    Step::Nothing
}

/// The session that would answer: the chosen one, or that of the user the request must or would like to have,
/// or the current one. Its user is whose remembered consent counts.
pub fn selected<'a>(request: &AuthorizationRequest, state: &'a InteractionState) -> Option<&'a SessionFacts> {
    if let Some(chosen) = state.chosen {
        return state.sessions.iter().find(|session| session.id == chosen);
    }
    if is_bound(request) {
        return state.sessions.iter().find(|session| may_answer(request, session));
    }
    let hinted = request.login_hint.as_deref().and_then(|hint| {
        let username = Username::parse(hint).ok();
        let is_hinted = |session: &&SessionFacts| {
            session.subject.as_str() == hint
                || username.is_some() && Username::parse(&session.username).ok() == username
        };
        state.sessions.iter().find(is_hinted)
    });
    hinted.or_else(|| state.sessions.first())
}

/// Whether the request says who may answer.
fn is_bound(request: &AuthorizationRequest) -> bool {
    request.id_token_hint_subject.is_some()
        || request.claims.id_token.get("sub").is_some_and(|sub| sub.values.is_some())
}

/// Whether this user may answer: that of the `id_token_hint`, and one of the `sub` values in `claims` (section 3.1.2.2).
fn may_answer(request: &AuthorizationRequest, session: &SessionFacts) -> bool {
    let subject = session.subject.as_str();
    request.id_token_hint_subject.as_deref().is_none_or(|hinted| hinted == subject)
        && request.claims.id_token.get("sub").is_none_or(|sub| sub.allows(&Value::from(subject)))
}

fn is_too_old(max_age: Option<i64>, auth_time_ms: i64, now_ms: i64) -> bool {
    max_age.is_some_and(|max_age| {
        max_age <= 0 || now_ms.saturating_sub(auth_time_ms) > max_age.saturating_mul(1000)
    })
}

/// Only an essential `acr` binds (section 5.5.1.1); `acr_values` is a wish.
fn reaches_required_acr(request: &AuthorizationRequest, session: &SessionFacts) -> bool {
    match request.claims.id_token.get("acr") {
        Some(acr) if acr.essential => {
            let reached = session.acr.as_deref().map_or(Value::Null, Value::from);
            acr.allows(&reached)
        }
        Some(_) | None => true,
    }
}

fn needs_consent(request: &AuthorizationRequest, state: &InteractionState) -> bool {
    if state.client_skips_consent || state.consent_given_here {
        return false;
    }
    let remembered = state.consented_scope.as_ref().is_some_and(|scope| request.is_covered_by(scope));
    request.prompt.consent || state.client_must_ask_each_time || !remembered
}

#[cfg(test)]
#[path = "interaction_tests.rs"]
mod tests;
