//! What may be registered by whom: the operator's settings, or an initial access token that is good for less.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::client_metadata::{ClientAuthMethod, ClientMetadata, GrantType, MetadataError};
use crate::scope::Scope;

/// Limits on what is registered. What is `None` is not narrowed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrationLimits {
    /// What redirect URIs must look like, those after a logout too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uris: Option<Vec<RedirectPattern>>,
    /// The grants that may be registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<GrantType>>,
    /// The scope that is given of what is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Scope>,
    /// The client authentication methods that may be registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_methods: Option<Vec<ClientAuthMethod>>,
}

impl RegistrationLimits {
    /// Whether nothing is narrowed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses what may not be registered, by the name of its member. The scope is left to [`Self::scopes`]: of it, what
    /// may be is given.
    pub fn check(&self, metadata: &ClientMetadata) -> Result<(), MetadataError> {
        if let Some(allowed) = &self.grant_types
            && let Some(grant) = metadata.grant_types.iter().find(|grant| !allowed.contains(grant))
        {
            return Err(refused("grant_types", format!("{grant} cannot be registered here")));
        }
        let method = metadata.token_endpoint_auth_method;
        if self.auth_methods.as_ref().is_some_and(|allowed| !allowed.contains(&method)) {
            return Err(refused("token_endpoint_auth_method", format!("{method} cannot be registered here")));
        }
        if let Some(patterns) = &self.redirect_uris {
            let strays = |uri: &&String| !patterns.iter().any(|pattern| pattern.matches(uri));
            for (member, uris) in [
                ("redirect_uris", &metadata.redirect_uris),
                ("post_logout_redirect_uris", &metadata.post_logout_redirect_uris),
            ] {
                if let Some(uri) = uris.iter().find(strays) {
                    let reason = format!("{uri} is not among those that may be registered here");
                    return Err(refused(member, reason));
                }
            }
        }
        Ok(())
    }
}

fn refused(member: &str, reason: String) -> MetadataError {
    MetadataError { member: member.to_owned(), reason }
}

/// A redirect URI with gaps: `*` stands for letters, digits, `-`, `.`, `_` and `~`, so that it never leaves its host
/// or its part of the path; `**` at the end stands for everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectPattern(String);

impl TryFrom<String> for RedirectPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<RedirectPattern> for String {
    fn from(pattern: RedirectPattern) -> Self {
        pattern.0
    }
}

impl RedirectPattern {
    /// Reads a pattern; the error says what it cannot be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        if scheme.is_empty() || scheme.contains('*') {
            return Err("must begin with a scheme, such as https://*.example.com/**".to_owned());
        }
        let authority_is_open = rest.strip_prefix("//").is_some_and(|rest| !rest.contains('/'));
        if authority_is_open && text.ends_with("**") {
            return Err("must not leave the host open: write a / before **".to_owned());
        }
        if text.strip_suffix("**").unwrap_or(text).contains("**") {
            return Err("may have ** at the end only".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether a URI is of this form.
    pub fn matches(&self, uri: &str) -> bool {
        let uri = uri.as_bytes();
        let open_ended = self.0.strip_suffix("**");
        let mut reached = BTreeSet::from([0]);
        for byte in open_ended.unwrap_or(&self.0).bytes() {
            reached = reached.into_iter().flat_map(|at| steps(uri, byte, at)).collect();
        }
        if open_ended.is_some() { !reached.is_empty() } else { reached.contains(&uri.len()) }
    }
}

/// How far into `uri` one byte of a pattern leads from `at`.
fn steps(uri: &[u8], byte: u8, at: usize) -> std::ops::RangeInclusive<usize> {
    let rest = uri.get(at..).unwrap_or_default();
    let fills_a_gap = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    match rest.first() {
        _ if byte == b'*' => at..=at + rest.iter().take_while(fills_a_gap).count(),
        Some(first) if *first == byte => at + 1..=at + 1,
        // Nowhere.
        Some(_) | None => std::ops::RangeInclusive::new(1, 0),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn limits_read_back_as_they_were_written_and_misspelt_ones_are_refused() {
        let limits = json!({
            "redirect_uris": ["https://*.example/**"], "grant_types": ["authorization_code"], "scopes": "openid api",
            "auth_methods": ["none"],
        });
        let read: RegistrationLimits = serde_json::from_value(limits.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), limits);
        for wrong in [
            json!({ "redirect_uri": ["https://a.example/**"] }),
            json!({ "redirect_uris": ["*"] }),
            json!({ "grant_types": ["password"] }),
            json!({ "scopes": "a\"b" }),
        ] {
            assert!(serde_json::from_value::<RegistrationLimits>(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_gap_never_leaves_its_host_or_its_part_of_the_path() {
        for (pattern, uri, matches) in [
            ("https://app.example/cb", "https://app.example/cb", true),
            ("https://app.example/cb", "https://app.example/cb2", false),
            ("https://*.example.com/cb", "https://a.b.example.com/cb", true),
            ("https://*.example.com/cb", "https://evil.test/.example.com/cb", false),
            ("https://*.example.com/cb", "https://evil.test?.example.com/cb", false),
            ("https://*.example.com/cb", "https://evil.test:1.example.com/cb", false),
            ("https://app.example/*/cb", "https://app.example/one/cb", true),
            ("https://app.example/*/cb", "https://app.example/one/two/cb", false),
            ("https://app.example/**", "https://app.example/one/two?three", true),
            ("https://app.example/**", "https://app.example.evil.test/", false),
            ("http://127.0.0.1:*/cb", "http://127.0.0.1:49152/cb", true),
            ("com.example.app:/*", "com.example.app:/cb", true),
        ] {
            assert_eq!(RedirectPattern::parse(pattern).unwrap().matches(uri), matches, "{pattern} {uri}");
        }
        let many = format!("https://{}", "a".repeat(2000));
        assert!(!RedirectPattern::parse("https://*a*a*a*a*a*b").unwrap().matches(&many));
    }
}
