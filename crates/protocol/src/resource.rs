//! Who a token is for: `resource` (RFC 8707) and `audience`. Both may repeat, and both end in `aud`
//! byte for byte. A client with an audience list gets nothing outside it; one without may name any
//! resource, because a resource only narrows a token, but no audience.

use url::Url;

use crate::error::{ErrorCode, RequestRefusal};
use crate::params::Params;

/// The parameters that may repeat.
pub const REPEATABLE: &[&str] = &["resource", "audience"];

const MOST: usize = 10;
const LONGEST: usize = 2048;

/// What a request asks a token to be for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// `audience`, each value split at spaces.
    pub audience: Vec<String>,
    /// `resource`, each value an absolute URI.
    pub resource: Vec<String>,
}

impl Targets {
    /// Reads and checks both parameters; anything malformed is `invalid_target`.
    pub fn read(params: &Params) -> Result<Self, RequestRefusal> {
        let audience = params.many("audience").into_iter().flat_map(|value| value.split(' '));
        let audience = distinct(audience.filter(|value| !value.is_empty()));
        let resource = distinct(params.many("resource").into_iter());
        for (name, values) in [("audience", &audience), ("resource", &resource)] {
            if values.len() > MOST {
                let received = format!("{} values", values.len());
                return Err(refused(name, format!("at most {MOST} values"), received));
            }
        }
        if let Some(value) = audience.iter().find(|value| !is_audience(value)) {
            return Err(refused("audience", "printable ASCII, at most 2048 bytes".to_owned(), value.clone()));
        }
        if let Some(value) = resource.iter().find(|value| !is_resource(value)) {
            return Err(refused("resource", "an absolute URI without fragment".to_owned(), value.clone()));
        }
        Ok(Self { audience, resource })
    }

    /// Refuses what the client's audience list does not hold.
    pub fn check_allowed(&self, allowed: &[String]) -> Result<(), RequestRefusal> {
        let outside = |value: &&String| !allowed.contains(value);
        let audience = self.audience.iter().find(outside).map(|value| ("audience", value));
        let resource = self.resource.iter().find(|value| !allowed.is_empty() && outside(value));
        match audience.or(resource.map(|value| ("resource", value))) {
            Some((name, value)) => {
                let expected = format!("one of {allowed:?}");
                Err(refused(name, expected, value.clone()).because_of("the client's audience"))
            }
            None => Ok(()),
        }
    }

    /// Both lists as one, each value once.
    pub fn all(&self) -> Vec<String> {
        distinct(self.audience.iter().chain(&self.resource).map(String::as_str))
    }
}

/// The targets of one token of a grant: all that was granted when nothing is asked; never more than was
/// granted (RFC 8707 section 2.2), nor than the client is allowed by now.
pub fn narrow(
    requested: &[String],
    granted: &[String],
    allowed: &[String],
) -> Result<Vec<String>, RequestRefusal> {
    let still_allowed = |value: &&String| allowed.is_empty() || allowed.contains(value);
    if requested.is_empty() {
        return Ok(granted.iter().filter(still_allowed).cloned().collect());
    }
    match requested.iter().find(|value| !granted.contains(value) || !still_allowed(value)) {
        Some(value) => {
            Err(refused("resource", format!("a part of what was granted: {granted:?}"), value.clone()))
        }
        None => Ok(requested.to_vec()),
    }
}

/// Whether `text` may be an audience: printable ASCII without spaces.
pub fn is_audience(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_resource(text: &str) -> bool {
    is_audience(text) && !text.contains('#') && Url::parse(text).is_ok()
}

fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for value in values {
        if !list.iter().any(|known| known == value) {
            list.push(value.to_owned());
        }
    }
    list
}

fn refused(check: &'static str, expected: String, received: String) -> RequestRefusal {
    RequestRefusal::new(ErrorCode::InvalidTarget, check, expected, received)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Targets, RequestRefusal> {
        Targets::read(&Params::parse(query.as_bytes()).unwrap())
    }

    fn list(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn both_parameters_repeat_and_keep_every_byte() {
        let targets =
            read("resource=https://api.example/&resource=https://api.example/&audience=a+b&audience=c")
                .unwrap();
        assert_eq!(targets.resource, list(&["https://api.example/"]));
        assert_eq!(targets.audience, list(&["a", "b", "c"]));
        assert_eq!(targets.all(), list(&["a", "b", "c", "https://api.example/"]));
        assert_eq!(read("resource=&audience=").unwrap(), Targets::default());
    }

    #[test]
    fn malformed_targets_are_refused() {
        let many = (0..11).map(|n| format!("resource=https://api.example/{n}")).collect::<Vec<_>>().join("&");
        let cases = [
            "resource=/api",
            "resource=https://api.example/%23f",
            "resource=api",
            "resource=https://a%0ab",
            &many,
        ];
        for query in cases {
            assert_eq!(read(query).unwrap_err().code, ErrorCode::InvalidTarget, "{query}");
        }
        assert!(read("audience=caf%C3%A9").is_err());
    }

    #[test]
    fn a_list_binds_both_and_no_list_frees_resources_only() {
        let allowed = list(&["https://api.example", "reports"]);
        assert!(
            read("resource=https://api.example&audience=reports").unwrap().check_allowed(&allowed).is_ok()
        );
        assert!(read("resource=https://other.example").unwrap().check_allowed(&allowed).is_err());
        assert!(read("audience=other").unwrap().check_allowed(&allowed).is_err());
        assert!(read("resource=https://other.example").unwrap().check_allowed(&[]).is_ok());
        assert!(read("audience=other").unwrap().check_allowed(&[]).is_err());
    }

    #[test]
    fn a_token_is_for_a_part_of_what_was_granted() {
        let granted = list(&["a", "b"]);
        for (requested, allowed, expected) in [
            (vec![], vec![], Some(list(&["a", "b"]))),
            (vec!["a"], vec![], Some(list(&["a"]))),
            (vec!["c"], vec![], None),
            (vec!["c"], vec!["c"], None),
            (vec![], vec!["b"], Some(list(&["b"]))),
            (vec!["a"], vec!["b"], None),
        ] {
            let narrowed = narrow(&list(&requested), &granted, &list(&allowed)).ok();
            assert_eq!(narrowed, expected, "{requested:?} {allowed:?}");
        }
    }
}
