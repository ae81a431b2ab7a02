//! What other systems make of a password: Django, Werkzeug, passlib, bcrypt and argon2 in Python.

use std::collections::BTreeMap;
use std::process::Command;

use crate::output::tail;
use crate::pip;

/// The hashes of a password by the name of their form, fresh ones each time.
pub fn password_hashes(password: &str) -> BTreeMap<String, String> {
    let ran = Command::new(pip::python())
        .arg(pip::folder().join("password_hashes.py"))
        .arg(password)
        .output()
        .expect("Python runs");
    assert!(ran.status.success(), "{}", tail(&String::from_utf8_lossy(&ran.stderr), 20));
    serde_json::from_slice(&ran.stdout).expect("the hashes are printed as JSON")
}
