//! Every configuration key, once. The check for unknown keys, the reading of environment variables, the defaults
//! and the test of `config/grantor.example.toml` all come from this table, so none of them can disagree.

/// One key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Where it stands, such as `tokens.access.lifetime`.
    pub path: &'static str,
    /// What its value is, which decides how an environment variable is read.
    pub kind: Kind,
    /// The value used without it, in TOML; `None` when leaving it out means not having it.
    pub default: Option<&'static str>,
    /// What it is for, in a phrase.
    pub doc: &'static str,
}

/// The shapes a value may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number from 0 to 1.
    Fraction,
    /// A length of time: `"60s"`, `"5m"`, `"12h"`, `"30d"`, or seconds as a number.
    Lifetime,
    /// The name of a file.
    File,
    /// A list of strings.
    List,
}

use Kind::{Boolean, File, Fraction, Integer, Lifetime, List, Text};

/// The table, in the order of `config/grantor.example.toml`.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("issuer", Text, None, "the URL that tokens and discovery name, byte for byte"),
    key("trusted_proxies", List, Some("[]"), "whose Forwarded and X-Forwarded-* headers are believed"),

    key("public.listen", Text, Some(r#""0.0.0.0:4444""#), "address of the public listener"),
    key("public.tls.cert", File, None, "certificate chain of the public listener (PEM)"),
    key("public.tls.key", File, None, "private key of the public listener (PEM)"),

    key("admin.listen", Text, Some(r#""127.0.0.1:4445""#), "address of the admin listener"),
    key("admin.token_file", File, None, "bearer tokens of the admin listener, one a line"),
    key("admin.unauthenticated", Boolean, None, "whether the admin listener asks for no token"),

    key("database.url", Text, Some(r#""sqlite:grantor.db""#), "the database"),
    key("database.url_file", File, None, "file that holds database.url"),
    key("database.max_connections", Integer, Some("10"), "size of the Postgres pool"),
    key("database.migrate_on_start", Boolean, Some("false"), "whether `serve` migrates Postgres"),

    key("secrets.system", List, None, "secrets that seal the keys in the database; the first seals, all open"),
    key("secrets.system_file", File, None, "file that holds secrets.system, one a line"),

    key("login.accounts", Boolean, Some("true"), "whether the built-in accounts can log in"),
    key("login.recovery_url", Text, None, "where \"forgot password\" leads"),
    key("login.lifetime", Lifetime, Some(r#""30m""#), "how long a started login may take"),

    key("session.lifetime", Lifetime, Some(r#""7d""#), "how long a session lasts at most"),
    key("session.idle", Lifetime, Some(r#""12h""#), "how long a session lasts unused"),
    key("session.remembered_lifetime", Lifetime, Some(r#""30d""#), "how long a remembered session lasts"),

    key("tokens.access.format", Text, Some(r#""opaque""#), "opaque, or jwt (RFC 9068)"),
    key("tokens.access.lifetime", Lifetime, Some(r#""1h""#), "how long an access token is valid"),
    key("tokens.refresh.lifetime", Lifetime, Some(r#""30d""#), "how long a refresh token lasts unused"),
    key("tokens.refresh.max_lifetime", Lifetime, Some(r#""180d""#), "how long after the login refreshing ends"),
    key("tokens.refresh.retry", Lifetime, Some(r#""60s""#), "how long a lost refresh answer can be asked for again"),
    key("tokens.id.lifetime", Lifetime, Some(r#""1h""#), "how long an ID token is valid"),
    key("tokens.code.lifetime", Lifetime, Some(r#""60s""#), "how long an authorization code is valid"),

    key("keys.rotation_interval", Lifetime, Some(r#""90d""#), "how often signing keys are replaced; 0s: never by itself"),
    key("keys.publish_ahead", Lifetime, Some(r#""1d""#), "how long a signing key is published before it signs"),
    key("keys.jwks_max_age", Lifetime, Some(r#""5m""#), "how long clients may cache the published keys"),

    key("clients.response_types", List, Some(r#"["code"]"#), "the widest that any client may be registered for"),
    key("clients.pkce", Text, Some(r#""nonce""#), "who must use PKCE: always, nonce or public"),
    key("clients.allow_unsigned", Boolean, Some("false"), "whether clients may ask for alg none"),
    key("clients.require_request_uri_registration", Boolean, Some("true"), "whether a request_uri must be registered"),

    key("claims.scopes", List, None, "scopes of your own and the claims that each releases"),

    key("registration.enabled", Boolean, Some("false"), "dynamic client registration"),
    key("registration.initial_access_tokens", List, None, "tokens that permit registration"),
    key("registration.initial_access_tokens_file", File, None, "file that holds them, one a line"),
    key("registration.require_token", Boolean, None, "whether registration needs an initial access token"),
    key("registration.software_statement_issuers", List, None, "whose software statements are believed, each with its key set"),
    key("registration.require_software_statement", Boolean, Some("false"), "whether registration needs a software statement"),
    key("registration.redirect_uris", List, None, "what redirect URIs must look like"),
    key("registration.grant_types", List, None, "grants that may be registered"),
    key("registration.scopes", List, None, "scopes that are given of those asked for"),
    key("registration.auth_methods", List, None, "client authentication methods that may be registered"),
    key("registration.manage_with_secret", Boolean, Some("true"), "whether a client may manage itself with its secret too"),
    key("registration.rate_limit", Integer, None, "registrations of one address before it has to wait; 0: any number"),
    key("registration.max_clients", Integer, Some("0"), "how many clients may have registered themselves; 0: any number"),
    key("registration.unused_lifetime", Lifetime, Some(r#""30d""#), "how long a client may stay unused after it registered itself; 0s: for ever"),
    key("registration.idle_lifetime", Lifetime, Some(r#""0s""#), "how long it may stay silent after it was used; 0s: for ever"),
    key("registration.reuse_identical", Boolean, Some("false"), "whether public clients that are registered twice stay one"),

    key("urls.post_logout_redirect", Text, None, "where a logout ends when the client names no place"),
    key("urls.login", Text, None, "login page of your own"),
    key("urls.consent", Text, None, "consent page of your own"),
    key("urls.logout", Text, None, "logout page of your own"),
    key("urls.error", Text, None, "error page of your own"),
    key("urls.device", Text, None, "page of your own for device codes"),

    key("brand.name", Text, Some(r#""Grantor""#), "name on the pages"),
    key("brand.accent", Text, Some(r##""#0f6a5b""##), "colour of buttons and links"),
    key("brand.accent_dark", Text, None, "the same on dark pages"),
    key("brand.background", Text, None, "colour behind the card"),
    key("brand.background_dark", Text, None, "the same on dark pages"),
    key("brand.logo", File, None, "image beside the name"),
    key("brand.logo_dark", File, None, "the same on dark pages"),
    key("brand.logo_has_name", Boolean, Some("false"), "whether the image says the name, which is not written then"),
    key("brand.icon", File, None, "image in the browser's tab"),
    key("brand.stylesheet", File, None, "rules of your own (CSS), after those of the pages"),
    key("brand.texts", File, None, "texts of your own (TOML), by language"),
    key("brand.links.terms", Text, None, "where your terms of service are"),
    key("brand.links.privacy", Text, None, "where your privacy policy is"),
    key("brand.links.imprint", Text, None, "where it says who runs this"),
    key("brand.links.support", Text, None, "where help is"),

    key("cors.allowed_origins", List, Some("[]"), "origins allowed beside those of the clients"),

    key("logout.retry_for", Lifetime, Some(r#""24h""#), "how long a client that cannot be told of a logout is tried again"),
    key("outbound.allow_private", List, Some("[]"), "private networks that Grantor may call"),
    key("outbound.ca_file", File, None, "more root certificates for outgoing calls (PEM)"),
    key("outbound.timeout", Lifetime, Some(r#""5s""#), "how long an outgoing call may take in all"),

    key("limits.body_bytes", Integer, Some("65536"), "largest request body"),
    key("limits.header_bytes", Integer, Some("32768"), "largest request line and headers together"),
    key("limits.header_timeout", Lifetime, Some(r#""10s""#), "how long a client may take to send its headers"),
    key("limits.request_timeout", Lifetime, Some(r#""30s""#), "how long a request may take in all"),
    key("limits.hash_concurrency", Integer, Some("0"), "password hashes computed at once; 0: one per CPU core"),
    key("limits.hash_queue", Integer, Some("64"), "logins that may wait for a password hash"),
    key("limits.drain_delay", Lifetime, Some(r#""0s""#), "how long SIGTERM goes on serving as not ready, until balancers have noticed"),
    key("limits.drain_time", Lifetime, Some(r#""20s""#), "how long SIGTERM waits for open requests"),

    key("log.level", Text, Some(r#""info""#), "least severe level logged, or a filter by module"),
    key("log.format", Text, Some(r#""text""#), "text or json"),

    key("audit.file", File, None, "file of the audit trail, which is in the log without one"),
    key("audit.tokens", Boolean, Some("false"), "whether every grant and token that is issued is in the audit trail"),

    key("traces.endpoint", Text, None, "collector of OpenTelemetry traces (OTLP over HTTP); none: no traces"),
    key("traces.headers", List, None, "headers that the collector asks for"),
    key("traces.headers_file", File, None, "file that holds them, one a line"),
    key("traces.sample", Fraction, Some("1.0"), "share of the traces that is sent"),
    key("traces.service_name", Text, Some(r#""grantor""#), "what this server is called in traces"),
];

/// Names that Ory Hydra's configuration uses for the same thing, so that a file carried over is explained.
#[rustfmt::skip]
const HYDRA: &[(&str, &str)] = &[
    ("dsn", "database.url"),
    ("urls.self", "issuer"),
    ("serve.public", "public.listen"),
    ("serve.admin", "admin.listen"),
    ("serve.cookies", "session.lifetime"),
    ("strategies.access_token", "tokens.access.format"),
    ("ttl.access_token", "tokens.access.lifetime"),
    ("ttl.refresh_token", "tokens.refresh.lifetime"),
    ("ttl.id_token", "tokens.id.lifetime"),
    ("ttl.auth_code", "tokens.code.lifetime"),
    ("ttl.login_consent_request", "login.lifetime"),
    ("ttl.authentication_session", "session.remembered_lifetime"),
    ("oauth2.pkce", "clients.pkce"),
    ("oauth2.grant.refresh_token.rotation_grace_period", "tokens.refresh.retry"),
    ("oidc.dynamic_client_registration", "registration.enabled"),
    ("clients.http", "outbound.allow_private"),
];

const fn key(path: &'static str, kind: Kind, default: Option<&'static str>, doc: &'static str) -> Key {
    Key { path, kind, default, doc }
}

impl Key {
    /// The key at exactly this path.
    pub fn at(path: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// The key an operator most likely meant by `unknown`: the same thing under Hydra's name, the same last part in
    /// another section, or else the nearest spelling.
    pub fn nearest(unknown: &str) -> Option<&'static Key> {
        let hydra = HYDRA.iter().find(|(name, _)| is_or_is_in(unknown, name)).map(|(_, ours)| *ours);
        if let Some(ours) = hydra {
            return Key::at(ours);
        }
        KEYS.iter().max_by(|a, b| likeness(unknown, a.path).total_cmp(&likeness(unknown, b.path)))
    }
}

/// Whether keys exist below `path`.
pub fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| key.path != path && is_or_is_in(key.path, path))
}

fn is_or_is_in(path: &str, section: &str) -> bool {
    path.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Between 0 and 1. The last part counts by itself too, because a key is often right and only its section is wrong.
fn likeness(unknown: &str, known: &str) -> f64 {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let whole = strsim::normalized_damerau_levenshtein(unknown, known);
    let ending = strsim::normalized_damerau_levenshtein(&last(unknown), &last(known));
    whole.max(ending * 0.75 + whole * 0.2)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_key_is_listed_twice_and_none_is_a_section_as_well() {
        let paths: BTreeSet<_> = KEYS.iter().map(|key| key.path).collect();
        assert_eq!(paths.len(), KEYS.len());
        for key in KEYS {
            assert!(!is_section(key.path), "{}", key.path);
            assert!(!key.doc.is_empty(), "{}", key.path);
        }
    }

    #[test]
    fn a_misspelt_key_is_met_with_the_nearest_one() {
        for (unknown, nearest) in [
            ("isuer", "issuer"),
            ("tokens.acess.lifetime", "tokens.access.lifetime"),
            ("token.refresh.max_lifetime", "tokens.refresh.max_lifetime"),
            ("database.uri", "database.url"),
            ("max_connections", "database.max_connections"),
            ("server.trusted_proxies", "trusted_proxies"),
            ("public.tls.certificate", "public.tls.cert"),
        ] {
            assert_eq!(Key::nearest(unknown).map(|key| key.path), Some(nearest), "{unknown}");
        }
    }

    #[test]
    fn a_key_of_hydra_is_met_with_ours() {
        for (hydra, ours) in [
            ("dsn", "database.url"),
            ("urls.self.issuer", "issuer"),
            ("ttl.auth_code", "tokens.code.lifetime"),
        ] {
            assert_eq!(Key::nearest(hydra).map(|key| key.path), Some(ours), "{hydra}");
            assert!(Key::at(ours).is_some());
        }
        assert!(HYDRA.iter().all(|(_, ours)| Key::at(ours).is_some()));
    }
}
