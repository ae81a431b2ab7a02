//! The refresh token grant (RFC 6749 section 6). A refresh token is a generation of its grant, not a row: the rule of
//! `design.md` 2 decides in one statement, and a stolen copy shows as soon as both copies have been used.

use grantor_crypto::{TokenPrefix, random_bytes};
use grantor_protocol::resource::narrow;
use grantor_protocol::{
    ClientRowId, ErrorCode, GrantId, GrantType, Scope, Targets, Timestamp, TokenResponse,
};
use grantor_store::{GrantFacts, RefreshOutcome, RefreshUse};
use serde::{Deserialize, Serialize};

use super::access_token::TokenUnreadable;
use super::issue::{Issuance, Minting, Wanted};
use super::{TokenContext, sealed};
use crate::app::App;
use crate::audit::AuditEvent;
use crate::clock::Now;
use crate::error::Failure;
use crate::extract::Issuer;
use crate::key_ring::Keys;

/// What a refresh token says. Scope and audience are those of the grant, which never change, so that a request that
/// asks for more is refused before anything is used up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RefreshToken {
    /// The grant it renews.
    pub grant: GrantId,
    /// The client it was given to.
    pub client: ClientRowId,
    /// Which generation it is.
    pub generation: i64,
    /// Which copy of that generation.
    pub instance: [u8; 16],
    /// The grant's scope.
    pub scope: Scope,
    /// The grant's audience.
    pub audience: Vec<String>,
    /// Since when.
    pub issued_at: Timestamp,
}

impl RefreshToken {
    /// A fresh instance of a generation.
    pub(super) fn new(facts: &GrantFacts, generation: i64, now: Timestamp) -> Self {
        Self {
            grant: facts.id,
            client: facts.client,
            generation,
            instance: random_bytes::<16>(),
            scope: facts.scope.clone(),
            audience: facts.audience.clone(),
            issued_at: now,
        }
    }

    pub(super) fn sealed(&self, keys: &Keys, issuer: &Issuer) -> Result<String, Failure> {
        sealed::seal(keys, TokenPrefix::RefreshToken, issuer, self)
    }
}

/// Reads a presented refresh token; whether it is still good is asked of its grant.
pub(crate) async fn read_refresh_token(
    app: &App,
    issuer: &Issuer,
    now: Now,
    token: &str,
) -> Result<Result<RefreshToken, TokenUnreadable>, Failure> {
    let keys = app.keys.current(now.ms).await?;
    let read = sealed::open(&keys, TokenPrefix::RefreshToken, issuer, token);
    if matches!(read, Err(TokenUnreadable::UnknownKey)) {
        let keys = app.keys.reread_if_older(now.ms).await?;
        return Ok(sealed::open(&keys, TokenPrefix::RefreshToken, issuer, token));
    }
    Ok(read)
}

/// Uses a refresh token.
pub(super) async fn redeem(
    context: &TokenContext<'_>,
    token: &str,
    asked: Option<&Scope>,
    targets: &Targets,
) -> Result<TokenResponse, Failure> {
    let client = &context.client.client.row;
    let presented = read_refresh_token(context.app, context.issuer, context.now, token)
        .await?
        .map_err(|error| invalid("refresh_token", "a refresh token of this server", error.to_string()))?;
    if presented.client != client.row {
        return Err(invalid("client of the refresh token", "the client it was given to", "another client"));
    }
    let scope = narrowed(&presented.scope, asked)?;
    still_allowed(&scope, &client.metadata.scope)?;
    let audience = narrow(&targets.all(), &presented.audience, &client.metadata.audience)?;
    // A fault must not use the token up, so the keys are at hand before the database decides.
    let wanted = Wanted { access_token: true, id_token: presented.scope.wants_openid() };
    let minting = Minting::prepare(context.issuing(), wanted).await?;
    let policy = &context.app.config.tokens.refresh;
    let rotate = client.metadata.rotates_refresh_tokens();
    let outcome = context
        .app
        .store
        .grants()
        .refresh(&RefreshUse {
            grant: presented.grant,
            client: client.row,
            generation: presented.generation,
            instance: &presented.instance,
            rotate,
            retry_ms: policy.retry.milliseconds(),
            idle_seconds: policy.lifetime.seconds(),
            now_ms: context.now.ms,
        })
        .await?;
    let (facts, state) = match outcome {
        RefreshOutcome::Refreshed(facts, state) => (facts, state),
        RefreshOutcome::Replayed => {
            context.app.metrics.replayed("refresh_token");
            let (client_id, grant) = (context.client_id(), Some(presented.grant));
            context.record(&AuditEvent::ReplayDetected { client_id, grant, what: "refresh_token" });
            return Err(invalid(
                "refresh token used once",
                "the newest refresh token",
                "an older copy; the grant is revoked",
            )
            .with_setting("tokens.refresh.retry"));
        }
        RefreshOutcome::Dead => {
            let expected =
                "a grant that is live: not revoked, not expired, user, client and session still valid";
            return Err(invalid("grant is live", expected, "one that is not"));
        }
    };
    let issuance = Issuance {
        facts: &facts,
        scope: &scope,
        audience: &audience,
        refresh_generation: state.rotated.then_some(state.generation),
        nonce: None,
    };
    let response = minting.for_grant(context.issuing(), &issuance)?;
    context.issued(GrantType::RefreshToken, Some(&facts), &scope);
    Ok(response)
}

/// The scope may shrink, never grow (RFC 6749 section 6).
fn narrowed(granted: &Scope, asked: Option<&Scope>) -> Result<Scope, Failure> {
    match asked {
        None => Ok(granted.clone()),
        Some(asked) if asked.is_subset_of(granted) => Ok(asked.clone()),
        Some(asked) => {
            let expected = format!("at most {granted}");
            Err(Failure::refused(ErrorCode::InvalidScope, "scope of the grant", expected, asked.to_string()))
        }
    }
}

/// What an operator took from the client is not handed out again from a grant that is older (security.md T076).
fn still_allowed(scope: &Scope, registered: &Scope) -> Result<(), Failure> {
    if scope.is_subset_of(registered) {
        return Ok(());
    }
    let expected = format!("at most {registered}");
    let refused =
        Failure::refused(ErrorCode::InvalidScope, "scope of the client", expected, scope.to_string());
    Err(refused.with_setting("scope of the client"))
}

fn invalid(check: &'static str, expected: &str, received: impl Into<String>) -> Failure {
    Failure::refused(ErrorCode::InvalidGrant, check, expected, received)
}
