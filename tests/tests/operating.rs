//! Documentation that an operator types from: each command of the binary in docs/ is run as it is written, in a prepared database of
//! its own, and each metric that an alert names is there.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests report failure by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use grantor_tests::{Browser, CommandOutput, Options, RelyingParty, Server, http_client};
use serde_json::json;

/// What stands for something that only a reader knows.
struct Placeholders(Vec<(&'static str, String)>);

/// Run by every other test; here it would not end.
const ENDLESS: &str = "serve";

/// Commands that a prepared database cannot satisfy, by how they begin, and what they say then.
const REFUSED: &[(&str, &str)] = &[
    ("clients test-logout", "backchannel_logout_uri"),
    ("keys withdraw", "is in use"), // the key that `rotate --now` would have replaced
    // No server runs on the copies; tests/tests/proxy has both with one.
    ("health", "cannot be connected to"),
    ("config check --live", "nothing answers at"),
];

/// Documents whose every command has to succeed, since the table below knows all of their placeholders. Of the others, each
/// command has to be one of the binary's, with its arguments.
const KNOWN_THROUGHOUT: &[&str] = &["operating.md", "registration.md", "relying-parties.md"];

/// A command as it is written somewhere.
#[derive(Debug)]
struct Written {
    at: String,
    line: String,
    /// In a block, and so complete; a command within a sentence may leave out arguments.
    in_block: bool,
}

#[tokio::test]
async fn every_command_in_the_documentation_works_as_it_is_written() {
    let written = commands();
    assert!(written.len() > 30, "{written:#?}");
    let (server, placeholders) = prepared().await;
    let mut wrong = Vec::new();
    for (number, command) in written.iter().enumerate() {
        let words = placeholders.fill(&command.line);
        if words.first().is_some_and(|first| first == ENDLESS || first == "...") {
            continue;
        }
        let config = own_database(&server, number);
        let run = async |words: &[String]| {
            let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
            arguments.extend(["--config", config.to_str().unwrap()]);
            server.cli_with_input(&arguments, "twelve green horses on a hill").await
        };
        let output = run(&words).await;
        let is_right = match output.status.code() {
            Some(0) => true,
            // Wrong usage: right only where a sentence names a command without its arguments.
            Some(2) => !command.in_block && run(&path_of(&words)).await.status.success(),
            _ => is_excused(command, &output),
        };
        if !is_right {
            wrong.push(format!(
                "{}: grantor {}\n{}{}",
                command.at, command.line, output.stdout, output.stderr
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} commands do not work:\n{}",
        wrong.len(),
        written.len(),
        wrong.join("\n")
    );
}

/// Each is there once what it counts has happened.
#[tokio::test]
async fn every_metric_that_an_alert_names_is_there() {
    let config = "outbound = { allow_private = ['127.0.0.0/8'], timeout = '1s' }";
    let server = Server::start(Options::sqlite("operating-metrics").config(config)).await;
    let metadata = json!({
        "redirect_uris": ["https://app.example.com/callback"],
        "skip_consent": true,
        "backchannel_logout_uri": "https://localhost:9443/nobody-listens",
    });
    let app = RelyingParty::of(&server, &server.create_client(&["--id", "my-app"], &metadata).await);
    let ada = server.create_user("ada").await;
    let request = app.asks("openid");
    let code = request.receives(&ada.authorizes(&Browser::new(), &request.url()).await);
    app.redeems(&code, &request).await.tokens();
    app.redeems(&code, &request).await.is_refused("invalid_grant"); // a replay
    let sessions = server.admin_url(&format!("/admin/users/{}/sessions", ada.subject));
    assert!(http_client().delete(sessions).send().await.unwrap().status().is_success());

    let rules = fs::read_to_string(workspace().join("config/prometheus-rules.yml")).unwrap();
    let mut names: Vec<&str> = rules
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| word.starts_with("grantor_"))
        .collect();
    assert!(names.len() > 10, "{names:?}");
    let all_there = async {
        while !names.is_empty() {
            let metrics = http_client().get(server.admin_url("/metrics")).send().await.unwrap();
            let text = metrics.text().await.unwrap();
            names.retain(|name| !text.lines().any(|line| is_sample_of(line, name)));
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), all_there).await;
    assert!(in_time.is_ok(), "never seen: {names:?}");
}

fn is_sample_of(line: &str, name: &str) -> bool {
    line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
}

#[test]
fn commands_are_found_where_people_write_them() {
    let text = "Run `grantor migrate` first, or `grantor ...`.\n\n    GRANTOR_CONFIG=x grantor clients create --name \"My app\" \\\n        \
                --redirect-uri https://a.example/grantor \\\n        --id a   # a remark\n    1. grantor keys rewrap\n    printf x |\n        grantor users create\n\n```sh\n$ docker \
                compose exec grantor grantor users list\n```\nThe grantor of rights.\n";
    let found: Vec<_> =
        commands_of("x.md", text).into_iter().map(|found| (found.line, found.in_block)).collect();
    let expected = [
        ("migrate", false),
        ("...", false),
        ("clients create --name \"My app\"  --redirect-uri https://a.example/grantor  --id a", true),
        ("keys rewrap", true),
        ("users create", true),
        ("users list", true),
    ];
    assert_eq!(found, expected.map(|(line, in_block)| (line.to_owned(), in_block)));
    assert_eq!(
        words("create --name \"My app\" --uri 'https://*.x/**' a"),
        ["create", "--name", "My app", "--uri", "https://*.x/**", "a"]
    );
}

/// A client, a user with a login and a grant, a token to register with; nothing runs on it any more.
async fn prepared() -> (Server, Placeholders) {
    let options = Options::sqlite("operating").config("registration.enabled = true");
    let server = Server::start(options).await;
    let metadata = json!({
        "redirect_uris": ["https://app.example.com/callback"],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    });
    let client = server.create_client(&["--id", "my-app"], &metadata).await;
    let ada = server.create_user("ada").await;
    let app = RelyingParty::of(&server, &client);
    let request = app.asks("openid offline_access");
    let left = ada.authorizes(&Browser::new(), &request.url()).await;
    app.redeems(&request.receives(&left), &request).await.tokens();
    let session =
        server.cli(&["sessions", "list", "--json"]).await.json()[0]["id"].as_str().unwrap().to_owned();
    server.cli(&["registration", "tokens", "create", "--label", "pilot"]).await.succeeded();
    let tokens = server.cli(&["registration", "tokens", "list", "--json"]).await.json();
    let token = tokens[0]["id"].as_str().unwrap().to_owned();
    let keys = server.cli(&["keys", "list", "--json"]).await.json();
    let kid = keys[0]["kid"].as_str().unwrap().to_owned();
    server.nodes[0].terminate().await;
    fs::write(server.directory().join("users.jsonl"), "{\"username\": \"brought-along\"}\n").unwrap();
    let placeholders = vec![
        ("registration tokens revoke <id>", format!("registration tokens revoke {token}")),
        ("registration tokens revoke ID", format!("registration tokens revoke {token}")),
        ("sessions end ID", format!("sessions end {session}")),
        ("KID", kid),
        ("CLIENT_ID", "my-app".to_owned()),
        ("/var/backups/grantor.db", server.directory().join("backup.db").display().to_string()),
        // The names that the guide gives to what it makes are taken here.
        ("create --id my-app", "create --id my-new-app".to_owned()),
        ("create --username ada", "create --username grace".to_owned()),
    ];
    (server, Placeholders(placeholders))
}

impl Placeholders {
    fn fill(&self, line: &str) -> Vec<String> {
        let filled = self.0.iter().fold(line.to_owned(), |line, (name, value)| line.replace(name, value));
        words(&filled)
    }
}

/// The configuration of a copy, so that no command meets what another one left.
fn own_database(server: &Server, number: usize) -> PathBuf {
    let (from, to) =
        (server.directory().join("grantor.db"), server.directory().join(format!("own-{number}.db")));
    fs::copy(&from, &to).unwrap();
    drop(fs::remove_file(server.directory().join("backup.db")));
    let text = fs::read_to_string(server.directory().join("node-0.toml")).unwrap();
    let config = server.directory().join(format!("own-{number}.toml"));
    fs::write(&config, text.replace(from.to_str().unwrap(), to.to_str().unwrap())).unwrap();
    config
}

fn is_excused(command: &Written, output: &CommandOutput) -> bool {
    let said = format!("{}{}", output.stdout, output.stderr);
    let is_known = KNOWN_THROUGHOUT.iter().any(|name| command.at.starts_with(name));
    REFUSED.iter().any(|(start, why)| command.line.starts_with(start) && said.contains(why)) || !is_known
}

/// The help of the command that is named, whatever its arguments.
fn path_of(words: &[String]) -> Vec<String> {
    let is_name = |word: &&String| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-');
    let names = words.iter().take_while(|word| !word.starts_with('-')).take_while(is_name).take(3).cloned();
    names.chain(["--help".to_owned()]).collect()
}

fn commands() -> Vec<Written> {
    let mut found = Vec::new();
    let mut folders = vec![workspace().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("decisions") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|end| end == "md") {
                let name = path.strip_prefix(workspace().join("docs")).unwrap().display().to_string();
                found.extend(commands_of(&name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort_by(|one, other| one.at.cmp(&other.at));
    found
}

fn commands_of(name: &str, text: &str) -> Vec<Written> {
    let (mut found, mut fenced, mut begun) = (Vec::new(), false, String::new());
    for (number, line) in text.lines().enumerate() {
        let at = format!("{name}:{}", number + 1);
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced || line.starts_with("    ") {
            let line = line.split("  #").next().unwrap().trim();
            if let Some(part) = line.strip_suffix('\\') {
                begun.push_str(part);
                begun.push(' ');
                continue;
            }
            let whole = std::mem::take(&mut begun) + line;
            if let Some(command) = command_of(&whole) {
                found.push(Written { at, line: command, in_block: true });
            }
            continue;
        }
        let spans = line.split('`').skip(1).step_by(2).filter_map(|span| span.strip_prefix("grantor "));
        found.extend(spans.map(|span| Written { at: at.clone(), line: span.to_owned(), in_block: false }));
    }
    found
}

/// What a line of a block runs: after prompts, numbers, variables and other programs of a pipe.
fn command_of(line: &str) -> Option<String> {
    let command = line.split('|').next_back()?.trim();
    let all: Vec<&str> = command.split_whitespace().collect();
    let is_before =
        |word: &&str| *word == "$" || word.contains('=') || word.trim_end_matches('.').parse::<u8>().is_ok();
    let mut rest = all.iter().copied().skip_while(is_before);
    let first = rest.next()?;
    let is_inside = ["docker", "podman", "kubectl"].contains(&first);
    // A word of its own: addresses end in the name, too.
    let padded = format!(" {command} ");
    let parted = if is_inside {
        padded.rsplit_once(" grantor ")
    } else if first == "grantor" {
        padded.split_once(" grantor ")
    } else {
        None
    };
    parted.map(|(_, arguments)| arguments.trim().to_owned())
}

/// As a shell parts them, as far as the documentation goes.
fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in line.chars() {
        match (letter, quote) {
            ('"' | '\'', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            (' ', None) => {
                if !word.is_empty() {
                    all.push(std::mem::take(&mut word));
                }
            }
            (letter, _) => word.push(letter),
        }
    }
    all.extend(Some(word).filter(|word| !word.is_empty()));
    all
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
