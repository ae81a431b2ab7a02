//! URLs and origins an operator writes. They are checked once and then kept byte for byte, because they are
//! compared and sent as text.

use std::fmt;

/// An absolute `https` or `http` URL without user information, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    /// Checks `text`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A web origin in the form browsers send it (RFC 6454 section 6.2): scheme, host, and the port unless it is the
/// scheme's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// Checks `text`; a form no browser sends is refused, since it would never match.
    pub fn parse(text: &str) -> Result<Self, String> {
        let origin = check(text)?.origin().ascii_serialization();
        if origin != text {
            return Err(format!("browsers never send \"{text}\" as origin; did you mean \"{origin}\"?"));
        }
        Ok(Self(origin))
    }

    /// The origin as browsers send it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Origin {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

/// What every URL here must be: absolute, `https` or `http`, printable ASCII, with a host and no user information.
pub(super) fn check(text: &str) -> Result<url::Url, String> {
    if let Some(wrong) = text.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(format!("has the character {wrong:?}; write it percent-encoded, a host name as xn--..."));
    }
    let url = url::Url::parse(text).map_err(|error| format!("\"{text}\" is not a URL: {error}"))?;
    let prefix = format!("{}://", url.scheme());
    // The parser also accepts `https:host` and `https:\\host`, which other programs read differently.
    if !matches!(url.scheme(), "https" | "http")
        || !text.to_ascii_lowercase().starts_with(&prefix)
        || text.contains('\\')
    {
        return Err(format!("\"{text}\" does not begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Err("must not contain a user name or password".to_owned());
    }
    Ok(url)
}

/// Whether nothing but this machine answers at the host of `url`.
pub(super) fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_kept_byte_for_byte() {
        for text in ["https://A.example/x/../y?q=%7e", "http://intern:8080", "https://a.example"] {
            assert_eq!(Url::parse(text).map(|url| url.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn relative_foreign_and_ambiguous_urls_are_refused() {
        for text in [
            "/login",
            "ftp://a.example",
            "javascript:alert(1)",
            "https:a.example",
            "https:\\\\a.example",
            "https://u:p@a.example",
            "https://a.example/ x",
            "https://ä.example",
        ] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        assert_eq!(Origin::parse("https://app.example:8443").unwrap().as_str(), "https://app.example:8443");
        for text in [
            "https://app.example/",
            "https://app.example:443",
            "https://App.example",
            "app.example",
            "*",
            "null",
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
        assert!(
            Origin::parse("https://app.example/")
                .unwrap_err()
                .contains("did you mean \"https://app.example\"?")
        );
    }
}
