//! Where tests leave what a person may want to look at: logs, screenshots, accessibility reports.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// `tests/output/<relative>`, its directory made.
pub fn output_path(relative: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("output").join(relative);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

/// Holds a lock that every test process of this checkout respects, while `work` runs: test
/// binaries of one run must not install the same thing twice at once.
pub(crate) fn exclusively<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let lock = File::create(output_path(&format!("locks/{name}"))).unwrap();
    lock.lock().unwrap();
    let result = work();
    lock.unlock().unwrap();
    result
}

/// The last `lines` lines of a text, for messages that would drown in the whole of it.
pub(crate) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
