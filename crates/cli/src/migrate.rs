//! `grantor migrate`.

use grantor_store::Store;

use crate::failure::Failure;
use crate::output::print;
use crate::setup::Setup;

/// Applies what is missing. Safe to run on several nodes at once, and while older ones still serve.
pub(crate) async fn run(setup: &Setup) -> Result<(), Failure> {
    let config = setup.load().map_err(Failure::problems)?;
    let store = Store::open(&config.database.store()).await?;
    let pending = store.pending_migrations().await?;
    store.migrate().await?;
    for name in &pending {
        print(&format!("applied {name}"))?;
    }
    print("the database is at this version")
}
