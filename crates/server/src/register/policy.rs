//! Who may register, how often, and for what: the operator's settings (`registration.*`) against what a client asks.

use axum::http::HeaderMap;
use grantor_crypto::{DataKeyPurpose, Secret};
use grantor_protocol::{ClientMetadata, ErrorCode, GrantType, MetadataError, Scope};
use grantor_store::{Attempt, ThrottleEntry};

use super::answer::RegistrationFailure;
use crate::app::App;
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
/// How many times as much everybody may do together.
const EVERYBODY: i64 = 100;

/// Whether the request has an initial access token, where the operator gave some out (RFC 7591 section 3).
pub(super) fn check_initial_token(app: &App, headers: &HeaderMap) -> Result<(), RegistrationFailure> {
    let tokens = &app.config.registration.initial_access_tokens;
    if tokens.is_empty() {
        return Ok(());
    }
    let presented = only_authorization(headers)?.and_then(bearer_token);
    if presented.is_some_and(|presented| tokens.contains(&presented)) {
        return Ok(());
    }
    let expected = "one of registration.initial_access_tokens";
    Err(RegistrationFailure::unauthorized("initial access token", expected, "none of them"))
}

/// The token of an `Authorization: Bearer` header.
pub(super) fn bearer_token(header: &str) -> Option<Secret> {
    let (scheme, token) = header.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty();
    is_bearer.then(|| Secret::from(token.trim().to_owned()))
}

/// Refuses what may not be registered, and leaves of the scope what may be (RFC 7591 section 3.2.1: the answer says what
/// took effect).
pub(super) fn apply(config: &Config, metadata: &mut ClientMetadata) -> Result<(), RegistrationFailure> {
    let policy = &config.registration;
    if let Some(allowed) = &policy.grant_types
        && let Some(grant) = metadata.grant_types.iter().find(|grant| !allowed.contains(grant))
    {
        let reason = format!("{grant} cannot be registered here");
        return Err(refused("grant_types", reason, "registration.grant_types"));
    }
    let method = metadata.token_endpoint_auth_method;
    if policy.auth_methods.as_ref().is_some_and(|allowed| !allowed.contains(&method)) {
        let reason = format!("{method} cannot be registered here");
        return Err(refused("token_endpoint_auth_method", reason, "registration.auth_methods"));
    }
    let offered = &config.clients.response_types;
    if let Some(response_type) = metadata.response_types.iter().find(|asked| !offered.contains(asked)) {
        let reason = format!("{response_type} is not offered here");
        return Err(refused("response_types", reason, "clients.response_types"));
    }
    if let Some(patterns) = &policy.redirect_uris {
        let fits = |uri: &&String| !patterns.iter().any(|pattern| pattern.matches(uri));
        for (member, uris) in [
            ("redirect_uris", &metadata.redirect_uris),
            ("post_logout_redirect_uris", &metadata.post_logout_redirect_uris),
        ] {
            if let Some(uri) = uris.iter().find(fits) {
                let reason = format!("{uri} is not among those that may be registered here");
                return Err(refused(member, reason, "registration.redirect_uris"));
            }
        }
    }
    narrow(config, metadata)
}

fn narrow(config: &Config, metadata: &mut ClientMetadata) -> Result<(), RegistrationFailure> {
    let unwatched = metadata.allows_grant(GrantType::ClientCredentials);
    let allowed = match &config.registration.scopes {
        Some(scopes) => scopes.clone(),
        None if unwatched => Scope::parse(UNWATCHED_SCOPE).unwrap_or_default(),
        None => metadata.scope.clone(),
    };
    let narrowed = metadata.scope.intersection(&allowed);
    if narrowed.is_empty() && !metadata.scope.is_empty() {
        return Err(refused(
            "scope",
            format!("only {allowed} can be registered here"),
            "registration.scopes",
        ));
    }
    metadata.scope = narrowed;
    Ok(())
}

fn refused(member: &str, reason: String, setting: &'static str) -> RegistrationFailure {
    RegistrationFailure::Metadata(MetadataError { member: member.to_owned(), reason }, Some(setting))
}

/// Counts the registration against its address and asks whether there is room for one more client.
pub(super) async fn check_room(
    app: &App,
    issuer: &Issuer,
    now: Now,
    peer: &Peer,
    headers: &HeaderMap,
) -> Result<(), RegistrationFailure> {
    if let Some(allowance) = allowance(app, peer, headers) {
        charge(app, now, peer, allowance).await?;
    }
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
