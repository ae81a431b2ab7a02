//! `id_token_hint` (OpenID Connect Core section 3.1.2.1, RP-Initiated Logout section 2): an ID token that this server
//! issued, expired or not. Anything else is refused, so that a forged hint never chooses a session or an address.

use std::sync::Arc;

use grantor_crypto::{JwsError, Protection, UnverifiedJws, VerifiedClaims};
use grantor_protocol::{ClientId, ErrorCode, SigningAlgorithm, Subject};

use crate::client_cache::KnownClient;
use crate::error::Failure;
use crate::extract::client_secrets;
use crate::visit::Visit;

const TYP: &[&str] = &["JWT"];

/// What a hint says.
#[derive(Clone, Debug)]
pub(crate) struct IdTokenHint {
    /// Whom the token was issued to.
    pub(crate) client: Arc<KnownClient>,
    /// Who logged in, as that client knows them.
    pub(crate) subject: Subject,
    /// The session, as that client knows it.
    pub(crate) sid: Option<String>,
}

impl IdTokenHint {
    /// Reads a hint.
    pub(crate) async fn read(visit: &Visit, hint: &str) -> Result<Self, Failure> {
        let unverified = UnverifiedJws::parse(hint).map_err(|error| refused(error.to_string()))?;
        let audience = unverified.claimed_audience().map_err(|error| refused(error.to_string()))?;
        let client = client_of(visit, &audience).await?;
        let claims = verified(visit, &client, &unverified).await?;
        if claims.required_text("iss").ok() != Some(&*visit.issuer.url) {
            return Err(refused("another issuer"));
        }
        // Of all our JWTs without a kind of their own, the ID token alone expires: a userinfo answer is none.
        claims.required_instant("exp").map_err(|error| refused(error.to_string()))?;
        let subject = claims.required_text("sub").map_err(|error| refused(error.to_string()))?;
        let subject = Subject::parse(subject).map_err(|error| refused(error.to_string()))?;
        let sid = claims.value("sid").and_then(serde_json::Value::as_str).map(str::to_owned);
        Ok(Self { client, subject, sid })
    }
}

async fn client_of(visit: &Visit, audience: &[String]) -> Result<Arc<KnownClient>, Failure> {
    let [name] = audience else { return Err(refused("a token for several audiences, or for none")) };
    let Ok(client_id) = ClientId::parse(name) else { return Err(refused("a token for no client")) };
    let found = visit.app.clients.by_client_id(visit.issuer.id, &client_id, visit.now.ms).await?;
    found.ok_or_else(|| refused("a token for a client that is not registered"))
}

/// By a key of ours, or by the client's secret where its ID tokens are made with that.
async fn verified(
    visit: &Visit,
    client: &KnownClient,
    token: &UnverifiedJws<'_>,
) -> Result<VerifiedClaims, Failure> {
    let wrong = |error: JwsError| refused(error.to_string());
    match token.protection() {
        Protection::Signature(_) => {
            let keys = visit.app.keys.current(visit.now.ms).await?;
            token.verify(keys.verification(), TYP).map_err(wrong)
        }
        Protection::Hmac => {
            let mut outcome = Err(refused("an HMAC, which this client's ID tokens do not have"));
            if client.row.metadata.id_token_signed_response_alg == SigningAlgorithm::HS256 {
                for secret in client_secrets(&visit.app, visit.now, client).await? {
                    outcome = token.verify_hmac(&secret, TYP).map_err(wrong);
                    if outcome.is_ok() {
                        break;
                    }
                }
            }
            outcome
        }
        Protection::Unsigned => Err(refused("an unsigned token")),
    }
}

fn refused(received: impl Into<String>) -> Failure {
    let expected = "an ID token that this server issued to this client";
    Failure::refused(ErrorCode::InvalidRequest, "id_token_hint", expected, received)
}
