//! Statements about as many users as a batch has: one text each, so that they are prepared once.

use std::{fmt::Write as _, sync::LazyLock};

use super::IMPORT_BATCH;

pub(super) static BY_NAME: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT id, username, username_display, password, imported_password, claims, disabled_at FROM account
          WHERE issuer_id = $1 AND username IN ({})",
        places(2, IMPORT_BATCH)
    )
});
pub(super) static BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("SELECT id FROM account WHERE id IN ({})", places(1, IMPORT_BATCH)));
pub(super) static CLIENTS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT client_id FROM client WHERE issuer_id = $1 AND client_id IN ({})",
        places(2, IMPORT_BATCH)
    )
});
/// A short batch repeats its last row, which the conflict takes away again: one text for every batch.
pub(super) static INSERT: LazyLock<String> = LazyLock::new(|| {
    let rows = (0..IMPORT_BATCH).map(|row| {
        let first = 3 + row * INSERTED;
        format!(
            "(${first}, $1, ${}, ${}, ${}, ${}, ${}, ${}, $2, $2)",
            first + 1,
            first + 2,
            first + 3,
            first + 4,
            first + 5,
            first + 6
        )
    });
    format!(
        "INSERT INTO account (id, issuer_id, username, username_display, password, claims, disabled_at,
           imported_password, created_at, updated_at)
         VALUES {} ON CONFLICT DO NOTHING RETURNING id",
        rows.collect::<Vec<_>>().join(", ")
    )
});
const INSERTED: usize = 7;
/// A short batch repeats its last row, which changes the same account to the same.
pub(super) static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let rows = (0..IMPORT_BATCH).map(|row| format!("({})", places(2 + row * UPDATED, UPDATED)));
    format!(
        "UPDATE account SET username_display = new.column2, claims = new.column3, updated_at = $1
           FROM (VALUES {}) AS new WHERE account.id = new.column1",
        rows.collect::<Vec<_>>().join(", ")
    )
});
const UPDATED: usize = 3;

fn places(first: usize, count: usize) -> String {
    let mut places = format!("${first}");
    for place in first + 1..first + count {
        // Writing to a text does not fail.
        let _ = write!(places, ", ${place}");
    }
    places
}

/// As many as a statement has places, the last one again and again.
pub(super) fn padded<T>(values: &[T]) -> impl Iterator<Item = &T> {
    let last = values.last().into_iter().cycle();
    values.iter().chain(last.take(IMPORT_BATCH.saturating_sub(values.len())))
}
