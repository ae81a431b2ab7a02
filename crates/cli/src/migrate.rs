//! `grantor migrate`.

use grantor_store::{Fault, Store};

use crate::failure::Failure;
use crate::output::print;
use crate::progress::waiting;
use crate::setup::Setup;

/// Applies what is missing. Safe to run on several nodes at once, and while older ones still serve.
pub(crate) async fn run(setup: &Setup) -> Result<(), Failure> {
    let config = setup.load().map_err(Failure::problems)?;
    let failed = |fault: Fault| Failure::new(format!("{}: {fault}", config.database.url));
    let store = Store::open(&config.database.store()).await.map_err(failed)?;
    let pending = store.pending_migrations().await.map_err(failed)?;
    waiting("migrating", store.migrate()).await.map_err(failed)?;
    for name in &pending {
        print(&format!("applied {name}"))?;
    }
    print("the database is at this version")
}
