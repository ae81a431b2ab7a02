//! What clients may be registered for at most.

use grantor_protocol::{PkceRule, ResponseType};

use super::reader::Reader;

/// The widest that any client may be registered for; each can be narrower.
#[derive(Debug)]
pub struct Clients {
    /// The response types offered (OpenID Connect Core section 3).
    pub response_types: Vec<ResponseType>,
    /// Who must use PKCE (RFC 7636, OAuth 2.1 section 7.5.1).
    pub pkce: PkceRule,
    /// Whether a client may ask for `alg` none.
    pub allow_unsigned: bool,
    /// Whether a `request_uri` must be registered (OpenID Connect Core section 6.2).
    pub require_request_uri_registration: bool,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Clients> {
    let response_types = reader.list("clients.response_types", |text| {
        ResponseType::parse(text).map_err(|_| {
            format!("\"{text}\" is not a response type; use \"code\", \"id_token\", \"code id_token\" and the like")
        })
    });
    let pkce = reader.parsed("clients.pkce", |text| match text {
        "always" => Ok(PkceRule::Always),
        "nonce" => Ok(PkceRule::Nonce),
        "public" => Ok(PkceRule::Public),
        _ => Err(format!("\"{text}\" is not a rule: use \"always\", \"nonce\" or \"public\"")),
    });
    let allow_unsigned = reader.boolean("clients.allow_unsigned");
    let request_uris = reader.boolean("clients.require_request_uri_registration");

    if response_types.iter().flatten().any(|asked| *asked == ResponseType::TOKEN) {
        reader.problem(
            "clients.response_types",
            "has \"token\", the implicit grant of OAuth 2.0, which is not offered: use \"code\" (RFC 9700 section 2.1.2)",
        );
    }
    if response_types.as_ref().is_some_and(Vec::is_empty) {
        reader.problem(
            "clients.response_types",
            "is empty: no client could do anything; the least is [\"code\"]",
        );
    }
    if request_uris == Some(false) {
        reader.warning(
            "clients.require_request_uri_registration",
            "is false: whoever sends an authorization request can have Grantor fetch any public https address",
        );
    }
    Some(Clients {
        response_types: response_types?,
        pkce: pkce?,
        allow_unsigned: allow_unsigned?,
        require_request_uri_registration: request_uris?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::problems_and_warnings;

    #[test]
    fn response_types_are_those_of_the_specification() {
        let types = "clients.response_types = ['code', 'id_token code', 'none']";
        assert_eq!(problems_and_warnings(types), (Vec::new(), Vec::new()));
        assert_eq!(problems_and_warnings("clients.response_types = ['code', 'password']").0.len(), 1);
        assert_eq!(problems_and_warnings("clients.response_types = []").0.len(), 1);
        assert_eq!(problems_and_warnings("clients.response_types = ['code', 'token']").0.len(), 1);
    }

    #[test]
    fn request_uris_that_nobody_registered_are_warned_about() {
        let (problems, warnings) = problems_and_warnings("clients.require_request_uri_registration = false");
        assert_eq!((problems.len(), warnings.len()), (0, 1), "{warnings:?}");
        let as_always = problems_and_warnings("clients.require_request_uri_registration = true");
        assert_eq!(as_always, (Vec::new(), Vec::new()));
    }

    #[test]
    fn the_pkce_rule_is_one_of_three() {
        for rule in ["always", "nonce", "public"] {
            assert_eq!(problems_and_warnings(&format!("clients.pkce = '{rule}'")).0, [""; 0]);
        }
        let (problems, _) = problems_and_warnings("clients.pkce = 'never'");
        assert_eq!(
            problems,
            ["clients.pkce: \"never\" is not a rule: use \"always\", \"nonce\" or \"public\""]
        );
    }
}
