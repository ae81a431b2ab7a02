//! Sessions and grants as operators read them, over HTTP and from commands alike.

use grantor_protocol::{ClientId, Timestamp};
use grantor_store::{Client, Grant, Session, User};
use serde_json::{Value, json};

/// A session.
pub fn session(session: &Session, user: &User) -> Value {
    json!({
        "id": session.id,
        "sub": user.id,
        "username": user.username_display,
        "authenticated_at": Timestamp::from_milliseconds(session.authenticated_at_ms),
        "last_seen_at": session.last_seen_at,
        "expires_at": session.expires_at,
        "idle_seconds": session.idle_seconds,
        "remembered": session.remembered,
        "acr": session.acr,
        "amr": session.amr,
        "address": session.address,
        "user_agent": session.user_agent,
    })
}

/// A grant and its client, where that is still there.
pub fn grant(grant: &Grant, client: Option<&Client>, now: Timestamp) -> Value {
    let facts = &grant.facts;
    json!({
        "id": facts.id,
        "client_id": client.map_or("", |client| ClientId::as_str(&client.client_id)),
        "sub": facts.subject,
        "username": facts.user.as_ref().map(|user| &user.username_display),
        "scope": facts.scope,
        "audience": facts.audience,
        "session": facts.session,
        "offline": facts.offline,
        "state": grant_state(grant, client, now),
        "refreshed": grant.generation,
        "created_at": facts.created_at,
        "ends_at": facts.ends_at,
        "expires_at": facts.expires_at,
    })
}

/// The state of a grant that gives tokens.
pub const ALIVE: &str = "alive";

/// Why a grant gives no more tokens, as far as it and its client know.
pub fn grant_state(grant: &Grant, client: Option<&Client>, now: Timestamp) -> String {
    match (&grant.revocation, client) {
        (Some(revocation), _) => format!("revoked ({})", revocation.because),
        (None, _) if grant.facts.expires_at <= now => "expired".to_owned(),
        (None, None) => "client deleted".to_owned(),
        (None, Some(client)) if client.epoch != grant.facts.client_epoch => {
            "revoked (all of the client)".to_owned()
        }
        (None, Some(_)) => ALIVE.to_owned(),
    }
}
