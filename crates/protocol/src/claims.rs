//! Standard claims about the user (OpenID Connect Core section 5). Types are checked when a claim is
//! written, so that reading never has to doubt them; which claims a scope releases is one table.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::claims_request::RequestedClaims;
use crate::language_tag::{is_language_tag, is_of_language};
use crate::scope::Scope;

/// What is known about a user, apart from `sub`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct UserClaims(Map<String, Value>);

/// A claim that cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("claim {claim}: {reason}")]
pub struct ClaimError {
    /// The claim's name.
    pub claim: String,
    /// What it should have been.
    pub reason: &'static str,
}

type Check = fn(&Value) -> Result<(), &'static str>;

/// Standard claim, the scope that releases it, its type (OpenID Connect Core sections 5.1 and 5.4).
const STANDARD: &[(&str, &str, Check)] = &[
    ("name", "profile", text),
    ("family_name", "profile", text),
    ("given_name", "profile", text),
    ("middle_name", "profile", text),
    ("nickname", "profile", text),
    ("preferred_username", "profile", text),
    ("profile", "profile", web_page),
    ("picture", "profile", web_page),
    ("website", "profile", web_page),
    ("gender", "profile", text),
    ("birthdate", "profile", birthdate),
    ("zoneinfo", "profile", zone),
    ("locale", "profile", locale),
    ("updated_at", "profile", number),
    ("email", "email", email),
    ("email_verified", "email", boolean),
    ("address", "address", address),
    ("phone_number", "phone", text),
    ("phone_number_verified", "phone", boolean),
];

/// Members of `address` (OpenID Connect Core section 5.1.1).
const ADDRESS_MEMBERS: &[&str] =
    &["formatted", "street_address", "locality", "region", "postal_code", "country"];

/// Names that tokens use for themselves: as user claims they could forge one.
const RESERVED: &[&str] = &[
    "sub",
    "iss",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "azp",
    "nonce",
    "auth_time",
    "acr",
    "amr",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
    "cnf",
    "act",
    "may_act",
    "scope",
    "client_id",
    "active",
    "authorization_details",
    "events",
];

const MOST_BYTES: usize = 16 * 1024;

impl UserClaims {
    /// Accepts a JSON object whose standard claims have their standard types.
    pub fn parse(value: Value) -> Result<Self, ClaimError> {
        let Value::Object(claims) = value else {
            return Err(refused("", "claims must be a JSON object"));
        };
        for (claim, value) in &claims {
            check(claim, value).map_err(|reason| refused(claim, reason))?;
        }
        if Value::Object(claims.clone()).to_string().len() > MOST_BYTES {
            return Err(refused("", "all claims together may have 16 KiB"));
        }
        Ok(Self(claims))
    }

    /// The claim of that name.
    pub fn get(&self, claim: &str) -> Option<&Value> {
        self.0.get(claim)
    }

    /// The claim of that name, when it is text.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.0.get(claim)?.as_str()
    }

    /// Sets one claim, checked as `parse` does.
    pub fn set(&mut self, claim: &str, value: Value) -> Result<(), ClaimError> {
        check(claim, &value).map_err(|reason| refused(claim, reason))?;
        self.0.insert(claim.to_owned(), value);
        Ok(())
    }

    /// These claims with others set and some taken away, checked as `parse` does.
    pub fn changed(&self, set: &Self, removed: &[String]) -> Result<Self, ClaimError> {
        let mut claims = self.0.clone();
        for claim in removed {
            claims.shift_remove(claim);
        }
        claims.extend(set.0.clone());
        Self::parse(Value::Object(claims))
    }

    /// Sets one claim unless it is there already.
    pub fn set_default(&mut self, claim: &str, value: Value) -> Result<(), ClaimError> {
        if self.0.contains_key(claim) { Ok(()) } else { self.set(claim, value) }
    }

    /// The translations of a claim into these languages, or a dialect of one of them.
    fn in_languages(&self, claim: &str, locales: &[String]) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value)).filter(move |(name, _)| {
            let tag = name.strip_prefix(claim).and_then(|rest| rest.strip_prefix('#'));
            tag.is_some_and(|tag| locales.iter().any(|locale| is_of_language(tag, locale)))
        })
    }

    /// Every claim.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Which claims each scope releases: the standard ones (section 5.4), and those that the operator adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimScopes(Vec<(String, Vec<String>)>);

impl ClaimScopes {
    /// The standard scopes with more of the operator's: each a scope and its claims. The error says which cannot be.
    pub fn with(extra: Vec<(String, Vec<String>)>) -> Result<Self, String> {
        for (scope, claims) in &extra {
            if !Scope::parse(scope).is_ok_and(|parsed| parsed.as_str() == scope && parsed.iter().count() == 1)
            {
                return Err(format!("\"{scope}\" is not one scope"));
            }
            if let Some(claim) = claims.iter().find(|claim| !may_be_stored(claim) || claim.contains('#')) {
                return Err(format!("\"{claim}\" cannot be a claim about a user"));
            }
        }
        Ok(Self(extra))
    }

    /// Every scope that releases claims, the standard ones first.
    pub fn scopes(&self) -> Vec<&str> {
        let mut scopes = Vec::new();
        let extra = self.0.iter().map(|(scope, _)| scope.as_str());
        for scope in STANDARD.iter().map(|(_, scope, _)| *scope).chain(extra) {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        scopes
    }

    /// Every claim that can be released, the standard ones first.
    pub fn claims(&self) -> Vec<&str> {
        let mut claims: Vec<&str> = STANDARD.iter().map(|(claim, ..)| *claim).collect();
        for claim in self.0.iter().flat_map(|(_, claims)| claims) {
            if !claims.contains(&claim.as_str()) {
                claims.push(claim);
            }
        }
        claims
    }

    /// Whether a claim of this name can be released at all.
    pub fn has_claim(&self, claim: &str) -> bool {
        self.claims().contains(&claim)
    }

    /// The claims that `scope` releases.
    pub fn released_by(&self, scope: &Scope) -> Vec<&str> {
        let standard = STANDARD.iter().filter(|(_, by, _)| scope.contains(by)).map(|(claim, ..)| *claim);
        let mut released: Vec<&str> = standard.collect();
        for claim in self.0.iter().filter(|(by, _)| scope.contains(by)).flat_map(|(_, claims)| claims) {
            if !released.contains(&claim.as_str()) {
                released.push(claim);
            }
        }
        released
    }
}

/// The standard scope that releases a claim.
pub fn standard_scope_of(claim: &str) -> Option<&'static str> {
    STANDARD.iter().find(|(own, ..)| *own == claim).map(|(_, scope, _)| *scope)
}

/// What of a user's claims an answer has: those of the scope, and those asked for one by one (sections 5.4 and 5.5); in
/// the languages asked for beside the original (section 5.2).
pub fn released<'a>(
    user: &UserClaims,
    of_scope: impl IntoIterator<Item = &'a str>,
    requested: &RequestedClaims,
    locales: &[String],
) -> Map<String, Value> {
    let mut answer = Map::new();
    let mut release = |claim: &str| {
        if let Some(value) = user.get(claim) {
            answer.insert(claim.to_owned(), value.clone());
        }
        for (name, value) in user.in_languages(claim, locales) {
            answer.insert(name.to_owned(), value.clone());
        }
    };
    of_scope.into_iter().for_each(&mut release);
    for (claim, request) in requested.iter() {
        // A value that is not the one asked for is no answer to the request.
        if user.get(claim).is_none_or(|value| request.allows(value)) {
            release(claim);
        }
    }
    answer
}

/// The name of a claim without its language: `name` of `name#fr-CA` (section 5.2).
pub fn base_name(claim: &str) -> &str {
    claim.split('#').next().unwrap_or(claim)
}

impl TryFrom<Value> for UserClaims {
    type Error = ClaimError;

    fn try_from(value: Value) -> Result<Self, ClaimError> {
        Self::parse(value)
    }
}

impl From<UserClaims> for Value {
    fn from(claims: UserClaims) -> Self {
        Self::Object(claims.0)
    }
}

fn refused(claim: &str, reason: &'static str) -> ClaimError {
    ClaimError { claim: claim.to_owned(), reason }
}

fn has_name(claim: &str) -> bool {
    !claim.is_empty() && claim.len() <= 255 && !claim.chars().any(char::is_control)
}

fn may_be_stored(claim: &str) -> bool {
    has_name(claim) && !RESERVED.contains(&claim)
}

fn check(claim: &str, value: &Value) -> Result<(), &'static str> {
    if !has_name(claim) {
        return Err("a claim name must have 1 to 255 bytes without control characters");
    }
    if RESERVED.contains(&claim) {
        return Err("this name is reserved for the server's own claims");
    }
    if value.is_null() {
        return Err("leave an unknown claim out instead of sending null");
    }
    // Translations carry the type of the claim they translate: `name#ja-Kana-JP` (section 5.2).
    let standard = base_name(claim);
    STANDARD.iter().find(|(name, ..)| *name == standard).map_or(Ok(()), |(_, _, check)| check(value))
}

fn text(value: &Value) -> Result<(), &'static str> {
    match value.as_str() {
        Some(text) if !text.is_empty() && !text.contains('\0') => Ok(()),
        _ => Err("must be non-empty text"),
    }
}

fn boolean(value: &Value) -> Result<(), &'static str> {
    if value.is_boolean() { Ok(()) } else { Err("must be true or false") }
}

fn number(value: &Value) -> Result<(), &'static str> {
    if value.as_i64().is_some_and(|number| number >= 0) {
        Ok(())
    } else {
        Err("must be a whole number of seconds since 1970")
    }
}

fn web_page(value: &Value) -> Result<(), &'static str> {
    let url = value.as_str().and_then(|text| url::Url::parse(text).ok());
    if url.is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
        Ok(())
    } else {
        Err("must be an http or https URL")
    }
}

fn email(value: &Value) -> Result<(), &'static str> {
    let shaped = |text: &str| {
        text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
                && !text.chars().any(|character| character.is_whitespace() || character.is_control())
        })
    };
    if value.as_str().is_some_and(shaped) { Ok(()) } else { Err("must be an e-mail address") }
}

/// `YYYY-MM-DD`, `0000-MM-DD` when the year is not told, or `YYYY`.
fn birthdate(value: &Value) -> Result<(), &'static str> {
    let field = |text: &str, length: usize| {
        (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u32>().ok())
            .flatten()
    };
    let shaped = |text: &str| {
        let mut parts = text.split('-');
        let year = parts.next().and_then(|year| field(year, 4));
        match (year, parts.next(), parts.next(), parts.next()) {
            (Some(_), None, None, None) => true,
            (Some(_), Some(month), Some(day), None) => {
                field(month, 2).is_some_and(|month| (1..=12).contains(&month))
                    && field(day, 2).is_some_and(|day| (1..=31).contains(&day))
            }
            _ => false,
        }
    };
    if value.as_str().is_some_and(shaped) { Ok(()) } else { Err("must be YYYY-MM-DD or YYYY") }
}

fn zone(value: &Value) -> Result<(), &'static str> {
    let shaped = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+'))
    };
    if value.as_str().is_some_and(shaped) { Ok(()) } else { Err("must be a time zone such as Europe/Paris") }
}

fn locale(value: &Value) -> Result<(), &'static str> {
    // `en_US` is common enough that the specification asks to accept it.
    let shaped = |text: &str| is_language_tag(&text.replace('_', "-"));
    if value.as_str().is_some_and(shaped) { Ok(()) } else { Err("must be a language tag such as en-GB") }
}

fn address(value: &Value) -> Result<(), &'static str> {
    const REASON: &str =
        "must be an object of formatted, street_address, locality, region, postal_code and country";
    let members = value.as_object().ok_or(REASON)?;
    let known =
        |(name, value): (&String, &Value)| ADDRESS_MEMBERS.contains(&name.as_str()) && text(value).is_ok();
    if !members.is_empty() && members.iter().all(known) { Ok(()) } else { Err(REASON) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims_request::ClaimsRequest;
    use serde_json::json;

    fn everything() -> Value {
        json!({
            "name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "middle_name": "A", "nickname": "ada",
            "preferred_username": "ada", "profile": "https://ada.example/", "picture": "https://ada.example/p.png",
            "website": "http://ada.example", "gender": "female", "birthdate": "1815-12-10", "zoneinfo": "Europe/London",
            "locale": "en-GB", "updated_at": 1_700_000_000, "email": "ada@example.com", "email_verified": true,
            "address": {"country": "GB", "locality": "London"}, "phone_number": "+44 20 7946 0000",
            "phone_number_verified": false, "department": ["engines"]
        })
    }

    #[test]
    fn every_standard_claim_is_accepted_and_kept() {
        let claims = UserClaims::parse(everything()).unwrap();
        assert!(ClaimScopes::default().claims().iter().all(|claim| claims.get(claim).is_some()));
        assert_eq!(serde_json::to_value(&claims).unwrap(), everything());
        assert_eq!(serde_json::from_value::<UserClaims>(everything()).unwrap(), claims);
    }

    #[test]
    fn wrong_types_are_refused_by_name() {
        for (claim, value) in [
            ("name", json!("")),
            ("name", json!(1)),
            ("name#fr", json!(1)),
            ("name", Value::Null),
            ("email_verified", json!("true")),
            ("updated_at", json!("2020-01-01")),
            ("updated_at", json!(1.5)),
            ("picture", json!("javascript:alert(1)")),
            ("email", json!("a@evil@corp")),
            ("email", json!("a b@example.com")),
            ("email", json!("a@example.com.")),
            ("birthdate", json!("1815-13-10")),
            ("birthdate", json!("10.12.1815")),
            ("zoneinfo", json!("Europe/London\n")),
            ("locale", json!("english!")),
            ("address", json!("London")),
            ("address", json!({"planet": "Earth"})),
            ("sub", json!("someone-else")),
            ("iss", json!("https://evil.example")),
            ("aud", json!("x")),
        ] {
            let refused = UserClaims::parse(json!({ claim: value })).unwrap_err();
            assert_eq!(refused.claim, claim);
        }
        assert!(UserClaims::parse(json!([])).is_err());
        assert!(UserClaims::parse(json!({"custom": "x".repeat(20_000)})).is_err());
    }

    #[test]
    fn birthdates_may_hide_the_year_or_the_day() {
        for date in ["0000-12-10", "1815", "1815-12-10"] {
            assert!(UserClaims::parse(json!({ "birthdate": date })).is_ok(), "{date}");
        }
    }

    #[test]
    fn a_scope_releases_its_claims_and_nothing_else() {
        let claims = UserClaims::parse(everything()).unwrap();
        let scopes = ClaimScopes::default();
        for (scope, expected) in [
            ("openid", vec![]),
            ("openid email", vec!["email", "email_verified"]),
            ("openid phone address", vec!["address", "phone_number", "phone_number_verified"]),
            ("emails", vec![]),
        ] {
            let scope = Scope::parse(scope).unwrap();
            let answer = released(&claims, scopes.released_by(&scope), &RequestedClaims::default(), &[]);
            assert_eq!(answer.keys().collect::<Vec<_>>(), expected, "{scope:?}");
        }
        assert_eq!(scopes.released_by(&Scope::parse("profile").unwrap()).len(), 14);
    }

    #[test]
    fn an_operator_adds_scopes_and_claims() {
        let extra = vec![
            ("company".to_owned(), vec!["department".to_owned(), "email".to_owned()]),
            ("profile".to_owned(), vec!["department".to_owned()]),
        ];
        let scopes = ClaimScopes::with(extra).unwrap();
        let company = Scope::parse("company").unwrap();
        assert_eq!(scopes.released_by(&company), ["department", "email"]);
        assert!(scopes.released_by(&Scope::parse("profile").unwrap()).contains(&"department"));
        assert_eq!(scopes.claims().iter().filter(|claim| **claim == "department").count(), 1);
        assert_eq!(scopes.scopes(), ["profile", "email", "address", "phone", "company"]);
        for (scope, claim) in [("two scopes", "a"), ("", "a"), ("x", "sub"), ("x", ""), ("x", "a#de")] {
            assert!(ClaimScopes::with(vec![(scope.to_owned(), vec![claim.to_owned()])]).is_err());
        }
    }

    /// OpenID Connect Core sections 5.2 and 5.5.
    #[test]
    fn claims_are_released_one_by_one_by_value_and_in_languages() {
        let user =
            json!({ "name": "Ada", "name#fr-CA": "Adèle", "name#de": "Ada", "email": "ada@example.com" });
        let user = UserClaims::parse(user).unwrap();
        let asked = |document: Value| {
            ClaimsRequest::parse(&json!({ "userinfo": document }).to_string(), &ClaimScopes::default())
                .unwrap()
                .userinfo
        };
        let names = |requested: Value, locales: &[&str]| {
            let locales: Vec<String> = locales.iter().map(|&locale| locale.to_owned()).collect();
            released(&user, [], &asked(requested), &locales).keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(json!({ "name": { "essential": true } }), &[]), ["name"]);
        assert_eq!(names(json!({ "name#de": null, "nickname": null }), &[]), ["name#de"]);
        assert_eq!(names(json!({ "name": null }), &["fr", "x"]), ["name", "name#fr-CA"]);
        assert_eq!(names(json!({ "email": { "value": "eve@example.com" } }), &[]), [""; 0]);
        assert_eq!(names(json!({ "email": { "values": ["ada@example.com"] } }), &[]), ["email"]);
    }

    #[test]
    fn a_default_does_not_replace_what_the_user_has() {
        let mut claims = UserClaims::parse(json!({"preferred_username": "ada"})).unwrap();
        claims.set_default("preferred_username", json!("login-name")).unwrap();
        assert_eq!(claims.text("preferred_username"), Some("ada"));
        claims.set_default("name", json!("Ada")).unwrap();
        assert_eq!(claims.text("name"), Some("Ada"));
        assert!(claims.set("sub", json!("x")).is_err());
    }
}
