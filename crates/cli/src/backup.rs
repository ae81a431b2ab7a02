//! `grantor backup`.

use std::path::Path;

use grantor_store::BackUpError;

use crate::failure::Failure;
use crate::output::print;
use crate::setup::Setup;

/// Copies an SQLite database into a new file, while servers run on it.
pub(crate) async fn run(file: &Path, setup: &Setup) -> Result<(), Failure> {
    let opened = setup.open().await?;
    opened.store.back_up(file).await.map_err(|error| match error {
        BackUpError::NotEmbedded => Failure::new(error.to_string()),
        BackUpError::File(_) | BackUpError::Fault(_) => Failure::new(format!("{}: {error}", file.display())),
    })?;
    print(&format!(
        "{} is complete by itself. Keep secrets.system elsewhere: one is worth nothing without the other",
        file.display()
    ))
}
