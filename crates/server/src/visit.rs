//! A person's browser at one of our pages: everything such a handler needs, and the way it answers. Every page leaves
//! through [`Visit::page`], so none can go out without its security headers or its cookies.

use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use grantor_crypto::DataKeyPurpose;
use grantor_protocol::{ErrorCode, Params, UserId};

use crate::app::App;
use crate::audit::{Actor, Cause};
use crate::clock::Now;
use crate::error::{Failure, no_store};
use crate::extract::{BrowserCookies, Issuer, Peer};
use crate::observe::TraceId;
use crate::pages::Page;
use crate::pages::assets::{AUTO_SUBMIT_SOURCE, GO_ON_SOURCE};
use crate::pages::texts::Language;
use crate::pages::views::{ErrorPage, Form, Problem};

/// One request of a person's browser.
#[derive(Debug)]
pub(crate) struct Visit {
    /// The server.
    pub app: App,
    /// For which issuer.
    pub issuer: Issuer,
    /// The instant it is judged by.
    pub now: Now,
    /// What the browser holds, and will hold after the answer.
    pub cookies: BrowserCookies,
    /// Where it comes from.
    pub peer: Peer,
    /// What it calls itself, for the list of sessions.
    pub user_agent: Option<String>,
    /// The language the page speaks.
    pub language: Arc<Language>,
    asks_for_language: bool,
    trace_id: TraceId,
    origin: Option<String>,
    fetch_site: Option<String>,
    fetch_destination: Option<String>,
    is_prefetch: bool,
    accept_language: Option<String>,
}

/// What a page may run and load beyond its own style sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// No script at all. No `form-action`: browsers apply it to the redirects behind a form as well, and ours may end
    /// at the relying party.
    Form,
    /// No script, and forms that can only end at our own origin.
    OwnForm,
    /// The one inline script that submits a form to the relying party (Form Post Response Mode).
    AutoSubmit,
    /// Frames of these origins, and the one inline script that goes on when they have loaded (Front-Channel Logout).
    Frames(Vec<String>),
    /// Our own script files, which may call our own endpoints: the playground.
    OwnScript,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let text = |name: &str| header_text(&parts.headers, name);
        let (origin, fetch_site) = (text("origin"), text("sec-fetch-site"));
        let accept_language = text("accept-language");
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let asked =
            tags(query.into_iter().find(|(name, _)| name == "ui_locales").map(|(_, tags)| tags).as_deref());
        let fetch_destination = text("sec-fetch-dest");
        let is_prefetch = text("sec-purpose").is_some_and(|purpose| purpose.starts_with("prefetch"));
        let user_agent = text("user-agent").map(|agent| agent.chars().take(256).collect());
        Ok(Self {
            app: app.clone(),
            issuer: Issuer::from_request_parts(parts, app).await?,
            now: Now::from_request_parts(parts, app).await?,
            cookies: BrowserCookies::from_request_parts(parts, app).await?,
            peer: Peer::from_request_parts(parts, app).await?,
            trace_id: TraceId::from_request_parts(parts, app).await?,
            language: Arc::clone(app.config.brand.languages.negotiate(&asked, accept_language.as_deref())),
            asks_for_language: !asked.is_empty(),
            user_agent,
            origin,
            fetch_site,
            fetch_destination,
            is_prefetch,
            accept_language,
        })
    }
}

/// `ui_locales` as far as it can be read: the page about an error has a language too, and what is wrong with the request
/// may be anything.
pub(crate) fn asked_locales(params: &Params) -> Vec<String> {
    tags(params.single("ui_locales").ok().flatten())
}

fn tags(ui_locales: Option<&str>) -> Vec<String> {
    let tags = ui_locales.unwrap_or_default().split(' ').filter(|tag| !tag.is_empty());
    tags.take(20).map(str::to_owned).collect()
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

impl Visit {
    /// Speaks the language that the request asked for (`ui_locales`, OpenID Connect Core section 3.1.2.1); without one, what was spoken before.
    pub(crate) fn speak(&mut self, ui_locales: &[String]) {
        if !ui_locales.is_empty() {
            let languages = &self.app.config.brand.languages;
            self.language = Arc::clone(languages.negotiate(ui_locales, self.accept_language.as_deref()));
        }
    }

    /// The language spoken because the address asked for it.
    fn asked_language(&self) -> Option<&str> {
        self.asks_for_language.then_some(self.language.tag.as_str())
    }

    /// The address of a page that goes on in the language that this one was asked for in.
    pub(crate) fn address(&self, path: &str) -> String {
        let address = self.issuer.address(path);
        let separator = if path.contains('?') { '&' } else { '?' };
        match self.asked_language() {
            Some(tag) => format!("{address}{separator}ui_locales={tag}"),
            None => address,
        }
    }

    /// Whether a person goes to this address, as far as the browser says: no picture or frame of a page, and nothing that is
    /// loaded in case it is wanted later.
    pub(crate) fn is_navigation(&self) -> bool {
        !self.is_prefetch && self.fetch_destination.as_deref().is_none_or(|to| to == "document")
    }

    /// What its user causes, or whoever sits there where nobody has proved who they are.
    pub(crate) fn cause(&self, user: Option<UserId>) -> Cause {
        Cause::request(&self.peer, &self.trace_id, self.now).by(user.map_or(Actor::Anonymous, Actor::User))
    }

    /// The frame of a page.
    pub(crate) fn frame(&self) -> Page<'_> {
        Page {
            language: &self.language,
            brand: &self.app.config.brand,
            assets: self.app.assets.urls(),
            trace_id: &self.trace_id.0,
        }
    }

    /// The form of one of our pages, which posts to that page again.
    pub(crate) fn form<'a>(&'a self, page: &'a str, csrf: &'a str, interaction: &'a str) -> Form<'a> {
        Form { base: self.issuer.path(), page, csrf, interaction, language: self.asked_language() }
    }

    /// Answers with a page.
    pub(crate) fn page(&self, status: StatusCode, view: &impl Template, policy: &Policy) -> Response {
        let html = match view.render() {
            Ok(html) => html,
            Err(error) => {
                return Failure::Internal(format!("a page could not be rendered: {error}")).into_json();
            }
        };
        let mut response =
            (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
        no_store(&mut response);
        self.protect(&mut response, policy);
        self.cookies.apply(&mut response);
        response
    }

    /// Answers 303, so that a form's content is not posted on (RFC 9700 section 4.12).
    pub(crate) fn redirect(&self, location: &str) -> Response {
        let Ok(value) = HeaderValue::from_str(location) else {
            return self
                .error(Failure::Internal("a redirect address has bytes no header can carry".to_owned()));
        };
        let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, value)]).into_response();
        no_store(&mut response);
        response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        self.cookies.apply(&mut response);
        response
    }

    /// Answers with the error page; nothing leaves for anybody else's address.
    pub(crate) fn error(&self, failure: Failure) -> Response {
        let problem = match (&failure, failure.code()) {
            (Failure::Unavailable(_), _) => Problem::Busy,
            (Failure::Internal(_), _) => Problem::Server,
            (_, ErrorCode::InvalidClient) => Problem::UnknownApp,
            _ => Problem::BadRequest,
        };
        self.error_of(failure, problem)
    }

    /// The error page with the sentence that fits.
    pub(crate) fn error_of(&self, failure: Failure, problem: Problem) -> Response {
        let status = match (problem, failure.status()) {
            (Problem::UnknownApp, _) => StatusCode::BAD_REQUEST,
            (Problem::OtherBrowser | Problem::NotYours | Problem::NoCookies, _) => StatusCode::FORBIDDEN,
            (_, status) => status,
        };
        let page = self.frame();
        let view = ErrorPage { page: &page, code: failure.code().name(), problem };
        failure.annotate(self.page(status, &view, &Policy::Form))
    }

    /// The page for an address that leads nowhere.
    pub(crate) fn not_found(&self) -> Response {
        self.message(StatusCode::NOT_FOUND, "not_found", Problem::NotFound)
    }

    /// The error page without a failure of ours behind it.
    pub(crate) fn message(&self, status: StatusCode, code: &str, problem: Problem) -> Response {
        let page = self.frame();
        self.page(status, &ErrorPage { page: &page, code, problem }, &Policy::Form)
    }

    fn protect(&self, response: &mut Response, policy: &Policy) {
        let script = match policy {
            Policy::Form => String::new(),
            Policy::Frames(origins) => {
                format!("script-src {}; frame-src {}; ", GO_ON_SOURCE.as_str(), origins.join(" "))
            }
            Policy::OwnForm => "form-action 'self'; ".to_owned(),
            Policy::AutoSubmit => format!("script-src {}; ", AUTO_SUBMIT_SOURCE.as_str()),
            Policy::OwnScript => "script-src 'self'; connect-src 'self'; ".to_owned(),
        };
        let policy = format!(
            "default-src 'none'; {script}style-src 'self'; img-src 'self'; object-src 'none'; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        let headers = response.headers_mut();
        let fixed = [
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::REFERRER_POLICY, "same-origin"),
            (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
            (
                header::HeaderName::from_static("permissions-policy"),
                "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            ),
        ];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Ok(value) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, value);
        }
        if self.issuer.is_https() {
            let a_year = HeaderValue::from_static("max-age=31536000");
            headers.insert(header::STRICT_TRANSPORT_SECURITY, a_year);
        }
    }

    /// The token that a form of this browser carries for one interaction on one page. Empty without a browser cookie,
    /// and an empty token is never accepted.
    pub(crate) async fn csrf_token(&self, interaction: &str, page: &str) -> Result<String, Failure> {
        let Some(browser) = self.cookies.browser() else {
            return Ok(String::new());
        };
        let keys = self.app.keys.current(self.now.ms).await?;
        let tag = keys.data_key(DataKeyPurpose::Cookies)?.mac().tag(&[
            b"csrf",
            browser.expose().as_bytes(),
            interaction.as_bytes(),
            page.as_bytes(),
        ]);
        Ok(grantor_crypto::base64url::encode(tag))
    }

    /// Refuses a form that another site, another browser or another page sent (ASVS 3.5, security.md T146).
    pub(crate) async fn check_form(
        &self,
        csrf: Option<&str>,
        interaction: &str,
        page: &'static str,
    ) -> Result<(), Response> {
        let refuse = |expected: &str, received: &str, problem| {
            let failure = Failure::refused(ErrorCode::AccessDenied, "form of ours", expected, received);
            self.error_of(failure, problem)
        };
        if self.origin.as_ref().is_some_and(|origin| *origin != self.issuer.origin()) {
            let received = self.origin.as_deref().unwrap_or_default();
            return Err(refuse(&format!("Origin {}", self.issuer.origin()), received, Problem::NotYours));
        }
        if self.fetch_site.as_deref().is_some_and(|site| !matches!(site, "same-origin" | "none")) {
            return Err(refuse("Sec-Fetch-Site same-origin", "another", Problem::NotYours));
        }
        if self.cookies.browser().is_none() {
            return Err(refuse("the browser cookie", "none", Problem::NoCookies));
        }
        let expected = self.csrf_token(interaction, page).await.map_err(|failure| self.error(failure))?;
        let expected = grantor_crypto::Secret::from(expected);
        let presented = grantor_crypto::Secret::from(csrf.unwrap_or_default().to_owned());
        if presented != expected {
            return Err(refuse("the csrf value of this page", "another, or none", Problem::NotYours));
        }
        Ok(())
    }
}
