//! Which issuer a request is for. One today; the seam is here so that several can share a process later.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use grantor_protocol::IssuerId;

use crate::app::App;
use crate::config::Config;

/// The issuer of this request. Comes from configuration only: `Host` and forwarded headers never change it.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    /// The row key of everything it owns.
    pub id: IssuerId,
    /// Its identifier, byte for byte as tokens and discovery say it.
    pub url: Arc<str>,
}

impl Issuer {
    /// The issuer of a process that serves one.
    pub(crate) fn only(app: &App) -> Self {
        app.issuer.clone()
    }

    /// The issuer that the settings name.
    pub(crate) fn configured(config: &Config) -> Self {
        Self { id: IssuerId::FIRST, url: Arc::from(config.issuer.as_str()) }
    }

    /// The address of one of our paths, as clients reach it.
    pub(crate) fn address(&self, path: &str) -> String {
        address(&self.url, path)
    }

    /// The path under which browsers see ours, without its last slash: mostly empty.
    pub(crate) fn path(&self) -> &str {
        path(&self.url)
    }

    /// Scheme, host and port: what a browser sends as `Origin` from our pages.
    pub(crate) fn origin(&self) -> String {
        url::Url::parse(&self.url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }

    /// Whether cookies can be `Secure` with the `__Host-` prefix: everywhere but on an http loopback issuer.
    pub(crate) fn is_https(&self) -> bool {
        self.url.starts_with("https://")
    }
}

/// The address of a path under an issuer.
pub(crate) fn address(issuer: &str, path: &str) -> String {
    format!("{}{path}", issuer.trim_end_matches('/'))
}

fn path(issuer: &str) -> &str {
    let authority = issuer.split_once("://").map_or(issuer, |(_scheme, rest)| rest);
    authority.find('/').and_then(|start| authority.get(start..)).unwrap_or_default().trim_end_matches('/')
}

impl FromRequestParts<App> for Issuer {
    type Rejection = Infallible;

    async fn from_request_parts(_parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::only(app))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_an_issuer_ends_without_a_slash() {
        for (issuer, expected) in [
            ("https://id.example.com", ""),
            ("https://id.example.com/", ""),
            ("http://localhost:4444/id", "/id"),
            ("https://example.com/a/b/", "/a/b"),
        ] {
            assert_eq!(path(issuer), expected, "{issuer}");
        }
    }
}
