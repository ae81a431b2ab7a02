//! A user at a browser: cookies, pages, and whoever else a whole login needs. Made once for each connection.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use form_urlencoded::Serializer;
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::http::{Answer, Connection};
use crate::scene::{CALLBACK, Client, Scene, password};

/// Long enough for RFC 7636; the same each time, since no other knows of it here.
const VERIFIER: &str = "the-verifier-of-the-benchmarks-is-the-same-each-time";

/// Cookies and a connection.
#[derive(Debug)]
pub(crate) struct Browser {
    connection: Connection,
    issuer: String,
    host: String,
    cookies: Vec<(String, String)>,
    from: String,
}

impl Browser {
    pub(crate) fn new(scene: &Scene) -> Self {
        Self {
            connection: Connection::new(scene.server.address),
            issuer: scene.issuer.clone(),
            host: scene.issuer.trim_start_matches("http://").to_owned(),
            cookies: Vec::new(),
            from: somewhere(),
        }
    }

    /// Another window of it: the same cookies over a connection of its own.
    pub(crate) fn copy(&self, scene: &Scene) -> Self {
        Self { cookies: self.cookies.clone(), ..Self::new(scene) }
    }

    /// Forgets who it was and moves elsewhere, connection apart.
    pub(crate) fn renew(&mut self) {
        self.cookies.clear();
        self.from = somewhere();
    }

    async fn get(&mut self, path: &str) -> Result<Answer, Failure> {
        let head = self.head("GET", path);
        self.send(format!("{head}\r\n")).await
    }

    async fn post(&mut self, path: &str, form: &str) -> Result<Answer, Failure> {
        let head = self.head("POST", path);
        let (issuer, length) = (&self.issuer, form.len());
        let kind = "Content-Type: application/x-www-form-urlencoded";
        self.send(format!("{head}Origin: {issuer}\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{form}")).await
    }

    fn head(&self, method: &str, path: &str) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies =
            if pairs.is_empty() { String::new() } else { format!("Cookie: {}\r\n", pairs.join("; ")) };
        let (host, from) = (&self.host, &self.from);
        format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: {from}\r\n{cookies}")
    }

    async fn send(&mut self, request: String) -> Result<Answer, Failure> {
        let answer = self.connection.send(request.as_bytes()).await?;
        for (name, value) in &answer.cookies {
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.clone(), value.clone()));
            }
        }
        Ok(answer)
    }

    /// From the authorization request to the code, through the login page.
    pub(crate) async fn logs_in(&mut self, client: &Client, user: &str) -> Result<String, Failure> {
        let answer = self.get(&request_for(client, "openid offline_access", "")).await?.expect(303)?;
        let page_at = self.path(&answer)?;
        let page = self.get(&page_at).await?.expect(200)?;
        let html = String::from_utf8_lossy(&page.body).into_owned();
        let mut form = Serializer::new(String::new());
        for name in ["csrf", "interaction"] {
            form.append_pair(name, hidden(&html, name)?);
        }
        form.append_pair("login", user).append_pair("password", &password(user));
        form.append_pair("decision", "accept");
        let mut answer = self.post("/login", &form.finish()).await?;
        loop {
            let answered = answer.expect(303)?;
            if let Some(code) = code_of(&answered) {
                return Ok(code);
            }
            let next = self.path(&answered)?;
            answer = self.get(&next).await?;
        }
    }

    /// A code without any page, of the session that is there.
    pub(crate) async fn silently(&mut self, request: &str) -> Result<String, Failure> {
        let answer = self.get(request).await?.expect(303)?;
        code_of(&answer).ok_or_else(|| Failure(format!("no code in {:?}", answer.location)))
    }

    /// What a redirect that stays at the server leads to.
    fn path(&self, answer: &Answer) -> Result<String, Failure> {
        let location = answer.location.as_deref().unwrap_or_default();
        let path = location.strip_prefix(&self.issuer).unwrap_or(location);
        if path.starts_with('/') {
            return Ok(path.to_owned());
        }
        Err(Failure(format!("sent to {location}")))
    }
}

/// A silent request of an application.
pub(crate) fn silent_request(client: &Client, scope: &str) -> String {
    request_for(client, scope, "&prompt=none")
}

fn request_for(client: &Client, scope: &str, more: &str) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let query = Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &client.id)
        .append_pair("redirect_uri", CALLBACK)
        .append_pair("scope", scope)
        .append_pair("state", "a state of the application")
        .append_pair("nonce", "a nonce of the application")
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256")
        .finish();
    format!("/oauth2/auth?{query}{more}")
}

/// The form that redeems a code.
pub(crate) fn redemption(code: &str) -> String {
    Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", CALLBACK)
        .append_pair("code_verifier", VERIFIER)
        .finish()
}

fn code_of(answer: &Answer) -> Option<String> {
    let query = answer.location.as_deref()?.strip_prefix(CALLBACK)?.strip_prefix('?')?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "code")
        .map(|(_, code)| code.into_owned())
}

/// The value of a hidden field as the page wrote it; none of them needs unescaping.
fn hidden<'a>(html: &'a str, name: &str) -> Result<&'a str, Failure> {
    let start = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
    html.split_once(&start)
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(value, _)| value)
        .ok_or_else(|| Failure(format!("no field {name} in the page")))
}

/// An address that nobody had before: logins are slowed down by address.
fn somewhere() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // An odd factor visits every number once, and neighbours in time are none in the network.
    let number = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B1);
    let [_, b, c, d] = number.to_be_bytes();
    format!("100.{b}.{c}.{d}")
}
