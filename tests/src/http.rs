//! A browser without a window: cookies, redirects and forms over plain HTTP. It follows redirects
//! while they stay at the server and stops where the relying party would take over.

use std::fmt;
use std::sync::Mutex;

use cookie_store::{CookieStore, RawCookie};
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Certificate, Client, RequestBuilder, Response, redirect};
use url::Url;

use crate::description::agrees;
use crate::html::Document;
use crate::output::tail;

/// One person's browser: its cookies last as long as it does.
#[derive(Debug)]
pub struct Browser {
    http: Client,
    cookies: Mutex<CookieStore>,
    set: Mutex<Vec<String>>,
}

/// Where a visit ended.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a test holds few of them, and takes them apart at once")]
pub enum Visit {
    /// On a page of the server.
    Page(ResponsePage),
    /// The server sent the browser away.
    Left(Left),
}

/// A page that the server showed.
#[derive(Debug)]
pub struct ResponsePage {
    /// Its address, after redirects.
    pub url: Url,
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its text.
    pub body: String,
    /// What is on it.
    pub document: Document,
}

/// How parameters travelled to the relying party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// In the query.
    Query,
    /// In the fragment.
    Fragment,
    /// As a form that the page posts (OAuth 2.0 Form Post Response Mode).
    FormPost,
}

/// A departure to the relying party, with what it is told.
#[derive(Debug)]
pub struct Left {
    /// Where to, parameters included as they were.
    pub to: Url,
    /// How the parameters travel.
    pub arrival: Arrival,
    /// The parameters, in order.
    pub parameters: Vec<(String, String)>,
    /// Status of the answer that sent the browser away.
    pub status: u16,
}

/// Redirects are for tests to see, and nothing on this machine is behind a proxy.
pub fn http_client() -> Client {
    Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap()
}

/// The same, trusting a root certificate (PEM) too.
pub fn http_client_trusting(root: &str) -> Client {
    let root = Certificate::from_pem(root.as_bytes()).expect("a certificate");
    let builder = Client::builder().redirect(redirect::Policy::none()).no_proxy();
    builder.add_root_certificate(root).build().unwrap()
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser {
    /// With no cookies.
    pub fn new() -> Self {
        Self { http: http_client(), cookies: Mutex::default(), set: Mutex::default() }
    }

    /// With no cookies, over connections that others use too.
    pub fn over(http: &Client) -> Self {
        Self { http: http.clone(), cookies: Mutex::default(), set: Mutex::default() }
    }

    /// Another browser over these connections that holds the same cookies now.
    #[must_use]
    pub fn twin(&self, http: &Client) -> Self {
        let cookies = self.cookies.lock().unwrap().clone();
        Self { http: http.clone(), cookies: Mutex::new(cookies), set: Mutex::default() }
    }

    /// Opens an address, as typed or followed from the relying party.
    pub async fn get(&self, url: &str) -> Visit {
        let url: Url = url.parse().expect("a URL");
        self.follow(url.clone(), self.http.get(url)).await
    }

    /// Posts a form from a page of the same origin.
    pub async fn post_form(&self, url: &str, form: &[(&str, &str)]) -> Visit {
        let url: Url = url.parse().expect("a URL");
        let origin = url.origin().ascii_serialization();
        self.follow(url.clone(), self.http.post(url).header(ORIGIN, origin).form(form)).await
    }

    /// Types into fields (by id) and presses a button (by id).
    pub async fn submit(&self, page: &ResponsePage, button: &str, fields: &[(&str, &str)]) -> Visit {
        let form = page
            .document
            .form_of(button)
            .unwrap_or_else(|| panic!("no form has the button #{button}\n{page}"));
        let (action, sent) = form.pressed(button, fields);
        let origin = page.url.origin().ascii_serialization();
        let request = if form.method == "post" {
            self.http.post(action.clone()).header(ORIGIN, origin).form(&sent)
        } else {
            let mut address = action.clone();
            address.query_pairs_mut().clear().extend_pairs(&sent);
            self.http.get(address)
        };
        self.follow(action, request).await
    }

    /// Value of a cookie as it would be sent to `url`.
    pub fn cookie(&self, url: &str, name: &str) -> Option<String> {
        let url: Url = url.parse().expect("a URL");
        self.cookies
            .lock()
            .unwrap()
            .get_request_values(&url)
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned())
    }

    /// Every `Set-Cookie` header so far, as sent.
    pub fn set_cookies(&self) -> Vec<String> {
        self.set.lock().unwrap().clone()
    }

    /// Forgets every cookie.
    pub fn forget(&self) {
        self.cookies.lock().unwrap().clear();
    }

    async fn follow(&self, start: Url, first: RequestBuilder) -> Visit {
        let home = start.origin();
        let (mut url, mut request) = (start, first);
        for _ in 0..20 {
            let answer = self.exchange(&url, request).await;
            let status = answer.status().as_u16();
            let location =
                answer.headers().get(LOCATION).map(|to| to.to_str().expect("Location is text").to_owned());
            let Some(location) = location.filter(|_| answer.status().is_redirection()) else {
                return arrived(answer, &url, home == url.origin()).await;
            };
            assert!(
                matches!(status, 302 | 303),
                "{url} redirects with {status}: only 302 and 303 turn a POST into a GET"
            );
            let to = url.join(&location).expect("Location is a URL");
            if to.origin() != home {
                return Visit::Left(Left::by_redirect(to, status));
            }
            request = self.http.get(to.clone());
            url = to;
        }
        panic!("twenty redirects and no page: {url}");
    }

    async fn exchange(&self, url: &Url, request: RequestBuilder) -> Response {
        let header = {
            let cookies = self.cookies.lock().unwrap();
            cookies
                .get_request_values(url)
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join("; ")
        };
        let request = if header.is_empty() { request } else { request.header(COOKIE, header) };
        let (client, request) = request.build_split();
        let request = request.expect("a request");
        let method = request.method().clone();
        let answer =
            client.execute(request).await.unwrap_or_else(|fault| panic!("{url} does not answer: {fault:?}"));
        agrees(&method, url, answer.status().as_u16(), answer.headers(), None);
        let set: Vec<String> = answer
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        let parsed = set.iter().map(|text| RawCookie::parse(text.clone()).expect("Set-Cookie can be read"));
        self.cookies.lock().unwrap().store_response_cookies(parsed, url);
        self.set.lock().unwrap().extend(set);
        answer
    }
}

async fn arrived(answer: Response, url: &Url, at_home: bool) -> Visit {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.text().await.unwrap();
    let html = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let document = if html { Document::read(url, &body) } else { Document::default() };
    let away = document.forms.iter().find(|form| at_home && form.action.origin() != url.origin());
    if let Some(form) = away {
        assert_eq!(form.method, "post", "what leaves by a form is posted: {url}\n{body}");
        let (to, parameters) = (form.action.clone(), form.inputs.clone());
        return Visit::Left(Left { to, arrival: Arrival::FormPost, parameters, status });
    }
    Visit::Page(ResponsePage { url: url.clone(), status, headers, body, document })
}

impl Visit {
    /// The page; a panic that says where the browser went otherwise.
    pub fn page(self) -> ResponsePage {
        match self {
            Self::Page(page) => page,
            Self::Left(left) => panic!("expected a page of the server, was sent away: {left}"),
        }
    }

    /// The departure; a panic that shows the page otherwise.
    pub fn left(self) -> Left {
        match self {
            Self::Left(left) => left,
            Self::Page(page) => panic!("expected to be sent to the relying party, got a page\n{page}"),
        }
    }
}

impl ResponsePage {
    /// Whether the page has an element with this id.
    pub fn has(&self, id: &str) -> bool {
        self.document.has(id)
    }

    /// Asserts the server's own error page: a 4xx with `error-page` that names the code.
    pub fn is_error_page(&self, code: &str) {
        let shown = self.document.text("error-page").unwrap_or_default();
        assert!(
            (400..500).contains(&self.status) && shown.contains(code),
            "expected the error page with {code}\n{self}"
        );
    }
}

impl Left {
    fn by_redirect(to: Url, status: u16) -> Self {
        let (arrival, text) = match to.fragment() {
            Some(fragment) => (Arrival::Fragment, fragment.to_owned()),
            None => (Arrival::Query, to.query().unwrap_or_default().to_owned()),
        };
        let parameters = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        Self { to, arrival, parameters, status }
    }

    /// A parameter by name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The authorization code; a panic that shows the error otherwise.
    pub fn code(&self) -> String {
        self.get("code").unwrap_or_else(|| panic!("expected a code: {self}")).to_owned()
    }

    /// Asserts an error answer (RFC 6749 section 4.1.2.1) with this code.
    pub fn is_refused(&self, error: &str) {
        assert!(
            self.get("error") == Some(error) && self.get("code").is_none(),
            "expected the error {error}: {self}"
        );
    }
}

impl fmt::Display for ResponsePage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} «{}»\n{}", self.status, self.url, self.document.title, tail(&self.body, 60))
    }
}

impl fmt::Display for Left {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({:?}) with {:?}", self.to, self.arrival, self.parameters)
    }
}
