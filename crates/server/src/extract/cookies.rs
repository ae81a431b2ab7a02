//! The browser's cookies: which browser this is, and which sessions it holds. Unreadable values count as absent.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use grantor_crypto::{MacKey, Secret, SecretHash, base64url, sha256};

use super::Issuer;
use super::device::Device;
use crate::app::App;

/// How many sessions one browser holds; the oldest is ended past it, so that the cookie stays far below 4 KB.
const SESSIONS_PER_BROWSER: usize = 6;
/// How long a browser is known for after the last login from it.
const DEVICE_SECONDS: i64 = 365 * 24 * 3600;

/// The names and attributes of our cookies: `__Host-`, Secure on https; plain on an http loopback issuer, where
/// browsers would drop Secure ones. SameSite=Lax lets a navigation from a relying party bring them along.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CookieNames {
    secure: bool,
}

impl CookieNames {
    /// The names for an issuer.
    pub(crate) fn of(issuer: &Issuer) -> Self {
        Self { secure: issuer.is_https() }
    }

    fn name(self, kind: Kind) -> String {
        format!("{}grantor_{}", if self.secure { "__Host-" } else { "" }, kind.name())
    }

    fn set(self, kind: Kind, value: &str, max_age: Option<i64>) -> String {
        let lifetime = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let secure = if self.secure { "; Secure" } else { "" };
        // A frame on another site's page reads the state; without Secure browsers would not keep it for one.
        let access = match kind {
            Kind::State if self.secure => "SameSite=None",
            Kind::State => "SameSite=Lax",
            Kind::Browser | Kind::Session | Kind::Remembered | Kind::Device | Kind::Probe => {
                "HttpOnly; SameSite=Lax"
            }
        };
        format!("{}={value}; Path=/; {access}{secure}{lifetime}", self.name(kind))
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Browser,
    Session,
    Remembered,
    Device,
    State,
    Probe,
}

/// A cookie like those of sessions that says nothing: as the server sets it, and as a browser brings it. The self-check
/// sees by it whether a proxy changes cookies.
pub(crate) fn probe_cookie(issuer: &Issuer) -> (String, String) {
    let names = CookieNames::of(issuer);
    (names.set(Kind::Probe, "1", Some(0)), format!("{}=1", names.name(Kind::Probe)))
}

/// Whether a browser brought it.
pub(crate) fn has_probe_cookie(issuer: &Issuer, headers: &HeaderMap) -> bool {
    value_of(headers, &CookieNames::of(issuer).name(Kind::Probe)).is_some()
}

/// The cookie that the frame of session management reads: it changes with every login and logout of the browser, and
/// says nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateCookie(Kind);

/// That cookie.
pub(crate) const STATE_COOKIE: StateCookie = StateCookie(Kind::State);

impl StateCookie {
    /// Its name at an issuer.
    pub(crate) fn name(self, issuer: &Issuer) -> String {
        CookieNames::of(issuer).name(self.0)
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Session => "session",
            Self::Remembered => "remembered",
            Self::Device => "device",
            Self::State => "state",
            Self::Probe => "probe",
        }
    }
}

/// A session secret this browser holds, and whether it outlives the browser's own session.
#[derive(Clone, Debug)]
pub(crate) struct HeldSession {
    /// The secret.
    pub secret: Secret,
    /// Whether the user asked to stay signed in.
    pub remembered: bool,
}

/// What the browser sent, and what it will be sent back.
#[derive(Debug)]
pub(crate) struct BrowserCookies {
    names: CookieNames,
    browser: Option<Secret>,
    sessions: Vec<HeldSession>,
    device: Option<Device>,
    device_changed: bool,
    new_browser: bool,
    sessions_changed: bool,
    state: Option<String>,
    remembered_lifetime: i64,
}

impl FromRequestParts<App> for BrowserCookies {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let names = CookieNames::of(&Issuer::only(app));
        Ok(Self::read(names, &parts.headers, app.config.session.remembered_lifetime.seconds()))
    }
}

impl BrowserCookies {
    fn read(names: CookieNames, headers: &HeaderMap, remembered_lifetime: i64) -> Self {
        let browser =
            value_of(headers, &names.name(Kind::Browser)).filter(|value| is_secret(value)).map(Secret::from);
        let listed = |kind| value_of(headers, &names.name(kind)).unwrap_or_default();
        let (ordered, remembered) = (listed(Kind::Session), listed(Kind::Remembered));
        let remembered: Vec<&str> = remembered.split('.').filter(|secret| is_secret(secret)).collect();
        // The session cookie has all of them, the current one first; when the browser was closed only the remembered
        // ones are left.
        let ordered: Vec<&str> = ordered.split('.').filter(|secret| is_secret(secret)).collect();
        let rest = remembered.iter().filter(|secret| !ordered.contains(secret));
        let mut sessions: Vec<HeldSession> = ordered
            .iter()
            .chain(rest)
            .map(|secret| HeldSession {
                secret: Secret::from((*secret).to_owned()),
                remembered: remembered.contains(secret),
            })
            .collect();
        sessions.truncate(SESSIONS_PER_BROWSER);
        Self {
            names,
            browser,
            sessions,
            device: value_of(headers, &names.name(Kind::Device)).and_then(|value| Device::read(&value)),
            device_changed: false,
            new_browser: false,
            sessions_changed: false,
            state: value_of(headers, &names.name(Kind::State)),
            remembered_lifetime,
        }
    }

    /// The hashes of the session secrets, the current one first.
    pub(crate) fn session_hashes(&self) -> Vec<SecretHash> {
        self.sessions.iter().map(|session| session.secret.hash()).collect()
    }

    /// This browser's secret, if it has one.
    pub(crate) fn browser(&self) -> Option<&Secret> {
        self.browser.as_ref()
    }

    /// This browser's secret; a browser without one is given one.
    pub(crate) fn browser_or_new(&mut self) -> Secret {
        if let Some(browser) = &self.browser {
            return browser.clone();
        }
        let fresh = Secret::generate();
        self.browser = Some(fresh.clone());
        self.new_browser = true;
        fresh
    }

    /// What is known of this browser from earlier logins.
    pub(crate) fn device(&self) -> Option<&Device> {
        self.device.as_ref()
    }

    /// Notes that an account signed in from this browser.
    pub(crate) fn know_device(&mut self, mac: &MacKey, username: &str) {
        self.device.get_or_insert_with(Device::new).learn(mac, username);
        self.device_changed = true;
    }

    /// Puts a session first. Of the others only those that are `alive` stay, so that the dead take nobody's place; the
    /// secret that a renewed session had before is not among them: none is carried over a login (T148). The secrets of
    /// those for which there is no place left are gone from the browser, and the caller ends their sessions.
    pub(crate) fn sign_in(&mut self, session: HeldSession, alive: &[SecretHash]) -> Vec<SecretHash> {
        self.sessions.retain(|held| alive.contains(&held.secret.hash()));
        self.sessions.insert(0, session);
        self.sessions_changed = true;
        let kept = self.sessions.len().min(SESSIONS_PER_BROWSER);
        self.sessions.drain(kept..).map(|held| held.secret.hash()).collect()
    }

    /// Drops one session secret.
    pub(crate) fn forget(&mut self, hash: &SecretHash) {
        self.sessions.retain(|held| held.secret.hash() != *hash);
        self.sessions_changed = true;
    }

    /// Drops every session secret.
    pub(crate) fn sign_out(&mut self) {
        self.sessions.clear();
        self.sessions_changed = true;
    }

    /// What stands for who is signed in here (Session Management section 4.2).
    pub(crate) fn state(&self) -> String {
        let mut seed = b"grantor browser state".to_vec();
        for held in &self.sessions {
            seed.extend_from_slice(held.secret.hash().bytes());
        }
        base64url::encode(sha256(&seed))
    }

    /// Writes what changed onto the answer.
    pub(crate) fn apply(&self, response: &mut Response) {
        let mut lines = Vec::new();
        if let (true, Some(browser)) = (self.new_browser, &self.browser) {
            lines.push(self.names.set(Kind::Browser, browser.expose(), None));
        }
        if let (true, Some(device)) = (self.device_changed, &self.device) {
            lines.push(self.names.set(Kind::Device, &device.value(), Some(DEVICE_SECONDS)));
        }
        if self.sessions_changed {
            lines.push(self.line(Kind::Session, false));
            lines.push(self.line(Kind::Remembered, true));
        }
        // A request from another site's page comes without the Lax cookies: that nobody is signed in cannot be told by it.
        let state = self.state();
        if self.sessions_changed || (!self.sessions.is_empty() && self.state.as_ref() != Some(&state)) {
            let is_remembered = self.sessions.iter().any(|held| held.remembered);
            lines.push(self.names.set(
                Kind::State,
                &state,
                is_remembered.then_some(self.remembered_lifetime),
            ));
        }
        for line in lines {
            if let Ok(mut value) = HeaderValue::from_str(&line) {
                value.set_sensitive(true);
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
    }

    fn line(&self, kind: Kind, only_remembered: bool) -> String {
        let held = self.sessions.iter().filter(|session| session.remembered || !only_remembered);
        let secrets: Vec<&str> = held.map(|session| session.secret.expose()).collect();
        let lifetime =
            if secrets.is_empty() { Some(0) } else { only_remembered.then_some(self.remembered_lifetime) };
        self.names.set(kind, &secrets.join("."), lifetime)
    }
}

/// The value of the only cookie with this name. Two of them mean that somebody else set one: neither is believed.
fn value_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut values = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value.to_owned());
    let first = values.next();
    if values.next().is_some() { None } else { first }
}

pub(super) fn is_secret(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(cookies: &str) -> BrowserCookies {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookies.parse().unwrap());
        BrowserCookies::read(CookieNames { secure: false }, &headers, 1000)
    }

    fn secret(letter: &str) -> String {
        letter.repeat(43)
    }

    fn order(cookies: &BrowserCookies) -> String {
        cookies.sessions.iter().map(|session| session.secret.expose().get(..1).unwrap()).collect()
    }

    #[test]
    fn the_last_login_is_the_current_session_whether_it_is_remembered_or_not() {
        let mut cookies = browser(&format!("grantor_session={}", secret("a")));
        let held = cookies.session_hashes();
        cookies.sign_in(HeldSession { secret: Secret::from(secret("b")), remembered: true }, &held);
        let mut response = Response::default();
        cookies.apply(&mut response);
        let lines: Vec<&str> = response
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|line| line.to_str().unwrap())
            .collect();
        let sent: Vec<&str> = lines.iter().map(|line| line.split(';').next().unwrap()).collect();
        assert_eq!(order(&browser(&sent.join("; "))), "ba");
        let after_closing = sent.iter().find(|pair| pair.starts_with("grantor_remembered")).unwrap();
        assert_eq!(order(&browser(after_closing)), "b");
    }

    #[test]
    fn the_dead_make_room_before_the_oldest_is_pushed_out() {
        let held = ["a", "b", "c", "d", "e", "f"].map(secret);
        let mut cookies = browser(&format!("grantor_session={}", held.join(".")));
        let alive: Vec<SecretHash> = cookies.session_hashes().into_iter().skip(1).collect();
        let login = |letter| HeldSession { secret: Secret::from(secret(letter)), remembered: false };
        assert!(cookies.sign_in(login("g"), &alive).is_empty());
        assert_eq!(order(&cookies), "gbcdef");
        let alive = cookies.session_hashes();
        let pushed_out = cookies.sign_in(login("h"), &alive);
        assert_eq!(order(&cookies), "hgbcde");
        assert!(pushed_out == [Secret::from(secret("f")).hash()]);
    }

    #[test]
    fn a_cookie_that_stands_twice_or_has_another_form_is_not_believed() {
        assert_eq!(
            order(&browser(&format!("grantor_session={}; grantor_session={}", secret("a"), secret("b")))),
            ""
        );
        assert_eq!(order(&browser("grantor_session=short.!")), "");
        assert_eq!(order(&browser(&format!("grantor_session={}.x.{}", secret("a"), secret("b")))), "ab");
    }
}
