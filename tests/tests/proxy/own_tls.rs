//! Grantor that ends TLS itself (`public.tls`), without a proxy.

use std::fs;

use grantor_tests::{Browser, CertificateFiles, Options, RelyingParty, Server};
use serde_json::json;

async fn server(name: &str, files: &CertificateFiles) -> Server {
    let config = format!(
        "public.tls = {{ cert = '{}', key = '{}' }}\noutbound.ca_file = '{}'",
        files.chain().display(),
        files.key().display(),
        files.root().display()
    );
    Server::start(Options::sqlite(name).issuer("https://localhost:PORT/auth").config(&config)).await
}

/// Under a path as well, since nobody is there to take it off.
#[tokio::test]
async fn a_login_goes_through_with_tls_of_our_own() {
    let files = CertificateFiles::new("localhost", 90);
    let server = server("own-tls", &files).await;
    let said = server.cli(&["config", "check", "--live"]).await;
    assert!(said.status.success(), "{}", said.stdout);
    let line = server.nodes[0].logs("self-check: ").await;
    assert!(line.contains("the issuer leads here"), "{line}");

    let client = server
        .create_client(&["--id", "app"], &json!({ "redirect_uris": ["https://app.example/callback"] }))
        .await;
    let alice = server.create_user("alice").await;
    let http = files.http(&[]);
    let app = RelyingParty::of(&server, &client).over(&http);
    let asked = app.asks("openid");
    let code = asked.receives(&alice.authorizes(&Browser::over(&http), &asked.url()).await);
    let tokens = app.redeems(&code, &asked).await.tokens();
    assert_eq!(app.userinfo(&tokens.access_token).await.json["sub"], alice.subject.as_str());
}

#[tokio::test]
async fn a_renewed_certificate_is_used_at_sighup_and_a_broken_one_is_not() {
    let files = CertificateFiles::new("localhost", 90);
    let server = server("own-tls-renewed", &files).await;
    let node = &server.nodes[0];
    let ready = async |http: &reqwest::Client| {
        http.get(format!("https://localhost:{}/health/ready", node.port()))
            .send()
            .await
            .map(|it| it.status().as_u16())
    };
    let held = files.http(&[]);
    assert_eq!(ready(&held).await.unwrap(), 200);

    let whole = fs::read(files.chain()).unwrap();
    fs::write(files.chain(), "-----BEGIN CERTIFICATE-----\n").unwrap();
    node.hangup();
    let line = node.logs("the certificate stays as it was").await;
    assert!(line.contains("WARN") && line.contains("public.tls.cert"), "{line}");
    assert_eq!(ready(&files.http(&[])).await.unwrap(), 200);
    fs::write(files.chain(), whole).unwrap();

    files.renew("localhost", 90);
    node.hangup();
    node.logs("the certificate was renewed").await;
    assert_eq!(ready(&files.http(&[])).await.unwrap(), 200, "new connections get the new certificate");
    assert_eq!(ready(&held).await.unwrap(), 200, "open connections go on");
}
