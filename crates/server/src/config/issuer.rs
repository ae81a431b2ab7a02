//! The issuer: the URL by which tokens and discovery name this server (RFC 8414 section 2, OpenID Connect Discovery
//! section 3). Relying parties compare it byte for byte, so it is kept exactly as the operator wrote it.

use std::fmt;

use super::reader::Reader;
use super::url::{check, is_loopback};

/// A valid issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    parsed: url::Url,
}

impl Issuer {
    /// Checks `text`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parsed = check(text)?;
        if parsed.scheme() == "http" && !is_loopback(&parsed) {
            return Err(
                "http is only for loopback hosts (localhost, 127.0.0.1, [::1]); write https://".to_owned()
            );
        }
        if text.contains(['?', '#']) {
            return Err("must have no query (?) and no fragment (#) (RFC 8414 section 2)".to_owned());
        }
        let path = text.splitn(4, '/').nth(3).unwrap_or_default();
        let segments = path.strip_suffix('/').unwrap_or(path).split('/');
        if !path.is_empty() && segments.clone().any(|segment| matches!(segment, "" | "." | "..")) {
            return Err("must have no empty, \".\" or \"..\" part in its path".to_owned());
        }
        Ok(Self { text: text.to_owned(), parsed })
    }

    /// The issuer as tokens and discovery say it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The absolute URL of one of our paths, which begins with a slash.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.text.trim_end_matches('/'))
    }

    /// The path under which the public listener appears to the outside, without its last slash: mostly empty.
    pub fn path(&self) -> &str {
        self.parsed.path().trim_end_matches('/')
    }

    /// The web origin of our pages, as browsers send it.
    pub fn origin(&self) -> String {
        self.parsed.origin().ascii_serialization()
    }

    /// Whether cookies can be `Secure`.
    pub fn is_https(&self) -> bool {
        self.parsed.scheme() == "https"
    }

    /// Whether only this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.parsed)
    }

    /// The port that clients connect to.
    pub fn port(&self) -> u16 {
        self.parsed.port_or_known_default().unwrap_or(443)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Issuer> {
    let before = reader.problems.len();
    let issuer = reader.parsed("issuer", Issuer::parse);
    let Some(issuer) = issuer else {
        if reader.problems.len() == before {
            reader.problem(
                "issuer",
                "is required: the public URL of this server, such as \"https://id.example.com\"",
            );
        }
        return None;
    };
    let usual = issuer.parsed.as_str();
    if issuer.as_str().ends_with('/') {
        reader.warning(
            "issuer",
            "ends in a slash: clients compare it byte for byte, so each must be given the slash too",
        );
    } else if usual.trim_end_matches('/') != issuer.as_str() {
        let usual = usual.trim_end_matches('/');
        reader.warning(
            "issuer",
            format!("some clients will read it as \"{usual}\" and then find that tokens differ"),
        );
    }
    Some(issuer)
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;

    fn warnings(text: &str) -> Vec<String> {
        let source = Source::text(format!("issuer = \"{text}\""));
        let mut reader = Reader::new(&source);
        assert!(read(&mut reader).is_some(), "{text}");
        reader.warnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn https_is_accepted_anywhere_and_http_on_loopback_hosts_only() {
        for text in [
            "https://id.example.com",
            "https://id.example.com/auth",
            "http://localhost:4444",
            "http://127.0.0.1:1",
            "http://[::1]:4444",
            "http://id.localhost",
        ] {
            assert_eq!(Issuer::parse(text).map(|issuer| issuer.to_string()), Ok(text.to_owned()));
        }
        for text in [
            "http://id.example.com",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://0.0.0.0:4444",
        ] {
            assert!(Issuer::parse(text).unwrap_err().contains("loopback"), "{text}");
        }
    }

    #[test]
    fn queries_fragments_and_odd_paths_are_refused() {
        for text in [
            "https://a.example?x",
            "https://a.example#",
            "https://a.example//",
            "https://a.example/a//b",
            "https://a.example/../b",
            "id.example.com",
            "",
        ] {
            assert!(Issuer::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_trailing_slash_is_kept_and_warned_about() {
        let issuer = Issuer::parse("https://a.example/").unwrap();
        assert_eq!(issuer.as_str(), "https://a.example/");
        assert_eq!(issuer.at("/userinfo"), "https://a.example/userinfo");
        assert!(warnings("https://a.example/")[0].contains("slash"));
    }

    #[test]
    fn a_form_that_clients_normalise_is_warned_about() {
        assert!(warnings("https://A.example")[0].contains("\"https://a.example\""));
        assert!(warnings("https://a.example:443")[0].contains("\"https://a.example\""));
        assert_eq!(warnings("https://a.example/auth"), [""; 0]);
    }

    #[test]
    fn an_issuer_knows_its_parts() {
        let issuer = Issuer::parse("https://a.example:8443/auth").unwrap();
        assert_eq!((issuer.path(), issuer.origin().as_str()), ("/auth", "https://a.example:8443"));
        assert_eq!(issuer.at("/oauth2/token"), "https://a.example:8443/auth/oauth2/token");
        assert!(issuer.is_https() && !issuer.is_loopback());
        assert_eq!(Issuer::parse("http://localhost").unwrap().port(), 80);
    }

    #[test]
    fn a_missing_issuer_is_said_once() {
        let source = Source::text("");
        let mut reader = Reader::new(&source);
        assert!(read(&mut reader).is_none());
        assert_eq!(reader.problems.len(), 1);
    }
}
