//! What commands start from: the configuration, the open database, the opened keys.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use grantor_crypto::Secret;
use grantor_protocol::IssuerId;
use grantor_server::audit::{AuditEvent, AuditLog, Cause};
use grantor_server::clock::{Clock, Now};
use grantor_server::config::{Config, Problem, Source};
use grantor_server::ending::EndingAccess;
use grantor_server::key_ring::KeyRing;
use grantor_store::{Fault, Store};

use crate::failure::Failure;

/// Names the configuration file when `--config` does not.
const CONFIG_VARIABLE: &str = "GRANTOR_CONFIG";
/// Holds the system secret of `--dev`, which makes it.
const DEV_SECRET_FILE: &str = "grantor-dev.secret";

/// What to do about a Postgres database of an older version.
pub(crate) const NOT_MIGRATED: &str = "the database is not at this version: run `grantor migrate` first";

/// How many rows listings read at a time.
pub(crate) const PAGE: i64 = 500;

/// Where the configuration is.
#[derive(Debug)]
pub(crate) struct Setup {
    file: Option<PathBuf>,
    pub(crate) dev: bool,
    command: String,
}

/// A database and its keys, ready for a command.
pub(crate) struct Opened {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) now: Now,
    audit: Arc<AuditLog>,
    cause: Cause,
}

impl Opened {
    /// Records what this command did.
    pub(crate) fn record(&self, event: &AuditEvent) {
        self.audit.record(&self.cause, event);
    }

    /// An act that ends access; the servers that run tell the clients of it.
    pub(crate) fn ending(&self) -> EndingAccess<'_> {
        EndingAccess::new(&self.store, &self.config.logout, &self.audit, self.cause.clone())
    }
}

impl Setup {
    /// `command` is what the audit trail calls the command: its names without its arguments.
    pub(crate) fn new(file: Option<PathBuf>, dev: bool, command: String) -> Self {
        let from_environment = || std::env::var_os(CONFIG_VARIABLE).filter(|name| !name.is_empty());
        Self { file: file.or_else(|| from_environment().map(PathBuf::from)), dev, command }
    }

    /// Reads the configuration, or says all that is wrong with it.
    pub(crate) fn load(&self) -> Result<Config, Vec<Problem>> {
        // A variable that is not text cannot be one of ours.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()));
        let source = self.file.as_deref().map_or_else(Source::default, Source::file).environment(variables);
        if !self.dev {
            return Config::load(&source);
        }
        let secret_file = Path::new(DEV_SECRET_FILE);
        make_secret_file(secret_file).map_err(|problem| vec![problem])?;
        Config::dev(source, secret_file)
    }

    /// The open database. A Postgres database that lacks migrations is refused with what to do about it.
    pub(crate) async fn open(&self) -> Result<Opened, Failure> {
        let config = self.load().map_err(Failure::problems)?;
        let away = |fault: Fault| Failure::new(format!("{}: {fault}", config.database.url));
        let store = Store::open(&config.database.store()).await.map_err(away)?;
        if !store.pending_migrations().await.map_err(away)?.is_empty() {
            return Err(Failure::new(NOT_MIGRATED));
        }
        let audit = Arc::new(AuditLog::of_command(&config.audit));
        let now = Now { ms: Clock::default().now_ms() };
        // Before anything is done that could not be recorded.
        audit.reopen().await.map_err(|error| audit_failure(&config, &error))?;
        let cause = Cause::command(&self.command, now);
        Ok(Opened { config, store, now, audit, cause })
    }
}

impl Opened {
    /// The keys of the database, opened with the system secrets; a new database gets its first ones. What this command does
    /// to them is recorded.
    pub(crate) async fn key_ring(&self) -> Result<KeyRing, Failure> {
        let secrets = Arc::clone(&self.config.secrets);
        let policy = self.config.key_policy();
        let ring = KeyRing::open(&self.store, secrets, IssuerId::FIRST, policy, self.now.ms).await?;
        let (audit, cause) = (Arc::clone(&self.audit), self.cause.clone());
        Ok(ring.recorded_by(Box::new(move |algorithm, step, _| {
            audit.record_rotation(&cause, algorithm, step);
        })))
    }
}

/// Why there is no audit trail.
pub(crate) fn audit_failure(config: &Config, error: &io::Error) -> Failure {
    let path = config.audit.file.as_deref().unwrap_or(Path::new("audit.file"));
    Failure::new(format!("audit.file: {} cannot be written: {error}", path.display()))
}

/// A secret from standard input: its exact text but for the line break at its end.
pub(crate) fn standard_input() -> Result<Secret, Failure> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(format!("standard input: {error}")))?;
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(Secret::from(line))
}

/// Makes the secret of `--dev` where there is none, readable by its owner only.
fn make_secret_file(path: &Path) -> Result<(), Problem> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = match options.open(path) {
        Ok(mut file) => writeln!(file, "{}", Secret::generate().expose()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    };
    written.map_err(|error| Problem::new(path.display().to_string(), format!("cannot be made: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_dev_is_made_once_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        make_secret_file(&path).unwrap();
        let first = std::fs::read_to_string(&path).unwrap();
        make_secret_file(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), first);
        assert_eq!(first.trim_end().len(), 43);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
