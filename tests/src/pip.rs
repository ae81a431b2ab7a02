//! What the tests have from Python's package index: exact versions from `tests/python/requirements.txt`, in a virtual
//! environment that is made when it is missing or when that file has changed since.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::output::{exclusively, output_path, tail};
use crate::packages::{found_or_installed, on_path};

/// The Python that has the packages.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| exclusively("pip", install))
}

/// The folder of the tests' Python.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

fn install() -> PathBuf {
    let environment = output_path("python");
    let python = environment.join("bin/python");
    let requirements = fs::read_to_string(folder().join("requirements.txt")).unwrap();
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == requirements) {
        return python;
    }
    let system = found_or_installed(|| on_path(&["python3"]), &["python3", "python3-venv"])
        .unwrap_or_else(|| panic!("these tests need Python: as root, apt-get install python3 python3-venv"));
    run(Command::new(system).args(["-m", "venv"]).arg(&environment));
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(folder().join("requirements.txt")));
    fs::write(installed, requirements).unwrap();
    python
}

fn run(command: &mut Command) {
    let ran = command.output().expect("Python runs");
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?} failed:\n{}", tail(&errors, 20));
}
