use std::collections::BTreeSet;

use grantor_protocol::{ClientId, UserId};
use serde_json::Value;

use super::file::QUEUE;
use super::{AuditEvent, AuditLog, Cause, Outcome};
use crate::clock::Now;
use crate::config::Audit;

const DOCUMENT: &str = include_str!("../../../../docs/auditing.md");

/// Rows of the table of events: name, outcome and members.
fn documented() -> BTreeSet<(String, String, BTreeSet<String>)> {
    let cells = |line: &str| -> Vec<String> { line.split('|').map(|cell| cell.trim().to_owned()).collect() };
    let rows = DOCUMENT.lines().filter(|line| line.starts_with("| `") && cells(line).len() == 6);
    rows.map(|line| {
        let cells = cells(line);
        let members = cells[3].split_whitespace().map(|member| member.trim_matches(['`', ',']).to_owned());
        (cells[1].trim_matches('`').to_owned(), cells[2].clone(), members.collect())
    })
    .collect()
}

#[test]
fn the_guide_lists_every_event_with_its_outcome_and_its_members() {
    let declared: BTreeSet<_> = AuditEvent::ALL
        .iter()
        .map(|(name, outcome, members)| {
            let outcome = if *outcome == Outcome::Success { "success" } else { "failure" };
            let members = members.iter().map(|member| (*member).to_owned()).collect();
            ((*name).to_owned(), outcome.to_owned(), members)
        })
        .collect();
    assert_eq!(declared.len(), AuditEvent::ALL.len(), "no name twice");
    assert_eq!(documented(), declared);
}

fn written(events: &[AuditEvent]) -> Vec<Value> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.json");
    let log = AuditLog::new(&Audit { file: Some(path.clone()), tokens: false });
    for event in events {
        log.record(&Cause::command("users disable", Now { ms: 1_700_000_000_123 }), event);
    }
    drop(log);
    let text = std::fs::read_to_string(path).unwrap_or_default();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).expect("a line is one JSON object")).collect()
}

#[test]
fn a_record_says_who_did_what_to_whom_and_when() {
    let user = UserId::from_uuid(uuid::Uuid::now_v7());
    let records = written(&[AuditEvent::UserDisabled { subject: user }]);
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(record["event"], "user.disabled");
    assert_eq!(record["outcome"], "success");
    assert_eq!(record["at"], 1_700_000_000_123_i64);
    assert_eq!((&record["actor"], &record["command"]), (&"operator".into(), &"users disable".into()));
    assert!(record["actor_id"].as_str().unwrap().starts_with("uid "), "{record}");
    assert_eq!(record["subject"], user.to_string());
    assert!(record.get("client_id").is_none(), "what is not known is left out: {record}");
}

// T203 [V16.4.1]
#[test]
fn what_others_say_cannot_break_a_record_or_grow_it_without_end() {
    let nasty = format!("a\r\n{{\"event\":\"forged\"}}\u{1b}[2J\"{}", "x".repeat(1_000_000));
    let records = written(&[AuditEvent::LoginThrottled { account: nasty }]);
    let [record] = records.as_slice() else { panic!("one record: {}", records.len()) };
    assert_eq!(record["event"], "login.throttled");
    assert_eq!(record["account"].as_str().unwrap().chars().count(), 200);
}

#[test]
fn tokens_are_recorded_only_where_the_operator_wants_it() {
    let issued = AuditEvent::TokenIssued {
        subject: None,
        client_id: ClientId::parse("app").unwrap(),
        grant: None,
        grant_type: "client_credentials",
        scope: grantor_protocol::Scope::empty(),
    };
    assert_eq!(written(&[issued]).len(), 0);
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_begun_anew_when_it_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let (path, moved) = (directory.path().join("audit.json"), directory.path().join("audit.json.1"));
    let log = AuditLog::new(&Audit { file: Some(path.clone()), tokens: false });
    let record = || log.record(&Cause::server(Now { ms: 0 }), &AuditEvent::ServerStopped {});
    record();
    log.reopen().await.unwrap();
    std::fs::rename(&path, &moved).unwrap();
    record();
    log.reopen().await.unwrap();
    record();
    log.close();
    let lines = |path| std::fs::read_to_string(path).unwrap().lines().count();
    assert_eq!((lines(&moved), lines(&path)), (2, 1), "until then records follow the file that is open");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_known_when_it_is_opened() {
    let log = AuditLog::new(&Audit { file: Some("/nonexistent/audit.json".into()), tokens: false });
    assert!(log.reopen().await.is_err());
    // And an act is none the worse for it.
    log.record(&Cause::server(Now { ms: 0 }), &AuditEvent::ServerStopped {});
}

/// A pipe that nobody reads is a disk that stalls.
#[cfg(unix)]
#[test]
fn a_disk_that_stalls_keeps_nobody_waiting_who_records() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.json");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let log = AuditLog::new(&Audit { file: Some(path.clone()), tokens: false });
    for _ in 0..QUEUE + 100 {
        log.record(&Cause::server(Now { ms: 0 }), &AuditEvent::ServerStopped {});
    }
    let reading = std::thread::spawn(move || std::fs::read_to_string(path).unwrap().lines().count());
    log.close();
    // The thread may have taken one out of the queue before it met the pipe.
    let written = reading.join().unwrap();
    assert!((QUEUE..=QUEUE + 1).contains(&written), "what fits is written by the end: {written}");
}
