//! Clients that register themselves (RFC 7591) and look after themselves (RFC 7592). `policy` says who may register
//! what; `answer` is all that either endpoint says.

mod answer;
mod create;
mod manage;
mod policy;
mod sector;
mod statement;
pub(crate) mod tokens;

pub(crate) use create::create;
pub(crate) use manage::{delete, read, replace};

use answer::RegistrationFailure;
use grantor_crypto::{DataKey, Secret, StoredSecret, TokenPrefix, token_format};
use grantor_protocol::{ClientMetadata, RegistrationTerms};
use serde_json::Value;

use crate::app::App;
use crate::extract::{Issuer, Peer, refuse_plain_http};

/// What both endpoints ask before anything else: that registration is on, and that secrets travel encrypted.
fn check_offered(app: &App, peer: &Peer, issuer: &Issuer) -> Result<(), RegistrationFailure> {
    if !app.config.registration.enabled {
        return Err(RegistrationFailure::Off);
    }
    Ok(refuse_plain_http(peer, issuer)?)
}

/// The scope of a client that names none. `scope` is a member of RFC 7591: clients of OpenID Connect Registration do not
/// know it, and expect that they may ask for every scope of OpenID Connect Core.
const DEFAULT_SCOPE: &str = "openid offline_access profile email address phone";

/// Lets the software statement have its say in a document, and fills in the scope that it leaves out.
fn state(document: &mut Value, terms: &RegistrationTerms) {
    let Some(members) = document.as_object_mut() else { return };
    if let Some(statement) = &terms.software_statement {
        statement.override_members(members);
    }
    let scope = members.entry("scope").or_insert(Value::Null);
    if scope.is_null() || scope.as_str().is_some_and(str::is_empty) {
        *scope = Value::from(DEFAULT_SCOPE);
    }
}

/// A registration access token, and what is kept of it.
fn new_token(key: &DataKey) -> (Secret, StoredSecret) {
    let token = token_format::generate(TokenPrefix::RegistrationToken);
    let stored = StoredSecret::keyed(key, &token);
    (token, stored)
}

/// A secret for a client of this metadata, and what is kept of it.
fn new_secret(key: &DataKey, metadata: &ClientMetadata) -> (Secret, StoredSecret) {
    let secret = Secret::generate();
    let stored = StoredSecret::generated(key, &secret, metadata.needs_recoverable_secret());
    (secret, stored)
}
