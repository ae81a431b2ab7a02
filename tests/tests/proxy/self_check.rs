//! `grantor config check --live`, and the same at the start of a server: each wrong set-up is named in one line that says
//! what mends it.

use grantor_tests::{CertificateFiles, Nginx, Options, Server, http_client};

const TRUSTED: &str = "trusted_proxies = ['127.0.0.1']\n";

/// A server behind nginx, and nginx.
struct Scene {
    server: Server,
    nginx: Nginx,
}

impl Scene {
    async fn set(name: &str, nginx: Nginx, config: &str) -> Self {
        let options = Options::sqlite(name).issuer(&nginx.origin()).config(config);
        Self { server: Server::start(options).await, nginx }
    }

    async fn behind_nginx(name: &str) -> Self {
        let nginx = Nginx::new();
        let config = format!("{TRUSTED}{}", nginx.trusted());
        Self::set(name, nginx, &config).await
    }

    /// A location that passes everything on as it should, with more directives.
    fn passing(&self, more: &str) -> String {
        location(&self.behind(), &format!("{FORWARDED}{BUFFERS}{more}"))
    }

    fn behind(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.nodes[0].port())
    }

    /// What `config check --live` prints, behind an nginx with this server block.
    async fn checked(&mut self, directives: &str) -> Vec<String> {
        let http = self.nginx.server(directives);
        self.nginx.serve(&http).await;
        self.says().await
    }

    async fn says(&self) -> Vec<String> {
        let output = self.server.cli(&["config", "check", "--live"]).await;
        let lines: Vec<String> = output.stdout.lines().map(str::to_owned).collect();
        assert_eq!(output.status.success(), lines.len() == 1 && lines[0] == SOUND, "{output:?}");
        lines
    }
}

const SOUND: &str = "the configuration is valid, and the issuer leads to a server that has it";
const FORWARDED: &str = "proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;\
     proxy_set_header Forwarded \"\";";
const BUFFERS: &str = "proxy_buffer_size 32k; proxy_buffers 8 32k;";
const LARGE: &str = "large_client_header_buffers 4 32k;";

fn location(behind: &str, directives: &str) -> String {
    format!("{LARGE} location / {{ proxy_pass {behind}; {directives} }}")
}

/// One line, opening with `setting`, that has all of `parts`.
fn is_one(lines: &[String], setting: &str, parts: &[&str]) {
    assert!(
        lines.len() == 1
            && lines[0].starts_with(&format!("{setting}: "))
            && parts.iter().all(|part| lines[0].contains(part)),
        "expected one line of {setting} with {parts:?}: {lines:#?}"
    );
}

#[tokio::test]
async fn a_sound_set_up_is_said_to_be_one_by_the_command_and_by_the_log() {
    let mut scene = Scene::behind_nginx("self-check-sound").await;
    let http = scene.nginx.example(scene.server.nodes[0].port());
    scene.nginx.serve(&http).await;
    assert_eq!(scene.says().await, [SOUND]);
    let line = scene.server.nodes[0].logs("self-check: ").await;
    assert!(line.contains("the issuer leads here"), "{line}");
}

#[tokio::test]
async fn what_the_proxy_says_of_its_clients_is_looked_at() {
    let mut scene = Scene::behind_nginx("self-check-forwarding").await;
    let behind = scene.behind();
    let with = |headers: &str| location(&behind, &format!("{BUFFERS}{headers}"));
    let address = "proxy_set_header X-Forwarded-For $remote_addr;";
    let scheme = "proxy_set_header X-Forwarded-Proto $scheme;";
    let taken = "proxy_set_header Forwarded \"\";";

    let lines = scene.checked(&with(&format!("{address}{taken}"))).await;
    is_one(
        &lines,
        "reverse proxy",
        &["users come by https", "nginx: proxy_set_header X-Forwarded-Proto $scheme;"],
    );
    let lines = scene.checked(&with(&format!("{scheme}{taken}"))).await;
    is_one(
        &lines,
        "reverse proxy",
        &["who its clients are", "nginx: proxy_set_header X-Forwarded-For $remote_addr;"],
    );
    let wrong = format!("{address}{taken}proxy_set_header X-Forwarded-Proto http;");
    is_one(&scene.checked(&with(&wrong)).await, "reverse proxy", &["come by http,", "X-Forwarded-Proto"]);
    let named = format!("{scheme}{taken}proxy_set_header X-Forwarded-For unknown;");
    is_one(&scene.checked(&with(&named)).await, "reverse proxy", &["ends in no address"]);
    let both = format!("{address}{scheme}proxy_set_header Forwarded \"for=$remote_addr;proto=https\";");
    is_one(&scene.checked(&with(&both)).await, "reverse proxy", &["both", "leave one out"]);
}

// T174, T175
#[tokio::test]
async fn a_proxy_that_passes_on_what_clients_make_up_is_found_out() {
    let mut scene = Scene::behind_nginx("self-check-spoofing").await;
    let behind = scene.behind();
    let with = |headers: &str| location(&behind, &format!("{BUFFERS}{headers}"));
    let address = "proxy_set_header X-Forwarded-For $remote_addr;";
    let scheme = "proxy_set_header X-Forwarded-Proto $scheme;";
    let taken = "proxy_set_header Forwarded \"\";";

    let lines = scene.checked(&with(&format!("{address}{scheme}"))).await;
    is_one(
        &lines,
        "reverse proxy",
        &["passes on the Forwarded header", "nginx: proxy_set_header Forwarded \"\";"],
    );
    let only_forwarded = "proxy_set_header Forwarded \"for=$remote_addr;proto=https\";";
    is_one(
        &scene.checked(&with(only_forwarded)).await,
        "reverse proxy",
        &["passes on the X-Forwarded-For or"],
    );
    let when_absent = "set $for $http_x_forwarded_for; if ($for = '') { set $for $remote_addr; } \
         proxy_set_header X-Forwarded-For $for;";
    let lines = scene.checked(&with(&format!("{when_absent}{scheme}{taken}"))).await;
    is_one(&lines, "reverse proxy", &["as clients send it, who can be anybody"]);
    let when_absent = "set $proto $http_x_forwarded_proto; if ($proto = '') { set $proto $scheme; } \
         proxy_set_header X-Forwarded-Proto $proto;";
    let lines = scene.checked(&with(&format!("{when_absent}{address}{taken}"))).await;
    is_one(&lines, "reverse proxy", &["passes on X-Forwarded-Proto as clients send it"]);
    let appended = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";
    assert_eq!(scene.checked(&with(&format!("{appended}{scheme}{taken}"))).await, [SOUND]);
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_is_named_with_its_address() {
    let nginx = Nginx::new();
    let trusted = nginx.trusted();
    let mut scene = Scene::set("self-check-untrusted", nginx, &trusted).await;
    let http = scene.nginx.example(scene.server.nodes[0].port());
    scene.nginx.serve(&http).await;
    is_one(&scene.says().await, "trusted_proxies", &["lacks \"127.0.0.1\"", "one allowance"]);
    let line = scene.server.nodes[0].logs("self-check: ").await;
    assert!(
        line.contains("WARN") && line.contains("trusted_proxies") && line.contains("127.0.0.1"),
        "{line}"
    );
    let ready = http_client().get(scene.server.nodes[0].url("/health/ready")).send().await.unwrap();
    assert_eq!(ready.status(), 200, "what is wrong in front of it stops no server");
}

#[tokio::test]
async fn an_issuer_that_leads_elsewhere_is_told_from_one_that_leads_nowhere() {
    let mut scene = Scene::behind_nginx("self-check-elsewhere").await;
    is_one(&scene.says().await, "issuer", &["nothing answers", "has to listen there", "public.listen"]);
    let lines = scene.checked("return 301 https://www.example.com$request_uri;").await;
    is_one(&lines, "issuer", &["is redirected to https://www.example.com/.well-known/openid-configuration"]);
    let lines = scene.checked(&location("http://127.0.0.1:9", "")).await;
    is_one(&lines, "reverse proxy", &["does not reach Grantor (502)", "public.listen", "nginx: proxy_pass"]);
    let lines = scene.checked("location / { return 200 '{\"issuer\": \"https://other.example\"}'; }").await;
    is_one(&lines, "issuer", &["says \"https://other.example\"", "byte for byte"]);
    is_one(
        &scene.checked("location / { return 200 hello; }").await,
        "issuer",
        &["something else than Grantor"],
    );
    is_one(&scene.checked("location / { return 404; }").await, "issuer", &["404", "nginx: location"]);
    let in_clear = scene.nginx.server("return 200 hello;").replacen(" ssl;", ";", 1);
    scene.nginx.serve(&in_clear).await;
    is_one(&scene.says().await, "issuer", &["does not speak TLS", "nginx: listen 443 ssl"]);
}

#[tokio::test]
async fn an_issuer_is_compared_byte_for_byte_with_the_one_that_answers() {
    let mut scene = Scene::behind_nginx("self-check-issuer").await;
    let http = scene.nginx.example(scene.server.nodes[0].port());
    scene.nginx.serve(&http).await;
    let ours = std::fs::read_to_string(scene.server.nodes[0].config()).unwrap();
    let with_slash = scene.server.directory().join("slash.toml");
    let issuer = &scene.server.issuer;
    std::fs::write(&with_slash, ours.replace(issuer, &format!("{issuer}/"))).unwrap();
    let arguments = ["config", "check", "--live", "--config", with_slash.to_str().unwrap()];
    let output = scene.server.cli(&arguments).await;
    assert!(!output.status.success());
    let lines: Vec<String> = output.stdout.lines().map(str::to_owned).collect();
    is_one(
        &lines,
        "issuer",
        &[&format!("is \"{issuer}/\" here"), &format!("says \"{issuer}\""), "give both the same"],
    );
}

#[tokio::test]
async fn a_path_that_the_proxy_changes_is_found_out() {
    let mut scene = Scene::behind_nginx("self-check-path").await;
    let behind = scene.behind();
    let lines = scene.checked(&location(&format!("{behind}/id/"), FORWARDED)).await;
    is_one(&lines, "reverse proxy", &["changes the path", "nginx: proxy_pass without a path"]);
    let only_some = format!("location /.well-known/ {{ proxy_pass {behind}; }} location / {{ return 404; }}");
    is_one(&scene.checked(&only_some).await, "reverse proxy", &["itself (404)", "nginx: location /"]);
}

#[tokio::test]
async fn cookies_that_do_not_arrive_as_they_are_set_are_shown() {
    let mut scene = Scene::behind_nginx("self-check-cookies").await;
    let lines = scene.checked(&scene.passing("proxy_cookie_path / /auth;")).await;
    is_one(
        &lines,
        "reverse proxy",
        &["changes cookies", "__Host-grantor_probe=1; Path=/auth", "proxy_cookie_path"],
    );
    let lines = scene.checked(&scene.passing("proxy_hide_header Set-Cookie;")).await;
    is_one(&lines, "reverse proxy", &["takes the Set-Cookie header out"]);
    let lines = scene.checked(&scene.passing("proxy_set_header Cookie \"\";")).await;
    is_one(&lines, "reverse proxy", &["takes the Cookie header out"]);
}

// T192
#[tokio::test]
async fn a_proxy_whose_buffers_are_too_small_is_told_which() {
    let mut scene = Scene::behind_nginx("self-check-sizes").await;
    let behind = scene.behind();
    let narrow = scene.passing("").replacen(LARGE, "", 1);
    let lines = scene.checked(&narrow).await;
    assert!(lines[0].starts_with("reverse proxy: does not let a URL of 8 KB through (414)"), "{lines:#?}");
    assert!(lines.iter().all(|line| line.contains("large_client_header_buffers 4 32k;")), "{lines:#?}");
    let few = scene.passing("").replacen(LARGE, "large_client_header_buffers 1 12k;", 1);
    is_one(&scene.checked(&few).await, "reverse proxy", &["16 KB of cookies", "(400)"]);
    let lines = scene.checked(&location(&behind, FORWARDED)).await;
    is_one(&lines, "reverse proxy", &["an answer with a header of 8 KB", "(502)", "proxy_buffer_size 32k;"]);
}

#[tokio::test]
async fn certificates_that_clients_would_refuse_are_refused_first() {
    let other = CertificateFiles::new("other.example", 90);
    let (expired, ending) = (CertificateFiles::new("localhost", -1), CertificateFiles::new("localhost", 5));
    let sound = || CertificateFiles::new("localhost", 90);
    for (name, certificate, is_trusted, setting, part) in [
        ("unknown", sound(), false, "outbound.ca_file", "is signed by nobody who is trusted"),
        ("self-signed", CertificateFiles::self_signed("localhost"), false, "reverse proxy", "or itself"),
        (
            "trusted-self-signed",
            CertificateFiles::self_signed("localhost"),
            true,
            "reverse proxy",
            "or itself",
        ),
        ("other", other, true, "reverse proxy", "is for another host"),
        ("expired", expired, true, "reverse proxy", "has expired"),
        ("ending", ending, true, "reverse proxy", "renew it"),
    ] {
        let nginx = Nginx::with_certificate(certificate);
        let config = if is_trusted { format!("{TRUSTED}{}", nginx.trusted()) } else { TRUSTED.to_owned() };
        let mut scene = Scene::set(&format!("self-check-certificate-{name}"), nginx, &config).await;
        let http = scene.nginx.example(scene.server.nodes[0].port());
        scene.nginx.serve(&http).await;
        is_one(&scene.says().await, setting, &["the certificate at", part]);
    }
}

#[tokio::test]
async fn a_server_with_another_database_is_not_taken_for_this_one() {
    let mut scene = Scene::behind_nginx("self-check-database").await;
    let http = scene.nginx.example(scene.server.nodes[0].port());
    scene.nginx.serve(&http).await;
    let ours = std::fs::read_to_string(scene.server.nodes[0].config()).unwrap();
    let other = scene.server.directory().join("other.toml");
    std::fs::write(&other, ours.replace("grantor.db", "other.db")).unwrap();
    let output = scene.server.cli(&["config", "check", "--live", "--config", other.to_str().unwrap()]).await;
    let lines: Vec<String> = output.stdout.lines().map(str::to_owned).collect();
    is_one(&lines, "database.url", &["has other keys", "another database"]);
}

/// What the proxy is seen to do is the operator's business alone.
#[tokio::test]
async fn to_strangers_there_is_nothing_where_the_self_check_asks() {
    let scene = Scene::behind_nginx("self-check-strangers").await;
    let base = scene.server.nodes[0].origin();
    let ask = async |path: &str, proof: Option<&str>| {
        let mut request = http_client().get(format!("{base}{path}")).header("accept", "application/json");
        if let Some(proof) = proof {
            request = request.header("x-grantor-self-check", proof);
        }
        let answer = request.send().await.unwrap();
        let is_set = answer.headers().contains_key("set-cookie");
        (answer.status().as_u16(), is_set, answer.text().await.unwrap())
    };
    let nothing = ask("/health/nothing", None).await;
    assert_eq!(nothing.0, 404);
    for proof in [None, Some(""), Some("AAAAAAAAAAA"), Some(&"A".repeat(54)), Some(&"A".repeat(5000))] {
        assert_eq!(ask("/health/self-check", proof).await, nothing, "{proof:?}");
    }
}
