//! The form of a record: the same members in the log and in a file, flat, each only where it says something.

use grantor_crypto::KeyAlgorithm;
use grantor_protocol::{ClientId, GrantId, InitialTokenId, Scope, SessionId, UserId};
use serde::Serialize;

use super::{AuditEvent, Cause};

/// The longest text of a member, in characters.
const TEXT_LIMIT: usize = 200;

/// What an event may tell.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Members {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) grant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) grant_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) what: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) algorithm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) configuration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) count: Option<u64>,
}

/// An event with its circumstances.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    event: &'static str,
    /// Milliseconds since 1970.
    at: i64,
    outcome: &'static str,
    actor: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    #[serde(flatten)]
    members: Members,
}

impl Record {
    pub(super) fn new(cause: &Cause, event: &AuditEvent) -> Self {
        Self {
            event: event.name(),
            at: cause.now().ms,
            outcome: event.outcome().name(),
            actor: cause.actor.name(),
            actor_id: cause.actor.id(),
            command: cause.actor.command().map(str::to_owned),
            peer: cause.peer.map(|peer| peer.to_string()),
            trace_id: cause.trace_id.clone(),
            members: event.members(),
        }
    }

    /// One line of JSON, with its end. Control characters in texts are escapes there, so none can begin another line.
    pub(super) fn line(&self) -> serde_json::Result<String> {
        let mut line = serde_json::to_string(self)?;
        line.push('\n');
        Ok(line)
    }

    /// The same as an event of the log, in the log's format.
    pub(super) fn log(&self) {
        let members = &self.members;
        tracing::info!(
            target: "audit",
            event = self.event,
            at = self.at,
            outcome = self.outcome,
            actor = self.actor,
            actor_id = self.actor_id.as_deref(),
            command = self.command.as_deref(),
            peer = self.peer.as_deref(),
            trace_id = self.trace_id.as_deref(),
            subject = members.subject.as_deref(),
            client_id = members.client_id.as_deref(),
            session = members.session.as_deref(),
            grant = members.grant.as_deref(),
            scope = members.scope.as_deref(),
            grant_type = members.grant_type.as_deref(),
            what = members.what.as_deref(),
            reason = members.reason.as_deref(),
            account = members.account.as_deref(),
            token = members.token.as_deref(),
            kid = members.kid.as_deref(),
            algorithm = members.algorithm.as_deref(),
            version = members.version.as_deref(),
            configuration = members.configuration.as_deref(),
            count = members.count,
            "audit"
        );
    }
}

/// A field of an event as it is recorded; secrets have no form.
pub(super) trait Member<T> {
    fn member(&self) -> Option<T>;
}

/// Not longer than [`TEXT_LIMIT`].
fn text(value: &str) -> String {
    value.chars().take(TEXT_LIMIT).collect()
}

impl<T, M: Member<T>> Member<T> for Option<M> {
    fn member(&self) -> Option<T> {
        self.as_ref().and_then(Member::member)
    }
}

impl Member<u64> for u64 {
    fn member(&self) -> Option<u64> {
        Some(*self)
    }
}

macro_rules! texts {
    ($($type:ty),*) => {
        $(impl Member<String> for $type {
            fn member(&self) -> Option<String> {
                Some(text(&self.to_string()))
            }
        })*
    };
}

texts!(UserId, ClientId, SessionId, GrantId, InitialTokenId, Scope, String, &'static str);

impl Member<String> for KeyAlgorithm {
    fn member(&self) -> Option<String> {
        Some(text(self.name()))
    }
}
