//! What the tests of this module share: a valid file to add to, and files that go away.

use std::fs;

use tempfile::TempDir;

use super::{Config, Source};

/// The least that loads.
pub(super) const MINIMAL: &str =
    "issuer = \"https://id.example.com\"\nsecrets.system = [\"a-secret-that-is-only-used-in-tests\"]\n";

/// The configuration of [`MINIMAL`] and `text`.
pub(crate) fn config(text: &str) -> Config {
    Config::load(&source(text)).unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

/// What is said about [`MINIMAL`] and `text`; there are no warnings where there are problems.
pub(super) fn problems_and_warnings(text: &str) -> (Vec<String>, Vec<String>) {
    let lines = |problems: Vec<super::Problem>| problems.iter().map(ToString::to_string).collect();
    match Config::load(&source(text)) {
        Ok(config) => (Vec::new(), lines(config.warnings)),
        Err(problems) => (lines(problems), Vec::new()),
    }
}

/// `text` may give a key that [`MINIMAL`] gives too; its own then counts.
fn source(text: &str) -> Source {
    let minimal = MINIMAL.lines().filter(|line| {
        let name = line.split_whitespace().next().unwrap_or_default();
        let own = text.lines().filter_map(|line| line.split_whitespace().next());
        !own.into_iter().any(|own| own == name || own.strip_suffix("_file") == Some(name))
    });
    Source::text(minimal.chain(text.lines()).collect::<Vec<_>>().join("\n"))
}

/// A directory that lasts as long as the test.
pub(super) struct Files(TempDir);

impl Files {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a file and names it.
    pub(super) fn write(&self, name: &str, content: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}
