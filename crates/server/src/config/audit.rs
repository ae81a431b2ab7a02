//! The audit trail.

use std::path::PathBuf;

use super::reader::Reader;

/// Where acts that matter to security are recorded.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// A file of lines of JSON; without one, the log, whatever its level.
    pub file: Option<PathBuf>,
    /// Whether each grant and each token that is issued is recorded too.
    pub tokens: bool,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Audit> {
    let file = reader.text("audit.file").map(PathBuf::from);
    Some(Audit { file, tokens: reader.boolean("audit.tokens")? })
}

#[cfg(test)]
mod tests {
    use super::super::testing::config;

    #[test]
    fn the_trail_is_in_the_log_unless_it_has_a_file() {
        let usual = config("").audit;
        assert_eq!((usual.file, usual.tokens), (None, false));
        let own = config("audit.file = '/var/log/grantor/audit.json'\naudit.tokens = true").audit;
        assert_eq!(own.file.unwrap().to_str(), Some("/var/log/grantor/audit.json"));
        assert!(own.tokens);
    }
}
