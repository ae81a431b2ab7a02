//! Where records go: into the log, or as lines of JSON into a file of their own.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use grantor_crypto::KeyAlgorithm;

use super::record::Record;
use super::{AuditEvent, Cause};
use crate::config::Audit;
use crate::key_ring::Rotation;

/// Between two complaints that the file cannot be written.
const COMPLAIN_EVERY: Duration = Duration::from_mins(1);

/// The trail of one process.
#[derive(Debug)]
pub struct AuditLog {
    place: Place,
    tokens: bool,
}

#[derive(Debug)]
enum Place {
    /// The log, in its format, whatever its level.
    Log,
    /// Lines of JSON on standard error: for commands, which have no log.
    StandardError,
    /// Lines of JSON at the end of a file.
    File(AuditFile),
}

#[derive(Debug)]
struct AuditFile {
    path: PathBuf,
    open: Mutex<Option<File>>,
    complained: Mutex<Option<Instant>>,
}

impl AuditLog {
    /// The trail of a server; a file is opened when it is needed, or by [`Self::reopen`].
    pub fn new(settings: &Audit) -> Self {
        Self::at(settings, Place::Log)
    }

    /// The trail of a command.
    pub fn of_command(settings: &Audit) -> Self {
        Self::at(settings, Place::StandardError)
    }

    fn at(settings: &Audit, otherwise: Place) -> Self {
        let place = settings.file.as_ref().map_or(otherwise, |path| {
            Place::File(AuditFile {
                path: path.clone(),
                open: Mutex::default(),
                complained: Mutex::default(),
            })
        });
        Self { place, tokens: settings.tokens }
    }

    /// Records what was done to a key.
    pub fn record_rotation(&self, cause: &Cause, algorithm: KeyAlgorithm, done: &Rotation) {
        match done {
            Rotation::Published { kid } => {
                self.record(cause, &AuditEvent::KeyPublished { kid: kid.clone(), algorithm });
            }
            Rotation::Promoted { kid, .. } => {
                self.record(cause, &AuditEvent::KeyPromoted { kid: kid.clone(), algorithm });
            }
            Rotation::Waiting { .. } => {}
        }
    }

    /// Opens the file anew: at the start, to know that it can be written, and after it was moved away (SIGHUP).
    pub fn reopen(&self) -> io::Result<()> {
        match &self.place {
            Place::Log | Place::StandardError => Ok(()),
            Place::File(file) => file.reopen(),
        }
    }

    /// Whether grants and tokens are recorded too; for those who issue them, who need not make events for nothing.
    pub(crate) fn has_tokens(&self) -> bool {
        self.tokens
    }

    /// Records an act. The only way in. What cannot be written to its file goes to the log: an act was done, and
    /// refusing its answer would undo nothing.
    pub fn record(&self, cause: &Cause, event: &AuditEvent) {
        if event.is_of_tokens() && !self.tokens {
            return;
        }
        let record = Record::new(cause, event);
        match &self.place {
            Place::Log => record.log(),
            Place::StandardError => {
                if let Ok(line) = record.line() {
                    // Nobody is left to be told that standard error is closed.
                    drop(io::stderr().lock().write_all(line.as_bytes()));
                }
            }
            Place::File(file) => {
                if let Err(error) =
                    record.line().map_err(io::Error::other).and_then(|line| file.append(&line))
                {
                    file.complain(&error);
                    record.log();
                }
            }
        }
    }
}

impl AuditFile {
    fn reopen(&self) -> io::Result<()> {
        let file = open(&self.path)?;
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(())
    }

    /// One write a record, at the end, so that processes that share the file do not mix their lines.
    fn append(&self, line: &str) -> io::Result<()> {
        let mut held = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *held {
            Some(file) => file,
            none => none.insert(open(&self.path)?),
        };
        file.write_all(line.as_bytes())
    }

    fn complain(&self, error: &io::Error) {
        let mut complained = self.complained.lock().unwrap_or_else(PoisonError::into_inner);
        if complained.is_some_and(|at| at.elapsed() < COMPLAIN_EVERY) {
            return;
        }
        *complained = Some(Instant::now());
        let path = self.path.display();
        tracing::error!(%error, %path, setting = "audit.file", "audit events go to the log, since their file cannot be written");
    }
}

/// For its owner alone: it says who signs in from where.
fn open(path: &std::path::Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
