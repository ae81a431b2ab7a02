//! What the tests have from npm: exact versions from `tests/node/package-lock.json`, installed
//! when missing or when the lock file has changed since.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::output::{exclusively, tail};
use crate::packages::{found_or_installed, on_path};

/// A file of an installed package.
pub(crate) fn node_module(file: &str) -> PathBuf {
    static MODULES: OnceLock<PathBuf> = OnceLock::new();
    let path = MODULES.get_or_init(|| exclusively("npm", install)).join(file);
    assert!(path.is_file(), "{} is not there: is its package in tests/node/package.json?", path.display());
    path
}

/// The folder of the tests' JavaScript.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("node")
}

fn install() -> PathBuf {
    let modules = folder().join("node_modules");
    let lock = fs::read_to_string(folder().join("package-lock.json")).unwrap();
    let installed = modules.join(".installed-lock.json"); // npm's own record differs from the lock file
    if fs::read_to_string(&installed).is_ok_and(|text| text == lock) {
        return modules;
    }
    let program = found_or_installed(|| on_path(&["npm"]), &["npm"])
        .unwrap_or_else(|| panic!("these tests need npm: as root, apt-get install npm"));
    let npm = Command::new(program)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(folder())
        .output()
        .expect("npm runs");
    let errors = String::from_utf8_lossy(&npm.stderr);
    assert!(npm.status.success(), "npm ci failed in tests/node:\n{}", tail(&errors, 20));
    fs::write(installed, lock).unwrap();
    modules
}
