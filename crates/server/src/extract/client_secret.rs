//! The secrets of a client (RFC 6749 section 2.3.1): whether a presented one is right, and the secret itself where it is
//! a key (OpenID Connect Core sections 10.1 and 10.2).

use grantor_crypto::{DataKeyPurpose, Secret, StoredSecret};

use crate::app::App;
use crate::client_cache::KnownClient;
use crate::clock::Now;
use crate::error::Failure;

/// The client's secrets that are good at `now`, the present one first.
fn good(now: Now, client: &KnownClient) -> impl Iterator<Item = &StoredSecret> {
    let previous =
        client.row.previous_secret.as_ref().filter(move |previous| previous.expires_at > now.timestamp());
    client.row.secret.iter().chain(previous.map(|previous| &previous.secret))
}

/// The client's secret itself; `None` when it has none, or only a hash of it is kept.
pub(crate) async fn client_secret(
    app: &App,
    now: Now,
    client: &KnownClient,
) -> Result<Option<Secret>, Failure> {
    let Some(stored) = client.row.secret.as_ref().filter(|stored| stored.is_recoverable()) else {
        return Ok(None);
    };
    opened(app, now, stored).await
}

/// The same with the secret before it, while both are good: a client that is being changed over still uses that one.
pub(crate) async fn client_secrets(
    app: &App,
    now: Now,
    client: &KnownClient,
) -> Result<Vec<Secret>, Failure> {
    let mut secrets = Vec::new();
    for stored in good(now, client) {
        secrets.extend(opened(app, now, stored).await?);
    }
    Ok(secrets)
}

async fn opened(app: &App, now: Now, stored: &StoredSecret) -> Result<Option<Secret>, Failure> {
    let keys = app.keys.current(now.ms).await?;
    let key = stored.data_key().and_then(|id| keys.data_key_by_id(DataKeyPurpose::ClientSecrets, id));
    Ok(key.and_then(|key| stored.open(key)))
}

/// Whether this is a secret of the client that is good now.
pub(crate) async fn secret_is_right(
    app: &App,
    now: Now,
    client: &KnownClient,
    secret: &Secret,
) -> Result<bool, Failure> {
    for stored in good(now, client) {
        let right = match stored {
            StoredSecret::Keyed { .. } | StoredSecret::Sealed { .. } => {
                stored_by_key_is_right(app, now, stored, secret).await?
            }
            StoredSecret::Argon2(hash) => chosen_secret_is_right(app, hash, secret).await?,
        };
        if right {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether this is the secret that a data key hashed or sealed: a client secret or a registration access token.
pub(crate) async fn stored_by_key_is_right(
    app: &App,
    now: Now,
    stored: &StoredSecret,
    secret: &Secret,
) -> Result<bool, Failure> {
    let Some(id) = stored.data_key() else {
        return Ok(false);
    };
    let keys = app.keys.current(now.ms).await?;
    let data_key = keys.data_key_by_id(DataKeyPurpose::ClientSecrets, id);
    Ok(data_key.is_some_and(|data_key| stored.matches_keyed(data_key, secret)))
}

async fn chosen_secret_is_right(app: &App, hash: &str, secret: &Secret) -> Result<bool, Failure> {
    if app.clients.was_verified(hash, secret) {
        return Ok(true);
    }
    let _turn = app.clients.take_turn(hash).ok_or_else(|| {
        Failure::Unavailable("too many secrets of this client are being verified at once".to_owned())
    })?;
    let right = app.secret_hashing.verify(secret.clone(), Some(hash.to_owned())).await?;
    if right {
        app.clients.remember_verified(hash, secret);
    }
    Ok(right)
}
