//! Whether an access token still counts. One decision for userinfo, introspection and whatever takes tokens later:
//! read the token, then ask the database once whether grant, session, user, client and token id still stand.

use grantor_store::{LiveQuery, LiveToken};

use crate::app::App;
use crate::clock::Now;
use crate::error::Failure;
use crate::extract::Issuer;
use crate::token::{AccessToken, read_access_token};

/// A token that counts, with what is remembered of its grant and user.
#[derive(Debug)]
pub(crate) struct Live {
    /// What the token says.
    pub token: AccessToken,
    /// What the database adds.
    pub facts: LiveToken,
}

/// Judges a presented access token; `Err(reason)` inside means that it does not count.
pub(crate) async fn judge(
    app: &App,
    issuer: &Issuer,
    now: Now,
    token: &str,
) -> Result<Result<Live, String>, Failure> {
    let token = match read_access_token(app, issuer, now, token).await? {
        Ok(token) => token,
        Err(reason) => return Ok(Err(reason.to_string())),
    };
    let query = LiveQuery {
        grant: token.grant,
        client: token.client,
        epoch: token.epoch,
        token: token.id,
        now: now.timestamp(),
    };
    let Some(facts) = app.store.tokens().live(query).await? else {
        return Ok(Err("revoked, or its grant, session, user or client is gone".to_owned()));
    };
    Ok(Ok(Live { token, facts }))
}
