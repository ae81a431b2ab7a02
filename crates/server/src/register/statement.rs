//! Software statements (RFC 7591 section 2.3): what a client is, said by somebody the operator believes.

use grantor_crypto::{JwsError, NO_TYP, UnverifiedJws, VerifiedClaims};
use grantor_protocol::{ErrorCode, MetadataError, SoftwareStatement};
use serde_json::Value;

use super::answer::RegistrationFailure;
use crate::app::App;
use crate::clock::Now;
use crate::config::StatementIssuer;
use crate::extract::Issuer;

const MEMBER: &str = "software_statement";
const ISSUERS: &str = "registration.software_statement_issuers";
/// What statements call themselves: most nothing, since RFC 7591 gives them no type.
const TYPES: &[&str] = &[NO_TYP, "JWT", "software-statement+jwt"];
/// Seconds that the clock of an issuer may be ahead.
const LEEWAY: i64 = 60;

/// The statement that a document is registered with: the one in it, or else the one that the client was registered with
/// before, which it cannot shake off. Without issuers to believe, statements mean nothing here and are left out, as
/// section 3.1.1 has it.
pub(super) fn read(
    app: &App,
    issuer: &Issuer,
    now: Now,
    document: &Value,
    before: Option<&SoftwareStatement>,
) -> Result<Option<SoftwareStatement>, RegistrationFailure> {
    let policy = &app.config.registration;
    let presented = match document.get(MEMBER) {
        Some(Value::String(jwt)) if !jwt.is_empty() => Some(jwt),
        Some(Value::Null | Value::String(_)) | None => None,
        Some(_) => return Err(invalid("must be text", None)),
    };
    match (presented, before) {
        (None, Some(before)) => Ok(Some(before.clone())),
        // Verified when it came first: what was read may be written back after it has expired.
        (Some(jwt), Some(before)) if *jwt == before.jwt => Ok(Some(before.clone())),
        (Some(jwt), _) if !policy.software_statement_issuers.is_empty() => {
            let claims = verified(&policy.software_statement_issuers, issuer, now, jwt)?;
            Ok(Some(SoftwareStatement { jwt: jwt.clone(), claims: claims.members().clone() }))
        }
        (Some(_), before) => Ok(before.cloned()),
        (None, None) if policy.require_software_statement => {
            Err(invalid("is needed to register here", Some("registration.require_software_statement")))
        }
        (None, None) => Ok(None),
    }
}

fn verified(
    issuers: &[StatementIssuer],
    issuer: &Issuer,
    now: Now,
    jwt: &str,
) -> Result<VerifiedClaims, RegistrationFailure> {
    let unreadable = |error: JwsError| invalid(&error.to_string(), None);
    let jws = UnverifiedJws::parse(jwt).map_err(unreadable)?;
    let Some(by) = jws.claimed_text("iss") else {
        return Err(invalid("has no issuer (iss)", None));
    };
    let Some(known) = issuers.iter().find(|known| known.issuer == by) else {
        return Err(RegistrationFailure::Statement(
            ErrorCode::UnapprovedSoftwareStatement,
            "is by nobody whose statements are believed here".to_owned(),
            ISSUERS,
        ));
    };
    let claims = jws.verify(&known.keys, TYPES).map_err(unreadable)?;
    check(&claims, issuer, now).map_err(|reason| invalid(reason, None))?;
    Ok(claims)
}

/// RFC 7519 section 4.1: a statement that has an end has not reached it, and one that is for somebody is for us.
fn check(claims: &VerifiedClaims, issuer: &Issuer, now: Now) -> Result<(), &'static str> {
    let now = now.timestamp().seconds();
    let instant = |name| claims.instant(name).map_err(|_| "has an instant that is no number");
    if instant("exp")?.is_some_and(|exp| exp <= now) {
        return Err("has expired");
    }
    for name in ["nbf", "iat"] {
        if instant(name)?.is_some_and(|from| from > now.saturating_add(LEEWAY)) {
            return Err("is not valid yet");
        }
    }
    let audience = claims.audience().map_err(|_| "has an audience (aud) that is no text")?;
    if audience.is_empty() || audience.iter().any(|for_whom| *for_whom == &*issuer.url) {
        Ok(())
    } else {
        Err("is meant for others (aud)")
    }
}

fn invalid(reason: &str, setting: Option<&'static str>) -> RegistrationFailure {
    let error = MetadataError { member: MEMBER.to_owned(), reason: reason.to_owned() };
    RegistrationFailure::Metadata(error, setting)
}
