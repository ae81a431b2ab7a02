//! Where records go: into the log, or as lines of JSON into a file of their own.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

use grantor_crypto::KeyAlgorithm;

use super::file::AuditFile;
use super::record::Record;
use super::{AuditEvent, Cause};
use crate::config::Audit;
use crate::key_ring::Rotation;

/// The trail of one process. Dropping it waits for what is not written yet, as [`Self::close`] does.
#[derive(Debug)]
pub struct AuditLog {
    place: Place,
    tokens: bool,
}

#[derive(Debug)]
enum Place {
    NoFile(Instead),
    /// Lines of JSON at the end of a file.
    File(AuditFile),
}

/// Where records go that have no file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instead {
    /// The log, in its format, whatever its level.
    Log,
    /// Lines of JSON on standard error: for commands, which have no log.
    StandardError,
}

impl Instead {
    pub(super) fn write(self, record: &Record) {
        match self {
            Self::Log => record.log(),
            Self::StandardError => {
                if let Ok(line) = record.line() {
                    on_standard_error(&line);
                }
            }
        }
    }

    /// Says why the file is not used.
    pub(super) fn complain(self, path: &Path, reason: &dyn Display) {
        let path = path.display();
        match self {
            Self::Log => tracing::error!(
                %reason, %path, setting = "audit.file",
                "audit events go to the log, since their file cannot be written"
            ),
            Self::StandardError => {
                on_standard_error(&format!("audit.file: {path} cannot be written: {reason}\n"));
            }
        }
    }
}

/// Nobody is left to be told that standard error is closed.
fn on_standard_error(text: &str) {
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

impl AuditLog {
    /// The trail of a server; a file is opened when it is needed, or by [`Self::reopen`].
    pub fn new(settings: &Audit) -> Self {
        Self::at(settings, Instead::Log)
    }

    /// The trail of a command.
    pub fn of_command(settings: &Audit) -> Self {
        Self::at(settings, Instead::StandardError)
    }

    fn at(settings: &Audit, instead: Instead) -> Self {
        let file = settings.file.as_ref().map(|path| Place::File(AuditFile::new(path, instead)));
        Self { place: file.unwrap_or(Place::NoFile(instead)), tokens: settings.tokens }
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
    pub async fn reopen(&self) -> io::Result<()> {
        match &self.place {
            Place::NoFile(_) => Ok(()),
            Place::File(file) => file.reopen().await,
        }
    }

    /// Waits, five seconds at most, until what was recorded is written. What comes later is recorded as if there were no file.
    pub fn close(&self) {
        match &self.place {
            Place::NoFile(_) => {}
            Place::File(file) => file.close(),
        }
    }

    /// Whether grants and tokens are recorded too; for those who issue them, who need not make events for nothing.
    pub(crate) fn has_tokens(&self) -> bool {
        self.tokens
    }

    /// Records an act. The only way in, and one that never waits for a disk. What cannot be written to its file goes to the
    /// log: an act was done, and refusing its answer would undo nothing.
    pub fn record(&self, cause: &Cause, event: &AuditEvent) {
        if event.is_of_tokens() && !self.tokens {
            return;
        }
        let record = Record::new(cause, event);
        match &self.place {
            Place::NoFile(instead) => instead.write(&record),
            Place::File(file) => file.append(record),
        }
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        self.close();
    }
}
