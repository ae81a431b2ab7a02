//! What a registration stays bound to: it was allowed on these terms, so whatever takes its place is too.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::limits::RegistrationLimits;

/// The terms on which a client was registered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegistrationTerms {
    /// The initial access token, by its id; one of the configuration has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_access_token: Option<String>,
    /// What that token was good for.
    #[serde(skip_serializing_if = "RegistrationLimits::is_empty")]
    pub limits: RegistrationLimits,
    /// The software statement, whose claims are the client's metadata (RFC 7591 section 3.1.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_statement: Option<SoftwareStatement>,
}

impl RegistrationTerms {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A software statement that was verified (RFC 7591 section 2.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoftwareStatement {
    /// The JWT as it was presented: answers return it unmodified.
    pub jwt: String,
    /// Its claims.
    pub claims: Map<String, Value>,
}

/// Claims of a statement about itself (RFC 7519 section 4.1), and what this server alone gives: none is metadata.
const NOT_METADATA: &[&str] =
    &["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "client_secret", "software_statement"];

impl SoftwareStatement {
    /// Puts what is stated in the place of what the document says by itself (RFC 7591 section 3.1.1).
    pub fn override_members(&self, document: &mut Map<String, Value>) {
        let stated = self.claims.iter().filter(|(name, _)| !NOT_METADATA.contains(&name.as_str()));
        // A translation (section 2.2) is shown in place of the original, so one that is not stated goes with what it translates.
        document.retain(|name, _| {
            !name.split_once('#').is_some_and(|(member, _)| self.claims.contains_key(member))
        });
        document.extend(stated.map(|(name, value)| (name.clone(), value.clone())));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 7591 section 3.1.1.
    #[test]
    fn what_is_stated_wins_over_what_is_said() {
        let claims = json!({
            "iss": "https://issuer.example", "iat": 1, "client_id": "c", "client_name": "Stated",
            "redirect_uris": ["https://stated.example/cb"],
        });
        let claims = claims.as_object().unwrap().clone();
        let statement = SoftwareStatement { jwt: "a.b.c".to_owned(), claims };
        let mut document =
            json!({ "client_name": "Said", "contacts": ["a@b.example"] }).as_object().unwrap().clone();
        statement.override_members(&mut document);
        let merged = json!({
            "client_name": "Stated", "contacts": ["a@b.example"], "redirect_uris": ["https://stated.example/cb"],
        });
        assert_eq!(Value::Object(document), merged);
    }

    /// Else a stated name would be shown to nobody whose language the client translated it into (T154).
    #[test]
    fn what_is_stated_wins_over_translations_that_are_not() {
        let claims = json!({ "client_name": "Wiki", "client_name#de": "Das Wiki", "tos_uri#fr": "https://a.example/fr" });
        let statement =
            SoftwareStatement { jwt: "a.b.c".to_owned(), claims: claims.as_object().unwrap().clone() };
        let said = json!({
            "client_name#en": "Your Bank", "client_name#de": "Ihre Bank", "tos_uri#es": "https://a.example/es",
        });
        let mut document = said.as_object().unwrap().clone();
        statement.override_members(&mut document);
        let merged = json!({
            "tos_uri#es": "https://a.example/es", "client_name": "Wiki", "client_name#de": "Das Wiki",
            "tos_uri#fr": "https://a.example/fr",
        });
        assert_eq!(Value::Object(document), merged);
    }
}
