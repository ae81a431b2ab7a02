//! Configuration: one TOML file, then environment variables, parsed once into types that cannot be wrong.
//!
//! [`keys::KEYS`] is the table of everything that can be set; one file per topic reads and checks its part.
//! All problems are found before anything is said, each under the key that causes it.

mod audit;
mod brand;
mod claims;
mod clients;
mod database;
mod issuer;
pub mod keys;
mod limits;
mod listeners;
mod log;
mod login;
mod logout;
mod outside;
mod problem;
mod reader;
mod registration;
mod rotation;
mod secrets;
mod source;
mod texts;
mod tokens;
mod traces;
mod url;

#[cfg(test)]
mod example;
#[cfg(test)]
pub(crate) mod testing;

use std::path::Path;
use std::sync::Arc;

use grantor_crypto::SystemSecrets;
use grantor_protocol::AuthorizationRules;
use ipnet::IpNet;

pub use audit::Audit;
pub use claims::Claims;
pub use clients::Clients;
pub use database::Database;
pub use issuer::Issuer;
pub use limits::Limits;
pub use listeners::{Admin, Public, Tls};
pub use log::{Log, LogFormat};
pub use login::{Login, Session, Urls};
pub use logout::Logout;
pub use outside::{Cors, Outbound};
pub use problem::Problem;
pub use registration::{Registration, StatementIssuer};
pub use rotation::Keys;
pub use source::Source;
pub use tokens::{AccessTokens, RefreshTokens, TokenFormat, TokenLifetime, Tokens};
pub use traces::Traces;
pub use url::{Origin, Url};

use crate::pages::Brand;
use reader::Reader;

/// The issuer of `serve --dev` unless another is given.
pub const DEV_ISSUER: &str = "http://localhost:4444";

/// The database of `serve --dev` unless another is given: one of its own, since it gets a user whose password
/// everybody knows.
pub const DEV_DATABASE: &str = "sqlite:grantor-dev.db";

/// The operator's settings.
#[derive(Debug)]
pub struct Config {
    /// The URL by which tokens and discovery name this server.
    pub issuer: Issuer,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The listener for browsers and clients.
    pub public: Public,
    /// The listener for operators.
    pub admin: Admin,
    /// Where everything is remembered.
    pub database: Database,
    /// What the keys in the database are sealed with.
    pub secrets: Arc<SystemSecrets>,
    /// The built-in login.
    pub login: Login,
    /// How long a browser stays logged in.
    pub session: Session,
    /// Lifetimes and formats of codes and tokens.
    pub tokens: Tokens,
    /// The schedule of signing keys.
    pub keys: Keys,
    /// The widest that any client may be registered for.
    pub clients: Clients,
    /// What is released about users.
    pub claims: Claims,
    /// Dynamic client registration.
    pub registration: Registration,
    /// Pages of the operator's own.
    pub urls: Urls,
    /// The look of the built-in pages.
    pub brand: Brand,
    /// Cross-origin requests.
    pub cors: Cors,
    /// Telling clients of logouts.
    pub logout: Logout,
    /// Requests Grantor makes itself.
    pub outbound: Outbound,
    /// Bounds on requests and on work.
    pub limits: Limits,
    /// The log.
    pub log: Log,
    /// The audit trail.
    pub audit: Audit,
    /// Traces, where a collector is named.
    pub traces: Option<Traces>,
    /// A fingerprint of what is set, without secrets: equal on nodes that are set alike.
    pub fingerprint: String,
    /// What is legal but probably not meant.
    pub warnings: Vec<Problem>,
}

impl Config {
    /// Reads and checks everything; the error lists every problem, never a secret's value.
    pub fn load(source: &Source) -> Result<Self, Vec<Problem>> {
        source.table().map_err(|problem| vec![problem])?;
        let mut reader = Reader::new(source);
        let config = Self::read(&mut reader);
        let Reader { mut problems, warnings, .. } = reader;
        match config {
            Some(config) if problems.is_empty() => Ok(Self { warnings, ..config }),
            _ => {
                problems.sort_by_key(|problem| place(&problem.path));
                Err(problems)
            }
        }
    }

    /// Settings for `serve --dev`: `source` decides; what it leaves out suits one machine, with the system secrets
    /// read from `secrets_file`. An issuer that others could reach is refused.
    pub fn dev(source: Source, secrets_file: &Path) -> Result<Self, Vec<Problem>> {
        // A first reading only finds the issuer, whose port the listener follows; its problems come up again.
        let mut source = source.fallback("issuer", DEV_ISSUER).fallback("database.url", DEV_DATABASE);
        let issuer = issuer::read(&mut Reader::new(&source));
        if let Some(issuer) = &issuer {
            source = source.fallback("public.listen", format!("127.0.0.1:{}", issuer.port()));
        }
        // Where secrets.system is given, a file that only fallbacks name is not looked at.
        source = source.fallback("secrets.system_file", secrets_file.display().to_string());
        let config = Self::load(&source)?;
        if !config.issuer.is_loopback() {
            let message =
                "must be on a loopback host with --dev, which has a demo user with a known password";
            return Err(vec![Problem::new("issuer", message)]);
        }
        Ok(config)
    }

    /// What authorization requests are held against.
    pub fn authorization_rules(&self) -> AuthorizationRules {
        AuthorizationRules {
            response_types: self.clients.response_types.clone(),
            pkce: self.clients.pkce,
            claims: self.claims.scopes.clone(),
        }
    }

    /// Every part is read before any is missed, so that all problems are found.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let issuer = issuer::read(reader);
        let trusted_proxies = listeners::read_trusted_proxies(reader);
        let public = listeners::read_public(reader);
        let admin = listeners::read_admin(reader);
        let database = database::read(reader);
        let secrets = secrets::read(reader);
        let login = login::read(reader);
        let session = login::read_session(reader);
        let tokens = tokens::read(reader);
        let keys = rotation::read(reader);
        let clients = clients::read(reader);
        let claims = claims::read(reader);
        let registration = registration::read(reader);
        let urls = login::read_urls(reader);
        let brand = brand::read(reader);
        let cors = outside::read_cors(reader);
        let logout = logout::read(reader);
        let outbound = outside::read(reader);
        let limits = limits::read(reader);
        let log = log::read(reader);
        let audit = audit::read(reader);
        let traces = traces::read(reader);
        let (public, admin) = (public?, admin?);
        if public.listen == admin.listen && public.listen.port() != 0 {
            reader.problem("admin.listen", "is the address of the public listener too; each needs its own");
        }
        Some(Self {
            issuer: issuer?,
            trusted_proxies: trusted_proxies?,
            public,
            admin,
            database: database?,
            secrets: secrets?,
            login: login?,
            session: session?,
            tokens: tokens?,
            keys: keys?,
            clients: clients?,
            claims,
            registration: registration?,
            urls,
            brand: brand?,
            cors: cors?,
            logout: logout?,
            outbound: outbound?,
            limits: limits?,
            log: log?,
            audit: audit?,
            traces,
            fingerprint: reader.fingerprint(),
            warnings: Vec::new(),
        })
    }
}

/// Where a path stands in the table, so that problems come in the order of the example file; names of files and
/// variables, and keys that do not exist, come first.
fn place(path: &str) -> usize {
    let known = |key: &keys::Key| {
        path.strip_prefix(key.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
    };
    keys::KEYS.iter().position(known).map_or(0, |place| place + 1)
}

#[cfg(test)]
mod tests {
    use super::testing::{Files, MINIMAL, config, problems_and_warnings};
    use super::*;

    #[test]
    fn the_smallest_useful_file_needs_an_issuer_and_a_secret() {
        let config = config("");
        assert_eq!(config.issuer.as_str(), "https://id.example.com");
        assert_eq!(config.public.listen.to_string(), "0.0.0.0:4444");
        assert_eq!(config.admin.listen.to_string(), "127.0.0.1:4445");
        assert_eq!(config.database.url.to_string(), "sqlite:grantor.db");
        assert_eq!(config.tokens.refresh.max_lifetime.seconds(), 180 * 86_400);
        assert_eq!(config.warnings, []);
    }

    #[test]
    fn every_problem_is_reported_each_under_its_key_in_the_order_of_the_example() {
        let text = "clients.pkce = 'never'\nadmin.listen = 'x'\nwhatever = 1\ntokens.code.lifetime = '1d'\nlog.format = 1";
        let problems = Config::load(&Source::text(text)).unwrap_err();
        let paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "whatever",
                "issuer",
                "admin.listen",
                "secrets.system",
                "tokens.code.lifetime",
                "clients.pkce",
                "log.format"
            ]
        );
    }

    #[test]
    fn of_a_file_that_cannot_be_read_nothing_else_is_said() {
        for source in [Source::text("issuer = "), Source::file(Path::new("/nonexistent"))] {
            assert_eq!(Config::load(&source).unwrap_err().len(), 1);
        }
    }

    #[test]
    fn every_key_of_the_table_is_read() {
        for key in keys::KEYS {
            let (problems, _) = problems_and_warnings(&format!("{} = 1979-05-27", key.path));
            assert!(
                problems.iter().any(|line| line.starts_with(&format!("{}: expected", key.path))),
                "{}",
                key.path
            );
        }
    }

    #[test]
    fn the_environment_reaches_every_kind_of_value() {
        let variables = [
            ("GRANTOR__ISSUER", "https://other.example.com"),
            ("GRANTOR__DATABASE__MAX_CONNECTIONS", "25"),
            ("GRANTOR__DATABASE__MIGRATE_ON_START", "true"),
            ("GRANTOR__TOKENS__ACCESS__LIFETIME", "5m"),
            ("GRANTOR__TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Config::load(&Source::text(MINIMAL).environment(variables)).unwrap();
        assert_eq!(config.issuer.as_str(), "https://other.example.com");
        assert_eq!((config.database.max_connections, config.database.migrate_on_start), (25, true));
        assert_eq!(config.tokens.access.lifetime.seconds(), 300);
        assert_eq!(config.trusted_proxies.len(), 2);
    }

    #[test]
    fn two_listeners_cannot_share_an_address_unless_the_system_chooses_ports() {
        let (problems, _) = problems_and_warnings("public.listen = '127.0.0.1:4445'");
        assert!(problems[0].starts_with("admin.listen: is the address"), "{problems:?}");
        assert_eq!(
            problems_and_warnings("public.listen = '127.0.0.1:0'\nadmin.listen = '127.0.0.1:0'").0,
            [""; 0]
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!(
            "{:?}",
            config(
                "database.url = 'postgres://u:hunter2@db/x'\nregistration.initial_access_tokens = ['hunter2']"
            )
        );
        assert!(!shown.contains("hunter2") && !shown.contains("used-in-tests"), "{shown}");
    }

    #[test]
    fn dev_needs_nothing_but_a_secrets_file() {
        let files = Files::new();
        let secrets = files.write("secrets", "a-secret-that-is-only-used-in-tests\n");
        let config = Config::dev(Source::default(), Path::new(&secrets)).unwrap();
        assert_eq!(config.issuer.as_str(), DEV_ISSUER);
        assert_eq!(config.public.listen.to_string(), "127.0.0.1:4444");
        assert_eq!(config.database.url.to_string(), DEV_DATABASE);
        let config =
            Config::dev(Source::text("issuer = 'http://127.0.0.1:5555'"), Path::new(&secrets)).unwrap();
        assert_eq!(config.public.listen.to_string(), "127.0.0.1:5555");
    }

    #[test]
    fn dev_prefers_what_is_written() {
        let text = format!("{MINIMAL}\npublic.listen = '127.0.0.1:1'");
        let text = text.replace("https://id.example.com", "http://localhost:4444");
        let config = Config::dev(Source::text(text), Path::new("/nonexistent")).unwrap();
        assert_eq!(config.public.listen.to_string(), "127.0.0.1:1");
    }

    #[test]
    fn dev_refuses_an_issuer_that_others_could_reach() {
        let problems = Config::dev(Source::text(MINIMAL), Path::new("/nonexistent")).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].to_string().starts_with("issuer: must be on a loopback host with --dev"));
    }
}
