//! The authorization code grant (RFC 6749 section 4.1.3, RFC 7636 section 4.5). The database decides in one statement
//! who redeems a code; here its verdict becomes an answer.

use grantor_crypto::{SecretHash, TokenPrefix, random_bytes, token_format};
use grantor_protocol::resource::narrow;
use grantor_protocol::{ErrorCode, GrantType, Targets, TokenResponse, Verifier};
use grantor_store::{Attempt, CodeOutcome, CodeRefusal, CodeUse};

use super::TokenContext;
use super::issue::{Issuance, Minting, Wanted};
use crate::audit::AuditEvent;
use crate::error::Failure;

/// The parameters of this grant.
pub(super) struct CodeRequest {
    pub(super) code: String,
    pub(super) redirect_uri: Option<String>,
    pub(super) verifier: Option<Verifier>,
    pub(super) targets: Targets,
}

/// Redeems a code once.
pub(super) async fn redeem(
    context: &TokenContext<'_>,
    request: &CodeRequest,
) -> Result<TokenResponse, Failure> {
    let malformed = || invalid("code", "a code of this server", "something else");
    token_format::decode(TokenPrefix::AuthorizationCode, &request.code).map_err(|_| malformed())?;
    let code = SecretHash::of(&request.code);
    // Whatever can be refused or fail without the code is settled first: a refusal must not use it up.
    check_targets(context, &code, &request.targets).await?;
    let metadata = &context.client.client.row.metadata;
    let wanted = Wanted { access_token: true, id_token: metadata.scope.wants_openid() };
    let minting = Minting::prepare(context.issuing(), wanted).await?;
    let tokens = &context.app.config.tokens;
    let challenge = request.verifier.as_ref().map(Verifier::challenge);
    let code_use = CodeUse {
        code: &code,
        client: context.client.client.row.row,
        redirect_uri: request.redirect_uri.as_deref(),
        challenge: challenge.as_ref(),
        attempt: Attempt::new(),
        idle_seconds: tokens.refresh.lifetime.seconds(),
        access_seconds: tokens.access.lifetime.seconds(),
        now: context.now.timestamp(),
    };
    let facts = match context.app.store.codes().redeem(&code_use).await? {
        CodeOutcome::Redeemed(facts) => facts,
        CodeOutcome::Replayed => {
            context.app.metrics.replayed("authorization_code");
            let client_id = context.client_id();
            context.record(&AuditEvent::ReplayDetected {
                client_id,
                grant: None,
                what: "authorization_code",
            });
            return Err(invalid("code used once", "an unused code", "a used one; what it gave is revoked"));
        }
        CodeOutcome::Refused(refusal) => return Err(refused(refusal)),
    };
    let gives_refresh = facts.scope.wants_offline() && metadata.allows_grant(GrantType::RefreshToken);
    let audience = narrow(&request.targets.all(), &facts.audience, &metadata.audience)?;
    // What an operator took from the client since is not handed out any more (security.md T076).
    let scope = facts.scope.intersection(&metadata.scope);
    let issuance = Issuance {
        scope: &scope,
        audience: &audience,
        refresh_generation: gives_refresh.then_some(0),
        nonce: facts.nonce.as_deref(),
        facts: &facts,
    };
    let response = minting.for_grant(context.issuing(), &issuance)?;
    context.issued(GrantType::AuthorizationCode, Some(&facts), &scope);
    Ok(response)
}

/// Refuses a target outside the grant while the code is still unused.
async fn check_targets(
    context: &TokenContext<'_>,
    code: &SecretHash,
    targets: &Targets,
) -> Result<(), Failure> {
    let asked = targets.all();
    if asked.is_empty() {
        return Ok(());
    }
    let client = &context.client.client.row;
    if let Some(granted) = context.app.store.codes().audience(code, client.row).await? {
        narrow(&asked, &granted, &client.metadata.audience)?;
    }
    Ok(())
}

/// The code as the client gets it: prefix, 256 random bits, checksum.
pub(crate) fn new_code() -> (String, SecretHash) {
    let code = token_format::encode(TokenPrefix::AuthorizationCode, &random_bytes::<32>());
    let hash = SecretHash::of(&code);
    (code, hash)
}

fn invalid(check: &'static str, expected: &str, received: &str) -> Failure {
    Failure::refused(ErrorCode::InvalidGrant, check, expected, received)
}

fn refused(refusal: CodeRefusal) -> Failure {
    match refusal {
        CodeRefusal::UnknownOrForeign => invalid("code", "a code issued to this client", "an unknown code"),
        CodeRefusal::Expired => invalid("code lifetime", "a code that is still valid", "an expired one")
            .with_setting("tokens.code.lifetime"),
        CodeRefusal::RedirectMismatch => invalid(
            "redirect_uri of the code",
            "the redirect_uri of the authorization request",
            "another, or none",
        ),
        CodeRefusal::VerifierMismatch { burnt: false } => {
            invalid("code_verifier", "the verifier of the code_challenge", "another")
        }
        CodeRefusal::VerifierMismatch { burnt: true } => invalid(
            "code_verifier",
            "the verifier of the code_challenge",
            "another, once too often; the code is dead",
        ),
        CodeRefusal::VerifierMissing => invalid("code_verifier", "a code_verifier", "none"),
        CodeRefusal::VerifierUnexpected => {
            invalid("code_verifier", "none, since no code_challenge was sent", "a code_verifier")
        }
        CodeRefusal::Dead => {
            invalid("grant is live", "user, client and session still valid", "one of them is gone")
        }
        CodeRefusal::AlreadyUsed => invalid("code used once", "an unused code", "a used one"),
    }
}
