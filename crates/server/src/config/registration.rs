//! Who may register clients by themselves, and for what (RFC 7591).

use grantor_crypto::{JwkError, Secret, VerificationKeys};
use grantor_protocol::{ClientAuthMethod, GrantType, Lifetime, RedirectPattern, RegistrationLimits, Scope};

use super::reader::Reader;

/// Dynamic client registration.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the operator's switches")]
pub struct Registration {
    /// Whether it is offered.
    pub enabled: bool,
    /// Tokens that permit it, beside those in the database.
    pub initial_access_tokens: Vec<Secret>,
    /// Whether it needs one. The setting alone decides, never how many tokens there are in the database: revoking the
    /// last one must not let everybody in.
    pub require_token: bool,
    /// Whose software statements are believed.
    pub software_statement_issuers: Vec<StatementIssuer>,
    /// Whether it needs one.
    pub require_software_statement: bool,
    /// What may be registered.
    pub limits: RegistrationLimits,
    /// Whether a client may manage itself with its secret too, not only with its registration access token.
    pub manage_with_secret: bool,
    /// Registrations that an address may make before it has to wait; 0: any number.
    pub rate_limit: Option<u32>,
    /// How many clients that registered themselves there may be; 0: any number.
    pub max_clients: u32,
    /// How long a client that never got a token is kept; zero: for ever.
    pub unused_lifetime: Lifetime,
    /// How long one is kept after its last token; zero: for ever.
    pub idle_lifetime: Lifetime,
    /// Whether public clients of the same metadata are one.
    pub reuse_identical: bool,
}

/// Who issues software statements, and the keys that verify them.
#[derive(Debug)]
pub struct StatementIssuer {
    /// `iss` of its statements.
    pub issuer: String,
    /// Its keys, each for the algorithm that it names.
    pub keys: VerificationKeys,
}

impl StatementIssuer {
    fn parse(text: &str) -> Result<Self, String> {
        let (issuer, file) =
            text.split_once('=').filter(|(issuer, file)| !issuer.is_empty() && !file.is_empty()).ok_or(
                "must be an issuer and a file, such as https://issuer.example=/etc/grantor/issuer.jwks.json",
            )?;
        let bytes = std::fs::read(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
        let jwks = serde_json::from_slice(&bytes).map_err(|error| format!("{file} is not JSON: {error}"))?;
        let keys = VerificationKeys::from_configured_jwks(&jwks)
            .and_then(|keys| if keys.is_empty() { Err(JwkError::NotForUs) } else { Ok(keys) })
            .map_err(|error| format!("{file} has no keys to verify with: {error}"))?;
        Ok(Self { issuer: issuer.to_owned(), keys })
    }
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
    let require_token = reader.boolean("registration.require_token");
    if require_token == Some(false) && !initial_access_tokens.is_empty() {
        reader.warning(
            "registration.require_token",
            "is false: everybody may register, with or without one of registration.initial_access_tokens",
        );
    }
    let issuers = reader.list("registration.software_statement_issuers", StatementIssuer::parse);
    let issuers = issuers.unwrap_or_default();
    let require_software_statement = reader.boolean("registration.require_software_statement");
    if require_software_statement == Some(true) && issuers.is_empty() {
        reader.problem(
            "registration.require_software_statement",
            "needs registration.software_statement_issuers: nobody could register",
        );
    }
    let limits = read_limits(reader);
    let manage_with_secret = reader.boolean("registration.manage_with_secret");
    let rate_limit = reader.number("registration.rate_limit", 0, 1_000_000);
    let max_clients = reader.number("registration.max_clients", 0, u32::MAX);
    let unused_lifetime = reader.lifetime_or_zero("registration.unused_lifetime");
    let idle_lifetime = reader.lifetime_or_zero("registration.idle_lifetime");
    let reuse_identical = reader.boolean("registration.reuse_identical");
    if reader.problems.len() > before {
        return None;
    }
    Some(Registration {
        enabled: enabled?,
        require_token: require_token.unwrap_or(!initial_access_tokens.is_empty()),
        initial_access_tokens,
        software_statement_issuers: issuers,
        require_software_statement: require_software_statement?,
        limits,
        manage_with_secret: manage_with_secret?,
        rate_limit,
        max_clients: max_clients?,
        unused_lifetime: unused_lifetime?,
        idle_lifetime: idle_lifetime?,
        reuse_identical: reuse_identical?,
    })
}

fn read_limits(reader: &mut Reader<'_>) -> RegistrationLimits {
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
    RegistrationLimits { redirect_uris, grant_types, scopes, auth_methods }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Files, config, problems_and_warnings};

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
        assert_eq!(policy.limits.scopes.unwrap().as_str(), "openid api");
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

    #[test]
    fn a_token_is_needed_where_one_is_configured_or_the_operator_says_so() {
        const TOKEN: &str = "initial_access_tokens = ['a-token-of-at-least-32-characters']";
        for (text, needed) in [
            (String::new(), false),
            ("require_token = true".to_owned(), true),
            (TOKEN.to_owned(), true),
            (format!("{TOKEN}\nrequire_token = false"), false),
        ] {
            let read = config(&format!("[registration]\n{text}"));
            assert_eq!(read.registration.require_token, needed, "{text}");
            assert_eq!(read.warnings.is_empty(), !text.contains("false"), "{text}");
        }
    }

    #[test]
    fn clients_that_are_never_used_go_and_others_stay_unless_the_operator_says_otherwise() {
        let policy = config("").registration;
        assert_eq!((policy.unused_lifetime.seconds(), policy.idle_lifetime.seconds()), (30 * 86_400, 0));
        assert!(!policy.reuse_identical);
    }

    #[test]
    fn an_issuer_of_software_statements_comes_with_its_keys() {
        let files = Files::new();
        let key =
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"k"}"#;
        let good = files.write("jwks", &format!(r#"{{"keys":[{key}]}}"#));
        let (empty, private) = (
            files.write("empty", r#"{"keys":[]}"#),
            files.write("private", r#"{"keys":[{"kty":"OKP","d":"x"}]}"#),
        );
        let setting = "registration.software_statement_issuers";
        let read = config(&format!("{setting} = ['https://issuer.example={good}']"));
        assert_eq!(read.registration.software_statement_issuers[0].issuer, "https://issuer.example");
        for wrong in [
            "https://issuer.example".to_owned(),
            format!("={good}"),
            "https://issuer.example=/nonexistent".to_owned(),
            format!("https://issuer.example={empty}"),
            format!("https://issuer.example={private}"),
        ] {
            let problems = problems_and_warnings(&format!("{setting} = ['{wrong}']")).0;
            assert!(problems[0].starts_with(&format!("{setting}[0]: ")), "{wrong}: {problems:?}");
        }
        let problems = problems_and_warnings("registration.require_software_statement = true").0;
        assert!(problems[0].starts_with("registration.require_software_statement: needs"), "{problems:?}");
    }
}
