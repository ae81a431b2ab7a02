//! Access tokens. Nothing is stored when one is issued: an opaque token is a sealed value that carries its facts, a JWT
//! (RFC 9068) carries the same as claims. Whether it is still live is asked of the database when it is used.

use grantor_crypto::{DataKeyPurpose, TokenPrefix, UnverifiedJws, sign_compact};
use grantor_protocol::{ClientId, ClientRowId, GrantId, Scope, Subject, Timestamp, TokenId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::sealed;
use crate::app::App;
use crate::clock::Now;
use crate::error::Failure;
use crate::extract::Issuer;
use crate::key_ring::{Keys, SigningKey};

/// What an access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccessToken {
    /// Its own id, by which a token without a grant is revoked.
    pub id: TokenId,
    /// The grant it came from; none for `client_credentials`.
    pub grant: Option<GrantId>,
    /// The client's row: a client that was deleted and made again under the same name is another.
    pub client: ClientRowId,
    /// The client's name at the time.
    pub client_id: ClientId,
    /// The client's epoch when it was issued.
    pub epoch: i64,
    /// For whom.
    pub subject: Subject,
    /// What it allows.
    pub scope: Scope,
    /// Where; empty means this server's own resources.
    pub audience: Vec<String>,
    /// The key it is bound to.
    pub confirmation: Option<String>,
    /// Since when.
    pub issued_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Why a presented token says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenUnreadable {
    /// Not one of ours by its shape.
    #[error("not a token of this server")]
    Malformed,
    /// Sealed or signed with a key that does not exist (any more).
    #[error("its key does not exist, or was dropped by `keys revoke-tokens`")]
    UnknownKey,
    /// The seal or signature is wrong.
    #[error("its seal or signature is wrong")]
    Forged,
    /// Past its end.
    #[error("expired")]
    Expired,
}

impl AccessToken {
    /// The opaque form.
    pub(super) fn sealed(&self, keys: &Keys, issuer: &Issuer) -> Result<String, Failure> {
        sealed::seal(keys, TokenPrefix::AccessToken, issuer, self)
    }

    /// The JWT form (RFC 9068 section 2). `gid`, `cid`, `epo` and `dky` tie it to grant, client row, epoch and the
    /// token data key, so that it dies by the same acts as an opaque one.
    pub(super) fn signed(
        &self,
        keys: &Keys,
        key: &SigningKey,
        issuer: &Issuer,
        authentication: Option<Authentication<'_>>,
    ) -> Result<String, Failure> {
        let audience =
            if self.audience.is_empty() { vec![issuer.url.to_string()] } else { self.audience.clone() };
        let mut claims = json!({
            "iss": &*issuer.url,
            "sub": self.subject.as_str(),
            "aud": audience,
            "client_id": self.client_id.as_str(),
            "scope": self.scope.to_string(),
            "iat": self.issued_at.seconds(),
            "exp": self.expires_at.seconds(),
            "jti": self.id.to_string(),
            "cid": self.client.to_string(),
            "epo": self.epoch,
            "dky": keys.data_key(DataKeyPurpose::Tokens)?.id().to_string(),
        });
        if let Some(claims) = claims.as_object_mut() {
            if let Some(grant) = self.grant {
                claims.insert("gid".to_owned(), json!(grant.to_string()));
            }
            if let Some(authentication) = authentication {
                claims.insert("auth_time".to_owned(), json!(authentication.time.seconds()));
                claims.insert("acr".to_owned(), json!(authentication.acr));
                claims.insert("amr".to_owned(), json!(authentication.amr));
            }
        }
        sign_compact(&key.pair, "at+jwt", &claims).map_err(|error| Failure::Internal(error.to_string()))
    }
}

/// How and when the user was authenticated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Authentication<'a> {
    pub(super) time: Timestamp,
    pub(super) acr: &'a str,
    pub(super) amr: &'a [String],
}

/// Reads a presented access token of either form. Does not ask whether it is live; [`crate::live`] does.
pub(crate) async fn read_access_token(
    app: &App,
    issuer: &Issuer,
    now: Now,
    token: &str,
) -> Result<Result<AccessToken, TokenUnreadable>, Failure> {
    let keys = app.keys.current(now.ms).await?;
    let mut read = read_with(&keys, issuer, token);
    if read.as_ref().is_err_and(|error| *error == TokenUnreadable::UnknownKey) {
        let keys = app.keys.reread_if_older(now.ms).await?;
        read = read_with(&keys, issuer, token);
    }
    Ok(read.and_then(|token| {
        if token.expires_at <= now.timestamp() { Err(TokenUnreadable::Expired) } else { Ok(token) }
    }))
}

fn read_with(keys: &Keys, issuer: &Issuer, token: &str) -> Result<AccessToken, TokenUnreadable> {
    if token.starts_with(TokenPrefix::AccessToken.text()) {
        return sealed::open(keys, TokenPrefix::AccessToken, issuer, token);
    }
    read_jwt(keys, issuer, token)
}

fn read_jwt(keys: &Keys, issuer: &Issuer, token: &str) -> Result<AccessToken, TokenUnreadable> {
    let unverified = UnverifiedJws::parse(token).map_err(|_| TokenUnreadable::Malformed)?;
    if unverified.kid().and_then(|kid| keys.signing_key(kid)).is_none() {
        return Err(TokenUnreadable::UnknownKey);
    }
    let claims = unverified.verify(keys.verification(), &["at+jwt"]).map_err(|_| TokenUnreadable::Forged)?;
    let text = |name| claims.required_text(name).map_err(|_| TokenUnreadable::Malformed);
    let instant = |name| claims.required_instant(name).map(Timestamp).map_err(|_| TokenUnreadable::Malformed);
    if text("iss")? != &*issuer.url {
        return Err(TokenUnreadable::Forged);
    }
    // The kill switch replaces the token data key: a JWT issued before it is as dead as a sealed token.
    if keys.data_key_by_id(DataKeyPurpose::Tokens, parse(text("dky")?)?).is_none() {
        return Err(TokenUnreadable::UnknownKey);
    }
    let audience: Vec<String> =
        claims.audience().map_err(|_| TokenUnreadable::Malformed)?.into_iter().map(str::to_owned).collect();
    let grant = claims.text("gid").map_err(|_| TokenUnreadable::Malformed)?;
    Ok(AccessToken {
        id: parse(text("jti")?)?,
        grant: grant.map(parse).transpose()?,
        client: parse(text("cid")?)?,
        client_id: ClientId::parse(text("client_id")?).map_err(|_| TokenUnreadable::Malformed)?,
        epoch: instant("epo")?.seconds(),
        subject: Subject::parse(text("sub")?).map_err(|_| TokenUnreadable::Malformed)?,
        scope: Scope::parse(text("scope")?).map_err(|_| TokenUnreadable::Malformed)?,
        audience: if audience == [&*issuer.url] { Vec::new() } else { audience },
        confirmation: None,
        issued_at: instant("iat")?,
        expires_at: instant("exp")?,
    })
}

fn parse<T: std::str::FromStr>(text: &str) -> Result<T, TokenUnreadable> {
    text.parse().map_err(|_| TokenUnreadable::Malformed)
}
