//! A user with very many logins and grants (security.md T208): they are listed in pages and ended within seconds, and the server's
//! memory stays bounded. `GRANTOR_FAULT_MANY=100000` for a record run.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use grantor_tests::{Browser, Database, Options, Person, RelyingParty, Server, http_client, system_program};
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// For any of the acts, in the debug build on a busy machine.
const WITHIN: Duration = Duration::from_secs(5);
const MOST_MEMORY_KIB: u64 = 256 * 1024;

/// Multiplies the one session and the one grant that are there.
const ON_POSTGRES: &str = "
    INSERT INTO session SELECT new.* FROM (SELECT * FROM session LIMIT 1) AS one, generate_series(1, COUNT) AS n,
        LATERAL jsonb_populate_record(NULL::session, to_jsonb(one) || jsonb_build_object('n', n,
            'id', gen_random_uuid(), 'secret_hash', '\\x' || encode(sha256(random()::TEXT::BYTEA), 'hex'))) AS new;
    INSERT INTO oauth_grant SELECT new.* FROM (SELECT * FROM oauth_grant LIMIT 1) AS one, generate_series(1, COUNT) AS n,
        LATERAL jsonb_populate_record(NULL::oauth_grant, to_jsonb(one) || jsonb_build_object('n', n,
            'id', gen_random_uuid(), 'interaction', NULL, 'code_hash', NULL)) AS new;
    ANALYZE";

const ON_SQLITE: &str = r"
import os, sqlite3, sys
database, count = sqlite3.connect(sys.argv[1], timeout=30), int(sys.argv[2])
for table, fresh in (('session', {'id': 16, 'secret_hash': 32}), ('oauth_grant', {'id': 16, 'interaction': 0, 'code_hash': 0})):
    cursor = database.execute(f'SELECT * FROM {table} LIMIT 1')
    names, row = [column[0] for column in cursor.description], cursor.fetchone()
    value = lambda name, old: old if name not in fresh else os.urandom(fresh[name]) if fresh[name] else None
    rows = ([value(name, old) for name, old in zip(names, row)] for _ in range(count))
    database.executemany(f'INSERT INTO {table} VALUES ({chr(44).join(chr(63) * len(names))})', rows)
database.commit()
";

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_very_many_logins_on_postgres_is_listed_in_pages_and_signed_out_in_time() {
    let database = grantor_test_postgres::database();
    let options = Options::new("faults-many-postgres", Database::Postgres(database.url().to_owned()));
    let crowd = Crowd::on(Server::start(options).await).await;
    database.run(&[&ON_POSTGRES.replace("COUNT", &many().to_string())]).unwrap();
    crowd.is_borne("Postgres").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_very_many_logins_on_sqlite_is_listed_in_pages_and_signed_out_in_time() {
    let crowd = Crowd::on(Server::start(Options::sqlite("faults-many-sqlite")).await).await;
    let python = system_program("python3", "python3").expect("python3 is installed, or can be by apt-get");
    let database = crowd.server.directory().join("grantor.db");
    let mut fill = Command::new(python);
    fill.args(["-c", ON_SQLITE]).arg(database).arg(many().to_string()).stdin(Stdio::null());
    assert!(fill.status().unwrap().success());
    crowd.is_borne("SQLite").await;
}

fn many() -> usize {
    std::env::var("GRANTOR_FAULT_MANY")
        .map_or(2000, |text| text.parse().expect("GRANTOR_FAULT_MANY is a number"))
}

struct Crowd {
    server: Server,
    app: RelyingParty,
    alice: Person,
    browser: Browser,
}

impl Crowd {
    async fn on(server: Server) -> Self {
        let metadata = json!({
            "redirect_uris": ["https://app.example/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "skip_consent": true,
        });
        let app = RelyingParty::of(&server, &server.create_client(&["--id", "app"], &metadata).await);
        let alice = server.create_user("alice").await;
        let browser = Browser::new();
        let request = app.asks("openid offline_access");
        let left = alice.authorizes(&browser, &request.url()).await;
        app.redeems(&request.receives(&left), &request).await.tokens();
        Self { server, app, alice, browser }
    }

    async fn is_borne(&self, engine: &str) {
        let subject = &self.alice.subject;
        let before = self.memory("VmRSS");
        let sessions = format!("/admin/users/{subject}/sessions");
        let (listed, page) = timed(self.asks(Method::GET, &format!("{sessions}?page_size=500"))).await;
        assert_eq!(rows(page).await, 500);
        let grants = format!("/admin/users/{subject}/grants");
        let (listed_grants, page) = timed(self.asks(Method::GET, &format!("{grants}?page_size=500"))).await;
        assert_eq!(rows(page).await, 500);
        let (account, visit) = timed(self.browser.get(&self.server.url("/account"))).await;
        assert_eq!(visit.page().status, 200);
        let hydra = format!("/admin/oauth2/auth/sessions/consent?subject={subject}");
        let (as_hydra, answer) = timed(self.asks(Method::GET, &hydra)).await;
        assert_eq!(answer.status(), 200);

        let (ended, answer) = timed(self.asks(Method::DELETE, &sessions)).await;
        assert!(answer.status().is_success(), "{answer:?}");
        let (disconnected, answer) = timed(self.asks(Method::DELETE, &format!("{grants}/app"))).await;
        assert!(answer.status().is_success(), "{answer:?}");
        assert_eq!(rows(self.asks(Method::GET, &sessions).await).await, 0);
        assert_eq!(rows(self.asks(Method::GET, &grants).await).await, 0);
        let (deleted, output) = timed(self.server.cli(&["users", "delete", "alice"])).await;
        output.succeeded();
        self.app
            .token(&[("grant_type", "refresh_token"), ("refresh_token", "gone")])
            .await
            .is_refused("invalid_grant");

        let acts = [
            ("a page of logins", listed),
            ("a page of grants", listed_grants),
            ("/account", account),
            ("as Hydra lists consents", as_hydra),
            ("end all logins", ended),
            ("disconnect a client", disconnected),
            ("delete the user, by command", deleted),
        ];
        let (peak, count) = (self.memory("VmHWM"), many());
        println!("=== {count} logins and {count} grants of one user on {engine}");
        println!("  memory before {before} KiB, at most {peak} KiB\n  {acts:?}");
        for (act, took) in acts {
            assert!(took < WITHIN, "{act} took {took:?}");
        }
        assert!(peak < MOST_MEMORY_KIB, "{peak} KiB");
    }

    async fn asks(&self, method: Method, path: &str) -> Response {
        http_client().request(method, self.server.admin_url(path)).send().await.unwrap()
    }

    /// A field of `/proc/<pid>/status`, in KiB.
    fn memory(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.nodes[0].pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

async fn rows(answer: Response) -> usize {
    let document: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    document.as_array().unwrap().len()
}

async fn timed<T>(act: impl Future<Output = T>) -> (Duration, T) {
    let begun = Instant::now();
    let done = act.await;
    (begun.elapsed(), done)
}
