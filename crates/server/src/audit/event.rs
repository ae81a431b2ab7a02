//! Every act that is recorded. Names and members are an interface: docs/auditing.md lists them, and a test compares.

use grantor_crypto::KeyAlgorithm;
use grantor_protocol::{ClientId, GrantId, InitialTokenId, Scope, SessionId, UserId};

use super::record::{Member, Members};

/// Whether somebody got what they wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused.
    Failure,
}

impl Outcome {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// Declares the events; a field is recorded under its own name, so it has to be one of [`Members`].
macro_rules! events {
    ($($(#[$doc:meta])* $event:ident { $($field:ident: $type:ty),* $(,)? } => $name:literal, $outcome:ident;)*) => {
        /// An act that matters to security, and whom it concerns.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the fields are the members of docs/auditing.md")]
        pub enum AuditEvent { $($(#[$doc])* $event { $($field: $type),* }),* }

        impl AuditEvent {
            /// Every name, with the outcome and the members of the event.
            pub const ALL: &'static [(&'static str, Outcome, &'static [&'static str])] =
                &[$(($name, Outcome::$outcome, &[$(stringify!($field)),*])),*];

            /// The name under which it is recorded.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$event { .. } => $name),* }
            }

            /// Whether somebody got what they wanted.
            pub fn outcome(&self) -> Outcome {
                match self { $(Self::$event { .. } => Outcome::$outcome),* }
            }

            pub(super) fn members(&self) -> Members {
                match self {
                    $(Self::$event { $($field),* } => {
                        Members { $($field: $field.member(),)* ..Members::default() }
                    })*
                }
            }
        }
    };
}

events! {
    /// A user proved who they are, and a session began or was renewed.
    LoginAccepted { subject: UserId, session: SessionId } => "login.accepted", Success;
    /// A password was wrong, or the account is none that may log in.
    LoginRefused { account: String, subject: Option<UserId> } => "login.refused", Failure;
    /// Nobody may try this account from there for the moment.
    LoginThrottled { account: String } => "login.throttled", Failure;
    /// A user signed out, at our page or sent by a client.
    Logout { subject: Option<UserId>, client_id: Option<ClientId>, count: u64 } => "logout", Success;
    /// A session ended before its time, by whoever the actor is.
    SessionEnded { subject: Option<UserId>, session: SessionId, reason: &'static str } => "session.ended", Success;
    /// A user agreed to what a client asked.
    ConsentGiven { subject: UserId, client_id: ClientId, scope: Scope } => "consent.given", Success;
    /// A user did not.
    ConsentRefused { subject: Option<UserId>, client_id: ClientId } => "consent.refused", Failure;
    /// A user's consent was taken back, and every grant with it: from one client, or from all when none is named.
    ConsentWithdrawn { subject: UserId, client_id: Option<ClientId>, count: u64 } => "consent.withdrawn", Success;
    /// A client was granted access (`audit.tokens`).
    GrantIssued { subject: UserId, client_id: ClientId, session: SessionId, grant: GrantId, scope: Scope } => "grant.issued", Success;
    /// A grant was revoked by an operator.
    GrantRevoked { grant: GrantId } => "grant.revoked", Success;
    /// The token endpoint gave tokens (`audit.tokens`).
    TokenIssued { subject: Option<UserId>, client_id: ClientId, grant: Option<GrantId>, grant_type: &'static str, scope: Scope } => "token.issued", Success;
    /// A client revoked a token of its own, and with it the grant where it has one.
    TokenRevoked { client_id: ClientId, grant: Option<GrantId>, what: &'static str } => "token.revoked", Success;
    /// What may be used once was used again: what it gave is revoked.
    ReplayDetected { client_id: ClientId, grant: Option<GrantId>, what: &'static str } => "replay.detected", Failure;
    /// Somebody did not prove to be the client whose name they gave, if they gave one.
    ClientAuthenticationFailed { client_id: Option<ClientId>, reason: &'static str } => "client.authentication_failed", Failure;
    /// A client was registered, with an initial access token where one is named.
    ClientRegistered { client_id: ClientId, token: Option<InitialTokenId> } => "client.registered", Success;
    /// A client's metadata was replaced.
    ClientUpdated { client_id: ClientId } => "client.updated", Success;
    /// A client was deleted, and its tokens with it.
    ClientDeleted { client_id: ClientId } => "client.deleted", Success;
    /// Clients that registered themselves and were silent too long were deleted.
    ClientsExpired { count: u64 } => "clients.expired", Success;
    /// A client got another secret.
    ClientSecretRotated { client_id: ClientId } => "client.secret_rotated", Success;
    /// The secret before a client's present one was ended early.
    ClientSecretEnded { client_id: ClientId } => "client.secret_ended", Success;
    /// Every grant and token of a client was revoked.
    ClientTokensRevoked { client_id: ClientId } => "client.tokens_revoked", Success;
    /// An initial access token was given out.
    RegistrationTokenCreated { token: InitialTokenId } => "registration_token.created", Success;
    /// An initial access token was revoked.
    RegistrationTokenRevoked { token: InitialTokenId } => "registration_token.revoked", Success;
    /// Somebody wanted to register a client without a token that is good for it.
    RegistrationTokenRefused { reason: &'static str } => "registration_token.refused", Failure;
    /// A key was published.
    KeyPublished { kid: String, algorithm: KeyAlgorithm } => "key.published", Success;
    /// A key was given its turn.
    KeyPromoted { kid: String, algorithm: KeyAlgorithm } => "key.promoted", Success;
    /// A key that leaked was taken out of the published set.
    KeyWithdrawn { kid: String } => "key.withdrawn", Success;
    /// Data keys were wrapped with the first system secret.
    KeysRewrapped { count: u64 } => "keys.rewrapped", Success;
    /// The kill switch: every access token and refresh token was revoked.
    TokensRevoked {} => "tokens.revoked", Success;
    /// An account got another password.
    PasswordChanged { subject: UserId } => "password.changed", Success;
    /// An account was made.
    UserCreated { subject: UserId } => "user.created", Success;
    /// An account was kept from logging in.
    UserDisabled { subject: UserId } => "user.disabled", Success;
    /// An account may log in again.
    UserEnabled { subject: UserId } => "user.enabled", Success;
    /// An account was deleted.
    UserDeleted { subject: UserId } => "user.deleted", Success;
    /// Accounts were taken over from another system.
    UsersImported { count: u64 } => "users.imported", Success;
    /// Somebody came to the admin listener without one of its tokens.
    AdminRefused { reason: &'static str } => "admin.refused", Failure;
    /// A server began to serve with this configuration.
    ServerStarted { version: &'static str, configuration: String } => "server.started", Success;
    /// A server stopped.
    ServerStopped {} => "server.stopped", Success;
}

impl AuditEvent {
    /// Whether it comes with every token, and is only recorded where `audit.tokens` says so.
    pub(super) fn is_of_tokens(&self) -> bool {
        matches!(self, Self::GrantIssued { .. } | Self::TokenIssued { .. })
    }
}
