//! What breaks in production, broken on purpose under load: processes, databases, networks, restarts (security.md 3.2 and 3.3).
//! A few times each in the suite; `GRANTOR_FAULT_KILLS=100` for a record run. Time is real here: processes die, sockets wait,
//! and none of it can be advanced.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests report failure by panicking"
)]

mod audit;
mod caller;
mod dice;
mod kills;
mod ledger;
mod load;
mod many;
mod outages;
mod restore;
mod rolling;
mod torn;
mod upgrade;
