//! What all modules share: one server in the profile that is certified, one user who has every standard claim and is
//! logged in somewhere, and a server for documents.

use std::sync::LazyLock;

use grantor_tests::{
    Browser, Documents, Options, Person, RelyingParty, Server, SigningKey, claims_of_user, http_client,
};
use serde_json::json;
use tokio::sync::OnceCell;

/// What the suite's server is configured with (conformance.md 10.1 and 11), where `ca_file` is a path.
pub(crate) const PROFILE: &str = r#"
registration.enabled = true
clients.response_types = ["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token", "none"]
clients.allow_unsigned = true
clients.pkce = "public"
outbound.allow_private = ["127.0.0.1/32", "::1/128"]
"#;

/// Where answers go.
pub(crate) const CALLBACK: &str = "https://suite.example/test/a/grantor/callback";

/// A server under test and the person in front of it.
pub(crate) struct Host {
    pub(crate) issuer: String,
    pub(crate) user: Person,
    session: Browser,
}

/// The shared server.
pub(crate) struct Scene {
    #[expect(dead_code, reason = "it stops when it is dropped")]
    server: Server,
    pub(crate) host: Host,
}

impl Scene {
    /// A server of its own, for what would disturb others.
    pub(crate) async fn set(name: &str) -> Self {
        let server = Server::start(Options::sqlite(name).config(&profile())).await;
        let user = user(&server).await;
        let browser = Browser::new();
        let metadata = json!({ "redirect_uris": [CALLBACK], "skip_consent": true });
        let client = server.create_client(&["--id", "door"], &metadata).await;
        user.authorizes(&browser, &RelyingParty::of(&server, &client).asks("openid").url()).await;
        let host = Host { issuer: server.issuer.clone(), user, session: browser };
        Self { server, host }
    }
}

impl Host {
    /// A server whose user is not logged in anywhere.
    pub(crate) fn new(issuer: &str, user: Person) -> Self {
        Self { issuer: issuer.to_owned(), user, session: Browser::new() }
    }

    /// A browser in which the user is logged in, over these connections.
    pub(crate) fn session(&self, http: &reqwest::Client) -> Browser {
        self.session.twin(http)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }
}

pub(crate) async fn scene() -> &'static Scene {
    static SCENE: OnceCell<Scene> = OnceCell::const_new();
    SCENE.get_or_init(|| Scene::set("conformance")).await
}

/// The profile, with the root that the document server's certificate is from.
pub(crate) fn profile() -> String {
    let file = grantor_tests::output_path("conformance-root.pem");
    documents().write_root(&file);
    format!("{PROFILE}\noutbound.ca_file = '{}'", file.display())
}

pub(crate) fn documents() -> &'static Documents {
    static DOCUMENTS: LazyLock<Documents> = LazyLock::new(Documents::start);
    &DOCUMENTS
}

/// The suite's key, which all clients register.
pub(crate) fn suite_key() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(SigningKey::rsa);
    &KEY
}

/// Connections of one test: they belong to its runtime.
pub(crate) fn http() -> reqwest::Client {
    http_client()
}

/// conformance.md 2.6
async fn user(server: &Server) -> Person {
    let file = server.directory().join("every-claim.json");
    std::fs::write(&file, claims_of_user().to_string()).unwrap();
    let password = "the suite's user likes tea";
    let create = ["users", "create", "--username", "suite", "--password-stdin", "--claims"];
    let create = [&create[..], &[file.to_str().unwrap()]].concat();
    let created = server.cli_with_input(&create, password).await.json();
    Person {
        username: "suite".to_owned(),
        password: password.to_owned(),
        subject: created["sub"].as_str().unwrap().to_owned(),
    }
}

/// The claims that a scope stands for (OpenID Connect Core 1.0 section 5.4).
pub(crate) fn claims_of_scope(scope: &str) -> &'static [&'static str] {
    match scope {
        "profile" => &[
            "name",
            "given_name",
            "family_name",
            "middle_name",
            "nickname",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
            "preferred_username",
        ],
        "email" => &["email", "email_verified"],
        "address" => &["address"],
        "phone" => &["phone_number", "phone_number_verified"],
        _ => &[],
    }
}
