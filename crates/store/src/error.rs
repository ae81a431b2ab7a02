//! Why a statement gave no answer. A refusal is never a fault: absence and lost races are ordinary results.

use std::error::Error;

/// The database did not do its part.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database is away, overloaded or locked; the same request may succeed later (HTTP 503).
    #[error("the database is unavailable for {statement}: {source}")]
    Unavailable {
        /// Which statement found out.
        statement: &'static str,
        /// What the driver said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A stored value is not what this version writes.
    #[error("{statement} read a corrupt value from column {column}: {reason}")]
    Corrupt {
        /// Which statement read it.
        statement: &'static str,
        /// Where it was.
        column: &'static str,
        /// What is wrong; never the value itself, which may be a secret.
        reason: String,
    },
    /// A name that must be unique is taken.
    #[error("{statement} met a row that has the same unique value")]
    Conflict {
        /// Which statement wanted it.
        statement: &'static str,
    },
    /// Anything else: a defect of ours, or a database that is not migrated.
    #[error("the database refused {statement}: {source}")]
    Database {
        /// Which statement it refused.
        statement: &'static str,
        /// What the driver said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl Fault {
    /// Whether waiting may help; the caller answers 503 then and 500 otherwise.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Fault::Unavailable { .. })
    }

    /// Whether a unique name was taken.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Fault::Conflict { .. })
    }
}
