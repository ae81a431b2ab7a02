//! What the tests need from the system and do not find: installed with apt-get.

use std::process::Command;

use crate::output::exclusively;

/// Gives what `find` finds, after an installation of these Debian packages where it finds nothing at first. `None` when
/// they cannot be had: not root, not Debian, or no network.
pub(crate) fn found_or_installed<T>(find: impl Fn() -> Option<T>, packages: &[&str]) -> Option<T> {
    find().or_else(|| {
        exclusively("apt-get", || {
            find().or_else(|| {
                eprintln!("installing {} with apt-get", packages.join(" "));
                apt_get(&["update"])?;
                apt_get(&[&["install", "--yes", "--no-install-recommends"], packages].concat())?;
                find()
            })
        })
    })
}

fn apt_get(arguments: &[&str]) -> Option<()> {
    let wait = ["--option", "DPkg::Lock::Timeout=300"]; // somebody else may be installing too
    let ran = Command::new("apt-get")
        .args(wait)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .ok()?;
    if !ran.status.success() {
        eprint!("apt-get {}: {}", arguments.join(" "), String::from_utf8_lossy(&ran.stderr));
    }
    ran.status.success().then_some(())
}

/// A program of the system, installed from this Debian package where it is missing; `None` when it cannot be had.
pub fn system_program(name: &str, package: &str) -> Option<std::path::PathBuf> {
    found_or_installed(|| on_path(&[name]), &[package])
}

/// The first of these programs on `PATH`.
pub(crate) fn on_path(names: &[&str]) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    names.iter().find_map(|name| {
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
    })
}
