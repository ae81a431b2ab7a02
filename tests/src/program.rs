//! Relying parties in other languages: programs that say where they send the browser, and learn where it arrived.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use crate::http::Left;
use crate::npm::node_module;
use crate::packages::{found_or_installed, on_path};
use crate::server::Client;
use crate::{maven, npm, pip};

/// Logs in with npm's `openid-client` as `plan` says (see `tests/node/relying-party.mjs`); `walk` takes the
/// authorization URL through the pages to the redirect back. Gives what the program concluded.
pub async fn login_with_openid_client(plan: &Value, walk: impl AsyncFn(String) -> Left) -> Value {
    node_module("openid-client/package.json");
    let mut command = Command::new(node());
    command.arg(npm::folder().join("relying-party.mjs")).arg(plan.to_string()).current_dir(npm::folder());
    runs(command, walk).await
}

/// Registers and logs in with the Java SDK of Nimbus, by a signed request object.
pub async fn login_with_nimbus(plan: &Value, walk: impl AsyncFn(String) -> Left) -> Value {
    let mut command = Command::new(maven::java());
    command.args(["-XX:TieredStopAtLevel=1", "-cp"]).arg(maven::class_path("java")).arg("RelyingParty");
    command.arg(plan.to_string());
    runs(command, walk).await
}

/// Runs a relying party of docs/integrating (`node/...mjs`, `python/...py`) as the application of `client`, with `root` (a
/// PEM file) as the one authority that it trusts beside the system's. Gives what the program concluded.
pub async fn integrates(
    program: &str,
    issuer: &str,
    client: &Client,
    root: &Path,
    walk: impl AsyncFn(String) -> Left,
) -> Value {
    let mut command = if program.starts_with("node/") {
        node_module("openid-client/package.json");
        Command::new(node())
    } else {
        Command::new(pip::python())
    };
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(program));
    command.env("ISSUER", issuer).env("CLIENT_ID", &client.id);
    command.env("CLIENT_SECRET", client.secret.as_deref().unwrap_or_default());
    for name in ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"] {
        command.env(name, root);
    }
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    runs(command, walk).await
}

fn node() -> PathBuf {
    found_or_installed(|| on_path(&["node"]), &["nodejs"])
        .unwrap_or_else(|| panic!("this relying party needs Node.js: as root, apt-get install nodejs"))
}

async fn runs(mut command: Command, walk: impl AsyncFn(String) -> Left) -> Value {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("stdin");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
    while let Some(line) = lines.next_line().await.expect("the program writes text") {
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a message: {line}"));
        if let Some(url) = message["visit"].as_str() {
            let left = walk(url.to_owned()).await;
            let arrived = json!({ "arrived": left.to.as_str() });
            input.write_all(format!("{arrived}\n").as_bytes()).await.expect("the program reads");
        } else {
            return message["result"].clone();
        }
    }
    let output = child.wait_with_output().await.expect("the program ends");
    panic!("the relying party failed:\n{}", String::from_utf8_lossy(&output.stderr));
}
