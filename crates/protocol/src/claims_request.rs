//! The `claims` request parameter (OpenID Connect Core section 5.5): which claims a client wants one by one, where, and
//! with which values. What nobody here knows is dropped when it is read, as the specification asks (section 5.5.1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::claims::{ClaimScopes, base_name};
use crate::language_tag::is_language_tag;

/// Claims of the server itself that a request may name: who must answer, and how the user was authenticated.
const OF_THE_SERVER: &[&str] = &["sub", "acr", "auth_time", "amr"];
const MOST_CLAIMS: usize = 100;
const MOST_LOCALES: usize = 20;

/// A claims request; serialised as the parameter is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimsRequest {
    /// What userinfo is asked for.
    #[serde(skip_serializing_if = "RequestedClaims::is_empty")]
    pub userinfo: RequestedClaims,
    /// What the ID token is asked for.
    #[serde(skip_serializing_if = "RequestedClaims::is_empty")]
    pub id_token: RequestedClaims,
    /// `claims_locales`: the languages that claims are wanted in (section 5.2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locales: Vec<String>,
}

/// Claims by name, in the order asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
pub struct RequestedClaims(Vec<(String, RequestedClaim)>);

/// How one claim is requested (section 5.5.1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestedClaim {
    /// Whether the client cannot do what it is asked to do without it.
    pub essential: bool,
    /// The values that will do; none: any.
    pub values: Option<Vec<Value>>,
}

/// Why a text is no claims request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsRequestError {
    /// Not JSON, or JSON of another shape.
    #[error("must be a JSON object whose userinfo and id_token are objects")]
    Shape,
    /// A claim is not requested by `null` or an object.
    #[error("a claim must be requested by null or by an object")]
    Request,
    /// `essential` is no boolean, or `values` no array.
    #[error("essential must be true or false, and values an array")]
    Member,
    /// More claims than anybody has.
    #[error("at most {MOST_CLAIMS} claims can be requested")]
    TooMany,
}

impl ClaimsRequest {
    /// Reads the parameter and keeps what can be answered: claims of users that `known` lists, and those of the server.
    pub fn parse(text: &str, known: &ClaimScopes) -> Result<Self, ClaimsRequestError> {
        let document: Value = serde_json::from_str(text).map_err(|_| ClaimsRequestError::Shape)?;
        let document = document.as_object().ok_or(ClaimsRequestError::Shape)?;
        let target = |name: &str| match document.get(name) {
            None | Some(Value::Null) => Ok(RequestedClaims::default()),
            Some(Value::Object(requests)) => RequestedClaims::read(requests, known),
            Some(_) => Err(ClaimsRequestError::Shape),
        };
        Ok(Self { userinfo: target("userinfo")?, id_token: target("id_token")?, locales: Vec::new() })
    }

    /// Adds `claims_locales`; what is no language tag is ignored, as every wish that cannot be met (section 5.2).
    #[must_use]
    pub fn in_languages(mut self, claims_locales: &str) -> Self {
        let tags = claims_locales.split(' ').filter(|tag| is_language_tag(tag));
        self.locales = tags.take(MOST_LOCALES).map(str::to_owned).collect();
        self
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty() && self.locales.is_empty()
    }

    /// The claims about the user that are asked for, each once and without its language.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for (name, _) in self.userinfo.iter().chain(self.id_token.iter()) {
            let name = base_name(name);
            if !OF_THE_SERVER.contains(&name) && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

impl RequestedClaims {
    fn read(requests: &Map<String, Value>, known: &ClaimScopes) -> Result<Self, ClaimsRequestError> {
        if requests.len() > MOST_CLAIMS {
            return Err(ClaimsRequestError::TooMany);
        }
        let known = known.claims();
        let mut claims = Self::try_from(requests.clone())?;
        claims
            .0
            .retain(|(name, _)| OF_THE_SERVER.contains(&name.as_str()) || known.contains(&base_name(name)));
        Ok(claims)
    }

    /// The claims in the order asked.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RequestedClaim)> {
        self.0.iter().map(|(name, claim)| (name.as_str(), claim))
    }

    /// How this claim is requested.
    pub fn get(&self, name: &str) -> Option<&RequestedClaim> {
        self.iter().find(|(own, _)| *own == name).map(|(_, claim)| claim)
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Map<String, Value>> for RequestedClaims {
    type Error = ClaimsRequestError;

    fn try_from(requests: Map<String, Value>) -> Result<Self, ClaimsRequestError> {
        let read = |(name, request)| Ok((name, RequestedClaim::read(&request)?));
        requests.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl From<RequestedClaims> for Map<String, Value> {
    fn from(claims: RequestedClaims) -> Self {
        claims.0.into_iter().map(|(name, claim)| (name, claim.write())).collect()
    }
}

impl RequestedClaim {
    fn write(self) -> Value {
        let mut members = Map::new();
        if self.essential {
            members.insert("essential".to_owned(), Value::Bool(true));
        }
        if let Some(values) = self.values {
            members.insert("values".to_owned(), Value::Array(values));
        }
        if members.is_empty() { Value::Null } else { Value::Object(members) }
    }

    fn read(request: &Value) -> Result<Self, ClaimsRequestError> {
        let members = match request {
            Value::Null => return Ok(Self::default()),
            Value::Object(members) => members,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(ClaimsRequestError::Request);
            }
        };
        let essential = match members.get("essential") {
            None => false,
            Some(essential) => essential.as_bool().ok_or(ClaimsRequestError::Member)?,
        };
        let values = match (members.get("value"), members.get("values")) {
            (Some(value), _) => Some(vec![value.clone()]),
            (None, Some(values)) => Some(values.as_array().ok_or(ClaimsRequestError::Member)?.clone()),
            (None, None) => None,
        };
        Ok(Self { essential, values })
    }

    /// Whether this value is one that was asked for.
    pub fn allows(&self, value: &Value) -> bool {
        self.values.as_ref().is_none_or(|values| values.contains(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(document: &Value) -> Result<ClaimsRequest, ClaimsRequestError> {
        ClaimsRequest::parse(&document.to_string(), &ClaimScopes::default())
    }

    #[test]
    fn claims_are_requested_by_null_by_need_and_by_value() {
        let request = parse(&json!({
            "userinfo": { "name": { "essential": true }, "email": null, "name#fr": null },
            "id_token": { "auth_time": { "essential": true }, "acr": { "values": ["1", "2"] }, "sub": { "value": "ada" } }
        }))
        .unwrap();
        assert!(request.userinfo.get("name").unwrap().essential);
        assert_eq!(request.userinfo.get("email"), Some(&RequestedClaim::default()));
        assert!(request.id_token.get("acr").unwrap().allows(&json!("2")));
        assert!(!request.id_token.get("acr").unwrap().allows(&json!("3")));
        assert_eq!(request.id_token.get("sub").unwrap().values, Some(vec![json!("ada")]));
        assert_eq!(request.names(), ["name", "email"]);
        let kept = serde_json::to_value(&request).unwrap();
        assert_eq!(serde_json::from_value::<ClaimsRequest>(kept).unwrap(), request);
    }

    /// OpenID Connect Core section 5.5.1: what is not understood is ignored.
    #[test]
    fn unknown_claims_members_and_targets_are_ignored() {
        let request = parse(&json!({
            "verified": { "x": null },
            "userinfo": { "http://example.info/claims/groups": null, "email": { "essential": false, "odd": 1 }, "iss": null }
        }))
        .unwrap();
        assert_eq!(request.userinfo.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["email"]);
        assert!(request.id_token.is_empty());
    }

    #[test]
    fn another_shape_is_refused_with_what_is_wrong() {
        for (document, error) in [
            (json!([]), ClaimsRequestError::Shape),
            (json!({ "userinfo": [] }), ClaimsRequestError::Shape),
            (json!({ "id_token": { "name": true } }), ClaimsRequestError::Request),
            (json!({ "id_token": { "name": { "essential": "yes" } } }), ClaimsRequestError::Member),
            (json!({ "id_token": { "name": { "values": "x" } } }), ClaimsRequestError::Member),
        ] {
            assert_eq!(parse(&document), Err(error), "{document}");
        }
        assert_eq!(
            ClaimsRequest::parse("{", &ClaimScopes::default()).unwrap_err(),
            ClaimsRequestError::Shape
        );
        let many: Map<String, Value> = (0..101).map(|claim| (claim.to_string(), Value::Null)).collect();
        assert_eq!(parse(&json!({ "userinfo": many })), Err(ClaimsRequestError::TooMany));
    }

    #[test]
    fn languages_are_wishes() {
        let request = ClaimsRequest::default().in_languages("de fr-CA <x>");
        assert_eq!(request.locales, ["de", "fr-CA"]);
        assert!(request.names().is_empty());
    }
}
