//! JWTs that clients make for us, once their signature was verified: client assertions (RFC 7523 section 3, OpenID
//! Connect Core section 9) here, and what they share with request objects (RFC 9101): a client that says its own name,
//! an audience that is us, and a short life.

use crate::client_metadata::AssertionAudience;
use crate::time::Timestamp;

/// `client_assertion_type` of a JWT, byte for byte (RFC 7523 section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The `typ` that an assertion may have when it has one (RFC 7519 section 5.1, RFC 10070): any other is another kind.
pub const ASSERTION_TYPS: &[&str] = &["JWT", "client-authentication+jwt"];

/// How far the clocks of clients may be off, in seconds.
pub const LEEWAY: i64 = 30;
/// How far ahead `exp` may lie, in seconds: what was stolen is soon worthless, and what was used soon forgotten.
pub const LONGEST_ASSERTION: i64 = 600;
/// The longest `jti`, in bytes.
const LONGEST_ID: usize = 1024;

/// The claims of a verified JWT that say whose it is, whom it is for, and for how long.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the registered claims of RFC 7519 section 4.1")]
pub struct JwtClaims<'a> {
    pub iss: Option<&'a str>,
    pub sub: Option<&'a str>,
    /// The members of `aud`, which may be a single string.
    pub aud: Vec<&'a str>,
    /// Whether `aud` is an array.
    pub aud_is_list: bool,
    pub exp: Option<i64>,
    pub nbf: Option<i64>,
    pub iat: Option<i64>,
    pub jti: Option<&'a str>,
}

/// A claim that is not as it has to be. Texts are for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{claim}: expected {expected}, received {received}")]
pub struct WrongClaim {
    /// Its name.
    pub claim: &'static str,
    /// What would do.
    pub expected: String,
    /// What was sent.
    pub received: String,
}

impl WrongClaim {
    pub(crate) fn new(
        claim: &'static str,
        expected: impl Into<String>,
        received: impl Into<String>,
    ) -> WrongClaim {
        WrongClaim { claim, expected: expected.into(), received: received.into() }
    }
}

/// What makes an assertion single use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionId<'a> {
    /// `jti`.
    pub jti: &'a str,
    /// When nobody accepts it any more.
    pub expires_at: Timestamp,
}

/// Checks a client assertion of `client_id` (RFC 7523 section 3): `iss` and `sub` are the client, `aud` is us as the
/// client's policy wants it, `exp` is there and near, `jti` is there. `endpoints` are the addresses that may stand for
/// the issuer.
pub fn check_assertion<'a>(
    claims: &JwtClaims<'a>,
    client_id: &str,
    issuer: &str,
    endpoints: &[String],
    policy: AssertionAudience,
    now: Timestamp,
) -> Result<AssertionId<'a>, WrongClaim> {
    for (claim, value) in [("iss", claims.iss), ("sub", claims.sub)] {
        if value != Some(client_id) {
            return Err(WrongClaim::new(claim, client_id, value.unwrap_or("none")));
        }
    }
    check_assertion_audience(claims, issuer, endpoints, policy)?;
    let Some(exp) = claims.exp else {
        return Err(WrongClaim::new("exp", "an instant", "none"));
    };
    check_times(claims, now, LONGEST_ASSERTION)?;
    match claims.jti {
        Some(jti) if (1..=LONGEST_ID).contains(&jti.len()) => {
            Ok(AssertionId { jti, expires_at: Timestamp(exp.saturating_add(LEEWAY)) })
        }
        Some(jti) => {
            Err(WrongClaim::new("jti", format!("1 to {LONGEST_ID} bytes"), format!("{} bytes", jti.len())))
        }
        None => Err(WrongClaim::new("jti", "an id", "none")),
    }
}

fn check_assertion_audience(
    claims: &JwtClaims<'_>,
    issuer: &str,
    endpoints: &[String],
    policy: AssertionAudience,
) -> Result<(), WrongClaim> {
    let (fits, expected) = match policy {
        AssertionAudience::Issuer => {
            (!claims.aud_is_list && claims.aud == [issuer], format!("{issuer} as one string"))
        }
        AssertionAudience::Endpoint => (
            claims
                .aud
                .iter()
                .any(|audience| *audience == issuer || endpoints.iter().any(|own| own == audience)),
            format!("{issuer} or one of {endpoints:?}"),
        ),
    };
    if fits { Ok(()) } else { Err(WrongClaim::new("aud", expected, format!("{:?}", claims.aud))) }
}

/// Checks the instants that are there, clocks differing by [`LEEWAY`]: not expired, no more than `longest` seconds left
/// or long, neither made nor valid in the future.
pub fn check_times(claims: &JwtClaims<'_>, now: Timestamp, longest: i64) -> Result<(), WrongClaim> {
    let now = now.seconds();
    let is_ahead = |instant: i64| instant.saturating_sub(now) > LEEWAY;
    for (claim, instant) in [("nbf", claims.nbf), ("iat", claims.iat)] {
        if let Some(instant) = instant.filter(|instant| is_ahead(*instant)) {
            return Err(WrongClaim::new(claim, format!("{now} at most, and {LEEWAY}"), instant.to_string()));
        }
    }
    let Some(exp) = claims.exp else { return Ok(()) };
    if now.saturating_sub(exp) >= LEEWAY {
        return Err(WrongClaim::new("exp", format!("after {now}"), exp.to_string()));
    }
    let from = claims.iat.unwrap_or(now).min(now);
    if exp.saturating_sub(now) > longest.saturating_add(LEEWAY)
        || exp.saturating_sub(from) > longest.saturating_add(2 * LEEWAY)
    {
        let expected = format!("{longest} seconds after {from} at most");
        return Err(WrongClaim::new("exp", expected, exp.to_string()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);
    const ISSUER: &str = "https://id.example";
    const TOKEN: &str = "https://id.example/oauth2/token";

    fn claims() -> JwtClaims<'static> {
        JwtClaims {
            iss: Some("c"),
            sub: Some("c"),
            aud: vec![ISSUER],
            aud_is_list: false,
            exp: Some(NOW.0 + 60),
            nbf: None,
            iat: Some(NOW.0),
            jti: Some("1"),
        }
    }

    fn check_by(policy: AssertionAudience, claims: &JwtClaims<'_>) -> Result<(), &'static str> {
        let endpoints = [TOKEN.to_owned(), format!("{ISSUER}/oauth2/revoke")];
        check_assertion(claims, "c", ISSUER, &endpoints, policy, NOW).map(drop).map_err(|error| error.claim)
    }

    fn check(claims: &JwtClaims<'_>) -> Result<(), &'static str> {
        check_by(AssertionAudience::Endpoint, claims)
    }

    // RFC 7523 section 3 items 1, 2, 4; OpenID Connect Core section 9; T055
    #[test]
    fn t055_issuer_subject_expiry_and_id_are_required_and_the_clients_own() {
        assert_eq!(check(&claims()), Ok(()));
        for (wrong, claim) in [
            (JwtClaims { iss: None, ..claims() }, "iss"),
            (JwtClaims { iss: Some("d"), ..claims() }, "iss"),
            (JwtClaims { sub: None, ..claims() }, "sub"),
            (JwtClaims { sub: Some("d"), ..claims() }, "sub"),
            (JwtClaims { aud: vec![], ..claims() }, "aud"),
            (JwtClaims { exp: None, ..claims() }, "exp"),
            (JwtClaims { jti: None, ..claims() }, "jti"),
            (JwtClaims { jti: Some(""), ..claims() }, "jti"),
        ] {
            assert_eq!(check(&wrong), Err(claim), "{wrong:?}");
        }
        let long = "j".repeat(LONGEST_ID + 1);
        assert_eq!(check(&JwtClaims { jti: Some(&long), ..claims() }), Err("jti"));
    }

    // RFC 7523 section 3 items 4 to 6; conformance.md 5.3: 8 seconds ahead are fine, 60 are not
    #[test]
    fn t055_clocks_may_differ_by_seconds_and_lives_are_minutes() {
        let now = NOW.0;
        for (instants, verdict) in [
            ((now + 60, None, Some(now + 10)), Ok(())),
            ((now + 60, Some(now + 8), None), Ok(())),
            ((now + 60, None, Some(now + 60)), Err("iat")),
            ((now + 60, None, Some(now + 61)), Err("iat")),
            ((now + 60, Some(now + 60), None), Err("nbf")),
            ((now + 60, Some(now + 3600), None), Err("nbf")),
            ((now - 10, None, None), Ok(())),
            ((now - 30, None, None), Err("exp")),
            ((now - 300, None, None), Err("exp")),
            ((now + 600, None, Some(now)), Ok(())),
            ((now + 3600, None, None), Err("exp")),
            ((now + 60, None, Some(now - 3600)), Err("exp")),
            ((i64::MAX, None, Some(0)), Err("exp")),
        ] {
            let (exp, nbf, iat) = instants;
            assert_eq!(check(&JwtClaims { exp: Some(exp), nbf, iat, ..claims() }), verdict, "{instants:?}");
        }
    }

    // OpenID Connect Core section 9, RFC 7523 section 3 item 3
    #[test]
    fn the_issuer_or_an_endpoint_may_be_the_audience_also_in_a_list() {
        for audience in
            [vec![ISSUER], vec![TOKEN], vec!["https://id.example/oauth2/revoke"], vec!["x", ISSUER]]
        {
            let claims = JwtClaims { aud_is_list: audience.len() > 1, aud: audience, ..claims() };
            assert_eq!(check(&claims), Ok(()), "{claims:?}");
        }
        for audience in ["https://id.example/", "https://other.example", "https://id.example/oauth2/par"] {
            assert_eq!(check(&JwtClaims { aud: vec![audience], ..claims() }), Err("aud"), "{audience}");
        }
    }

    // RFC 10070, FAPI 2 section 5.3.2.1; T056
    #[test]
    fn t056_a_strict_client_names_the_issuer_as_one_string() {
        let strict = |aud, aud_is_list| {
            check_by(AssertionAudience::Issuer, &JwtClaims { aud, aud_is_list, ..claims() })
        };
        assert_eq!(strict(vec![ISSUER], false), Ok(()));
        for (audience, is_list) in [
            (vec![ISSUER], true),
            (vec![TOKEN], false),
            (vec![ISSUER, TOKEN], true),
            (vec![ISSUER, "https://other.example"], true),
            (vec!["https://id.example/"], false),
        ] {
            assert_eq!(strict(audience.clone(), is_list), Err("aud"), "{audience:?}");
        }
    }
}
