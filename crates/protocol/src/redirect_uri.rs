//! Redirect URIs (RFC 6749 section 3.1.2, RFC 9700 section 4.1, RFC 8252). A request matches byte for byte;
//! the single exception is the port on a loopback IP literal for native clients (RFC 8252 section 7.3).

use std::fmt;

use url::Url;

use crate::client_metadata::ApplicationType;

/// A registered redirect URI: absolute, without fragment, user name or dot segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri(String);

/// Why a redirect URI cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// Empty, or longer than 2048 bytes.
    #[error("must have 1 to 2048 bytes")]
    Length,
    /// Something that RFC 3986 does not allow unescaped.
    #[error("may hold only the characters of RFC 3986, everything else percent-encoded")]
    Alphabet,
    /// `*` anywhere: nothing here is a pattern.
    #[error("wildcards are not supported: register every URI in full")]
    Wildcard,
    /// A fragment, even an empty one.
    #[error("must not have a fragment")]
    Fragment,
    /// No scheme.
    #[error("must be absolute, with a lower-case scheme")]
    Relative,
    /// A scheme that a browser runs or that reads local files.
    #[error("this scheme can run code or read files")]
    DangerousScheme,
    /// A private-use scheme of a web client.
    #[error("clients of application_type web use https, or http on loopback hosts")]
    SchemeOfNativeClients,
    /// A private-use scheme without a dot.
    #[error(
        "a private-use scheme must be a reversed domain name, such as com.example.app (RFC 8252 section 7.1)"
    )]
    SchemeWithoutDot,
    /// A private-use scheme that is not followed by a path.
    #[error("a private-use scheme must be followed by a path")]
    NoPath,
    /// `http` on a host that is not this machine.
    #[error("http is only allowed on 127.0.0.1, [::1] and localhost")]
    PlainHttp,
    /// `user@` before the host.
    #[error("must not hold a user name or password")]
    UserInfo,
    /// A host that browsers would rewrite, or none.
    #[error("the host must be written as browsers send it")]
    Host,
    /// A port of zero, above 65535 or with a leading zero.
    #[error("the port must be 1 to 65535 without leading zeros")]
    Port,
    /// `.` or `..` as a path segment, encoded or not.
    #[error("must not have dot segments")]
    DotSegments,
}

/// Schemes that never name an application (security.md T025).
const DANGEROUS_SCHEMES: &[&str] = &[
    "about",
    "blob",
    "chrome",
    "content",
    "data",
    "file",
    "filesystem",
    "intent",
    "javascript",
    "jar",
    "mhtml",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];
/// The hosts on which any port matches for native clients, as they must be written.
const LOOPBACK_LITERALS: &[&str] = &["127.0.0.1", "[::1]"];
const LOCALHOST: &str = "localhost";
const LONGEST: usize = 2048;

impl RedirectUri {
    /// Accepts `uri` for a client of this kind, or says why not.
    pub fn register(uri: &str, application: ApplicationType) -> Result<Self, RedirectUriError> {
        check_text(uri)?;
        let (scheme, rest) = uri.split_once(':').ok_or(RedirectUriError::Relative)?;
        if !is_scheme(scheme) {
            return Err(RedirectUriError::Relative);
        }
        if DANGEROUS_SCHEMES.contains(&scheme) {
            return Err(RedirectUriError::DangerousScheme);
        }
        if matches!(scheme, "https" | "http") {
            check_web(uri, scheme, rest)?;
        } else {
            check_private_use(scheme, rest, application)?;
        }
        Ok(Self(uri.to_owned()))
    }

    /// Whether `requested` is this URI: byte for byte, or, for native clients on a loopback IP literal,
    /// everything but the port.
    pub fn matches(&self, requested: &str, application: ApplicationType) -> bool {
        self.0 == requested
            || application == ApplicationType::Native
                && LOOPBACK_LITERALS.iter().any(|host| {
                    matches!(
                        (without_port(&self.0, host), without_port(requested, host)),
                        (Some(registered), Some(requested)) if registered == requested
                    )
                })
    }

    /// Whether any program on the user's machine could receive the answer, so that the client's
    /// identity is not assured (RFC 8252 section 8.6).
    pub fn is_loopback_or_private_scheme(&self) -> bool {
        !self.0.starts_with("https:")
    }

    /// The web origin, for CORS; private-use schemes have none.
    pub fn origin(&self) -> Option<String> {
        let url = Url::parse(&self.0).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
    }

    /// The URI as it was registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a host, written as in a URI, is this machine.
pub fn is_loopback_host(host: &str) -> bool {
    host == LOCALHOST || LOOPBACK_LITERALS.contains(&host)
}

fn check_text(uri: &str) -> Result<(), RedirectUriError> {
    if uri.is_empty() || uri.len() > LONGEST {
        return Err(RedirectUriError::Length);
    }
    if uri.contains('#') {
        return Err(RedirectUriError::Fragment);
    }
    if uri.contains('*') {
        return Err(RedirectUriError::Wildcard);
    }
    if !is_uri_text(uri) {
        return Err(RedirectUriError::Alphabet);
    }
    let path = uri.split('?').next().unwrap_or(uri);
    if path.split('/').any(is_dot_segment) {
        return Err(RedirectUriError::DotSegments);
    }
    Ok(())
}

/// The raw authority is compared with what a URL parser makes of it: where the two differ, browsers
/// and this server could disagree about the host (security.md T020 to T023).
fn check_web(uri: &str, scheme: &str, rest: &str) -> Result<(), RedirectUriError> {
    let after = rest.strip_prefix("//").ok_or(RedirectUriError::Host)?;
    let authority = after.split(['/', '?']).next().unwrap_or(after);
    if authority.contains('@') {
        return Err(RedirectUriError::UserInfo);
    }
    let (host, port) = split_port(authority);
    if port.is_some_and(|port| !is_port(port)) {
        return Err(RedirectUriError::Port);
    }
    let url = Url::parse(uri).map_err(|_| RedirectUriError::Host)?;
    if host.is_empty() || !url.host_str().is_some_and(|parsed| parsed.eq_ignore_ascii_case(host)) {
        return Err(RedirectUriError::Host);
    }
    if scheme == "http" && !is_loopback_host(host) {
        return Err(RedirectUriError::PlainHttp);
    }
    Ok(())
}

fn check_private_use(scheme: &str, rest: &str, application: ApplicationType) -> Result<(), RedirectUriError> {
    if !scheme.contains('.') {
        return Err(RedirectUriError::SchemeWithoutDot);
    }
    if application != ApplicationType::Native {
        return Err(RedirectUriError::SchemeOfNativeClients);
    }
    if !rest.starts_with('/') {
        return Err(RedirectUriError::NoPath);
    }
    let authority = rest.strip_prefix("//").map(|after| after.split(['/', '?']).next().unwrap_or(after));
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err(RedirectUriError::UserInfo);
    }
    Ok(())
}

/// What follows host and port in `http://<host>[:port]...`, when `uri` is of that form.
fn without_port<'a>(uri: &'a str, host: &str) -> Option<&'a str> {
    let rest = uri.strip_prefix("http://")?.strip_prefix(host)?;
    let Some(from_port) = rest.strip_prefix(':') else {
        return Some(rest);
    };
    let end = from_port.find(|character: char| !character.is_ascii_digit()).unwrap_or(from_port.len());
    let (port, rest) = from_port.split_at_checked(end)?;
    is_port(port).then_some(rest)
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    let after_literal = authority.rfind(']').map_or(0, |index| index + 1);
    match authority.rfind(':') {
        Some(colon) if colon >= after_literal => {
            (authority.get(..colon).unwrap_or(authority), authority.get(colon + 1..))
        }
        _ => (authority, None),
    }
}

fn is_port(text: &str) -> bool {
    !text.starts_with('0')
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.'))
}

fn is_dot_segment(segment: &str) -> bool {
    let plain = segment.replace("%2e", ".").replace("%2E", ".");
    plain == "." || plain == ".."
}

/// Whether `text` has only characters of RFC 3986 section 2, and whole percent-encoded octets, none of
/// which is a control character.
pub(crate) fn is_uri_text(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let allowed = match byte {
            b'%' => match (hex_digit(bytes.next()), hex_digit(bytes.next())) {
                (Some(high), Some(low)) => !matches!(high * 16 + low, 0..=0x1f | 0x7f),
                _ => false,
            },
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
        };
        if !allowed {
            return false;
        }
    }
    true
}

fn hex_digit(byte: Option<u8>) -> Option<u32> {
    char::from(byte?).to_digit(16)
}

#[cfg(test)]
#[path = "redirect_uri_tests.rs"]
mod tests;
