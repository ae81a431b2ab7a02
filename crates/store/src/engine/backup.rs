//! A copy of an embedded database while it is in use. Postgres has tools of its own for that, which do more.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use sqlx::{ConnectOptions as _, Connection as _};

use super::{
    Engine,
    connect::{Target, sqlite_options},
    statement::fault_of,
};
use crate::Fault;

const NAME: &str = "engine.back_up";

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackUpError {
    /// The database is Postgres.
    #[error("only an SQLite database is copied so: use pg_dump or continuous archiving for Postgres")]
    NotEmbedded,
    /// The copy cannot be written, or there is a file of this name already.
    #[error("the copy cannot be written: {0}")]
    File(#[from] io::Error),
    /// The database did not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Engine {
    /// Writes what is committed now to a new file that only its owner may read, and that survives a power cut from then on.
    /// Neither readers nor writers wait for it.
    pub(crate) async fn back_up(&self, file: &Path) -> Result<(), BackUpError> {
        let Target::Sqlite(path) = self.url.target() else { return Err(BackUpError::NotEmbedded) };
        // Another file would be written than the one that is asked for.
        let Some(name) = file.to_str() else {
            let reason = "its path is not UTF-8, and SQLite takes no other";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason).into());
        };
        // SQLite writes into an empty file, and would make one that everybody may read.
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        let copied = copy(path, name).await;
        if copied.is_err() {
            drop(fs::remove_file(file));
        }
        copied?;
        File::open(file)?.sync_all()?;
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

/// On a connection of its own: those of the pool are for requests.
async fn copy(from: &Path, to: &str) -> Result<(), Fault> {
    let failed = |error| fault_of(NAME, error);
    let mut connection = sqlite_options(from).connect().await.map_err(failed)?;
    let into = sqlx::query("VACUUM INTO $1").bind(to.to_owned());
    into.execute(&mut connection).await.map_err(failed)?;
    connection.close().await.map_err(failed)
}
