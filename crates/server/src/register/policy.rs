//! Who may register, how often, and for what: the operator's settings (`registration.*`) against what a client asks.

use axum::http::HeaderMap;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use grantor_crypto::{DataKeyPurpose, Secret, SecretHash, TokenPrefix, token_format};
use grantor_protocol::{ClientMetadata, ErrorCode, GrantType, MetadataError, RegistrationTerms, Scope};
use grantor_store::{Attempt, InitialToken, ThrottleEntry};

use super::answer::RegistrationFailure;
use crate::app::App;
use crate::audit::{AuditEvent, Cause};
use crate::clock::Now;
use crate::config::Config;
use crate::error::Failure;
use crate::extract::{Issuer, Peer, only_authorization};

/// The scope that a client with the `client_credentials` grant is given where the operator names none: it asks no user,
/// so whatever else a resource server reads into a scope would be anybody's.
const UNWATCHED_SCOPE: &str = "openid offline_access offline profile email address phone";
/// Registrations of one address before it has to wait, where the operator says nothing.
const ADDRESS_ALLOWANCE: u32 = 20;
/// How many times as much the addresses around it may do together.
const NEIGHBOURHOOD: i64 = 10;
/// What narrows a registration beside the settings.
const OF_THE_TOKEN: &str = "limits of the initial access token";
/// How many times as much everybody may do together.
const EVERYBODY: i64 = 100;

/// The initial access token of the request (RFC 7591 section 3), where it is one of the database: those of the
/// configuration come without terms. Where registration is open nobody needs one, but one that is used up or revoked is
/// refused all the same: its holder expects it to count.
pub(super) async fn initial_token(
    app: &App,
    issuer: &Issuer,
    now: Now,
    headers: &HeaderMap,
    cause: &Cause,
) -> Result<Option<InitialToken>, RegistrationFailure> {
    let policy = &app.config.registration;
    let presented = only_authorization(headers)?.and_then(bearer_token);
    let no_initial_token = |received| no_initial_token(app, cause, received);
    let Some(presented) = presented else {
        return if policy.require_token { Err(no_initial_token("none")) } else { Ok(None) };
    };
    if policy.initial_access_tokens.contains(&presented) {
        return Ok(None);
    }
    if token_format::decode(TokenPrefix::InitialAccessToken, presented.expose()).is_ok() {
        let known = app.store.initial_tokens().usable(issuer.id, &presented.hash(), now.timestamp()).await?;
        return known
            .map(Some)
            .ok_or_else(|| no_initial_token("one that is unknown, revoked, expired or used up"));
    }
    if policy.require_token { Err(no_initial_token("another token")) } else { Ok(None) }
}

/// The refusal of whoever may not register.
pub(super) fn no_initial_token(app: &App, cause: &Cause, received: &'static str) -> RegistrationFailure {
    app.audit.record(cause, &AuditEvent::RegistrationTokenRefused { reason: received });
    RegistrationFailure::unauthorized("initial access token", "one that is good for registering", received)
}

/// The token of an `Authorization: Bearer` header.
pub(super) fn bearer_token(header: &str) -> Option<Secret> {
    let (scheme, token) = header.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty();
    is_bearer.then(|| Secret::from(token.trim().to_owned()))
}

/// Refuses what may not be registered, and leaves of the scope what may be (RFC 7591 section 3.2.1: the answer says what
/// took effect).
pub(super) fn apply(
    config: &Config,
    terms: &RegistrationTerms,
    metadata: &mut ClientMetadata,
) -> Result<(), RegistrationFailure> {
    config.registration.limits.check(metadata).map_err(|error| {
        let setting = limit_on(&error.member);
        RegistrationFailure::Metadata(error, Some(setting))
    })?;
    let of_the_token = |error| RegistrationFailure::Metadata(error, Some(OF_THE_TOKEN));
    terms.limits.check(metadata).map_err(of_the_token)?;
    let offered = &config.clients.response_types;
    if let Some(response_type) = metadata.response_types.iter().find(|asked| !offered.contains(asked)) {
        let reason = format!("{response_type} is not offered here");
        return Err(refused("response_types", reason, "clients.response_types"));
    }
    if !config.clients.allow_unsigned
        && let Some(member) = metadata.unsigned_member()
    {
        return Err(refused(member, "none is not allowed here".to_owned(), "clients.allow_unsigned"));
    }
    narrow(config, terms, metadata)
}

/// The setting that narrows a member.
fn limit_on(member: &str) -> &'static str {
    match member {
        "grant_types" => "registration.grant_types",
        "token_endpoint_auth_method" => "registration.auth_methods",
        _ => "registration.redirect_uris",
    }
}

fn narrow(
    config: &Config,
    terms: &RegistrationTerms,
    metadata: &mut ClientMetadata,
) -> Result<(), RegistrationFailure> {
    let unwatched = metadata.allows_grant(GrantType::ClientCredentials);
    let (allowed, setting) = match (&config.registration.limits.scopes, &terms.limits.scopes) {
        (Some(scopes), Some(of_the_token)) => (scopes.intersection(of_the_token), OF_THE_TOKEN),
        (None, Some(of_the_token)) => (of_the_token.clone(), OF_THE_TOKEN),
        (Some(scopes), None) => (scopes.clone(), "registration.scopes"),
        (None, None) if unwatched => {
            (Scope::parse(UNWATCHED_SCOPE).unwrap_or_default(), "registration.scopes")
        }
        (None, None) => return Ok(()),
    };
    let narrowed = metadata.scope.intersection(&allowed);
    if narrowed.is_empty() && !metadata.scope.is_empty() {
        return Err(refused("scope", format!("only {allowed} can be registered here"), setting));
    }
    metadata.scope = narrowed;
    Ok(())
}

fn refused(member: &str, reason: String, setting: &'static str) -> RegistrationFailure {
    RegistrationFailure::Metadata(MetadataError { member: member.to_owned(), reason }, Some(setting))
}

/// What an identical registration is recognised by, where it may be answered with this client: a public one, which has
/// no secret that two could share, while the operator wants it so. Terms are part of it: what came by one token or
/// statement is not given to whoever has another.
pub(super) fn reusable_as(
    config: &Config,
    terms: &RegistrationTerms,
    metadata: &ClientMetadata,
) -> Result<Option<String>, Failure> {
    if !config.registration.reuse_identical || !metadata.is_public() {
        return Ok(None);
    }
    let identity = serde_json::to_vec(&(metadata, terms));
    let identity = identity.map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(Some(BASE64_URL_SAFE_NO_PAD.encode(SecretHash::of(identity).bytes())))
}

/// Counts the registration against its address.
pub(super) async fn check_rate(
    app: &App,
    now: Now,
    peer: &Peer,
    headers: &HeaderMap,
) -> Result<(), RegistrationFailure> {
    match allowance(app, peer, headers) {
        Some(allowance) => charge(app, now, peer, allowance).await,
        None => Ok(()),
    }
}

/// Asks whether there is room for one more client.
pub(super) async fn check_room(app: &App, issuer: &Issuer) -> Result<(), RegistrationFailure> {
    let most = app.config.registration.max_clients;
    if most > 0 && app.store.clients().count_registered(issuer.id).await? >= i64::from(most) {
        let expected = format!("fewer than {most} clients that registered themselves");
        let failure =
            Failure::refused(ErrorCode::TemporarilyUnavailable, "registration", expected, "one more");
        return Err(failure.with_setting("registration.max_clients").into());
    }
    Ok(())
}

/// How many registrations the address has free; `None` when nobody counts.
fn allowance(app: &App, peer: &Peer, headers: &HeaderMap) -> Option<i64> {
    // What a proxy on this machine passes on is not of this machine, whether the proxy is believed or not.
    let passed_on = ["forwarded", "x-forwarded-for", "via"].iter().any(|name| headers.contains_key(*name));
    let is_local = peer.addr.is_loopback() && !passed_on;
    match app.config.registration.rate_limit {
        Some(0) => None,
        Some(limit) => Some(i64::from(limit)),
        None if is_local => None,
        None => Some(i64::from(ADDRESS_ALLOWANCE)),
    }
}

async fn charge(app: &App, now: Now, peer: &Peer, allowance: i64) -> Result<(), RegistrationFailure> {
    let keys = app.keys.current(now.ms).await?;
    let mac = keys.data_key(DataKeyPurpose::Cookies)?.mac();
    let entries = [
        (b"register address".as_slice(), peer.network(), allowance),
        (b"register neighbourhood", peer.neighbourhood(), allowance.saturating_mul(NEIGHBOURHOOD)),
        (b"register everybody", String::new(), allowance.saturating_mul(EVERYBODY)),
    ];
    let entries = entries.map(|(what, network, allowance)| ThrottleEntry {
        key: mac.tag(&[what, network.as_bytes()]),
        allowance,
    });
    let states = app.store.throttle().charge(entries, Attempt::new(), now.timestamp()).await?;
    let waits = states.iter().filter(|state| !state.allowed).map(|state| state.retry_after.unsigned_abs());
    match waits.max() {
        Some(seconds) => Err(RegistrationFailure::TooMany(seconds)),
        None => Ok(()),
    }
}
