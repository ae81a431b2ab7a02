//! Who may register clients by themselves, and for what (RFC 7591).

use std::collections::BTreeSet;

use grantor_crypto::Secret;
use grantor_protocol::{ClientAuthMethod, GrantType, Scope};

use super::reader::Reader;

/// Dynamic client registration. What is `None` is not narrowed.
#[derive(Debug)]
pub struct Registration {
    /// Whether it is offered.
    pub enabled: bool,
    /// Who may register; empty: everyone.
    pub initial_access_tokens: Vec<Secret>,
    /// What redirect URIs must look like.
    pub redirect_uris: Option<Vec<RedirectPattern>>,
    /// The grants that may be registered.
    pub grant_types: Option<Vec<GrantType>>,
    /// The scope that is given of what is asked for.
    pub scopes: Option<Scope>,
    /// The client authentication methods that may be registered.
    pub auth_methods: Option<Vec<ClientAuthMethod>>,
    /// Whether a client may manage itself with its secret too, not only with its registration access token.
    pub manage_with_secret: bool,
    /// Registrations that an address may make before it has to wait; 0: any number.
    pub rate_limit: Option<u32>,
    /// How many clients that registered themselves there may be; 0: any number.
    pub max_clients: u32,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Registration> {
    const INLINE: &str = "registration.initial_access_tokens";
    const IN_FILE: &str = "registration.initial_access_tokens_file";
    let before = reader.problems.len();
    let enabled = reader.boolean("registration.enabled");
    let initial_access_tokens = reader.secrets(INLINE, IN_FILE);
    if initial_access_tokens.iter().any(|token| token.expose().len() < 32) {
        reader.warning(INLINE, "holds a token shorter than 32 characters, which can be guessed");
    }
    let redirect_uris = reader.list("registration.redirect_uris", RedirectPattern::parse);
    let grant_types = reader.list("registration.grant_types", |text| {
        GrantType::parse(text).ok_or_else(|| format!("\"{text}\" is not a grant that is offered"))
    });
    let scopes = reader.list("registration.scopes", |text| match Scope::parse(text) {
        Ok(scope) if scope.iter().count() == 1 => Ok(text.to_owned()),
        _ => Err(format!("\"{text}\" is not one scope")),
    });
    let scopes = scopes.and_then(|scopes| match Scope::parse(&scopes.join(" ")) {
        Ok(scope) => Some(scope),
        Err(error) => {
            reader.problem("registration.scopes", error.to_string());
            None
        }
    });
    let auth_methods = reader.list("registration.auth_methods", |text| {
        ClientAuthMethod::parse(text).ok_or_else(|| format!("\"{text}\" is not a method that is offered"))
    });
    let manage_with_secret = reader.boolean("registration.manage_with_secret");
    let rate_limit = reader.number("registration.rate_limit", 0, 1_000_000);
    let max_clients = reader.number("registration.max_clients", 0, u32::MAX);
    if reader.problems.len() > before {
        return None;
    }
    Some(Registration {
        enabled: enabled?,
        initial_access_tokens,
        redirect_uris,
        grant_types,
        scopes,
        auth_methods,
        manage_with_secret: manage_with_secret?,
        rate_limit,
        max_clients: max_clients?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{config, problems_and_warnings};
    use super::*;

    #[test]
    fn initial_access_tokens_are_secrets() {
        let (problems, warnings) = problems_and_warnings("registration.initial_access_tokens = ['hunter2']");
        assert_eq!(problems, [""; 0]);
        assert!(warnings[0].contains("shorter than 32") && !warnings[0].contains("hunter2"));
    }

    #[test]
    fn a_policy_is_read_and_what_it_cannot_mean_is_named() {
        let read = config(
            "registration = { enabled = true, grant_types = ['authorization_code'], scopes = ['openid', 'api'],
               auth_methods = ['none'], redirect_uris = ['https://*.example.com/**'], rate_limit = 5 }",
        );
        assert_eq!(read.warnings, []);
        let policy = read.registration;
        assert!(policy.enabled && policy.manage_with_secret);
        assert_eq!((policy.rate_limit, policy.max_clients), (Some(5), 0));
        assert_eq!(policy.scopes.unwrap().as_str(), "openid api");
        for (text, path) in [
            ("registration.grant_types = ['password']", "registration.grant_types[0]"),
            ("registration.auth_methods = ['magic']", "registration.auth_methods[0]"),
            ("registration.scopes = ['two scopes']", "registration.scopes[0]"),
            ("registration.redirect_uris = ['*']", "registration.redirect_uris[0]"),
            ("registration.redirect_uris = ['https://**']", "registration.redirect_uris[0]"),
            ("registration.redirect_uris = ['https://a/**/b']", "registration.redirect_uris[0]"),
        ] {
            assert!(problems_and_warnings(text).0[0].starts_with(path), "{text}");
        }
    }
}
