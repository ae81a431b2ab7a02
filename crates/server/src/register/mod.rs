//! Clients that register themselves (RFC 7591) and look after themselves (RFC 7592). `policy` says who may register
//! what; `answer` is all that either endpoint says.

mod answer;
mod create;
mod manage;
mod policy;

pub(crate) use create::create;
pub(crate) use manage::{delete, read, replace};

use answer::RegistrationFailure;
use grantor_crypto::{DataKey, Secret, StoredSecret, TokenPrefix, random_bytes, token_format};
use grantor_protocol::ClientMetadata;

use crate::app::App;
use crate::extract::{Issuer, Peer, refuse_plain_http};

/// What both endpoints ask before anything else: that registration is on, and that secrets travel encrypted.
fn check_offered(app: &App, peer: &Peer, issuer: &Issuer) -> Result<(), RegistrationFailure> {
    if !app.config.registration.enabled {
        return Err(RegistrationFailure::Off);
    }
    Ok(refuse_plain_http(peer, issuer)?)
}

/// A registration access token, and what is kept of it.
fn new_token(key: &DataKey) -> (Secret, StoredSecret) {
    let token = token_format::encode(TokenPrefix::RegistrationToken, &random_bytes::<32>());
    let token = Secret::from(token);
    let stored = StoredSecret::keyed(key, &token);
    (token, stored)
}

/// A secret for a client of this metadata, and what is kept of it.
fn new_secret(key: &DataKey, metadata: &ClientMetadata) -> (Secret, StoredSecret) {
    let secret = Secret::generate();
    let stored = StoredSecret::generated(key, &secret, metadata.needs_recoverable_secret());
    (secret, stored)
}
