//! JSON columns are text, the same on both engines.

use serde::Serialize;

use crate::Fault;

/// The text to store for `value`.
pub(crate) fn text_of(statement: &'static str, value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::Database { statement, source: error.into() })
}
