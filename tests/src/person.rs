//! The user: what a person types and presses on the pages, the same in the plain browser and in
//! Chromium.

use crate::http::{Browser, Left, ResponsePage, Visit};

/// An account and the person behind it.
#[derive(Debug, Clone)]
pub struct Person {
    /// Typed into `login`.
    pub username: String,
    /// Typed into `password`.
    pub password: String,
    /// `sub` as `users create` printed it.
    pub subject: String,
}

/// What the person decides when asked for consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Presses `consent-accept`.
    Accept,
    /// Presses `consent-deny`.
    Deny,
}

impl Person {
    /// Types name and password and presses the button.
    pub async fn logs_in(&self, browser: &Browser, page: &ResponsePage) -> Visit {
        let fields = [("login", self.username.as_str()), ("password", self.password.as_str())];
        browser.submit(page, "submit-login", &fields).await
    }

    /// Opens `url` and does what the pages ask (log in, choose the first account, accept) until
    /// the browser is sent to the relying party.
    pub async fn authorizes(&self, browser: &Browser, url: &str) -> Left {
        self.walks(browser, browser.get(url).await, Choice::Accept).await
    }

    /// From wherever the browser is: does what the pages ask until it leaves the server.
    pub async fn walks(&self, browser: &Browser, from: Visit, choice: Choice) -> Left {
        let mut at = from;
        for _ in 0..8 {
            let page = match at {
                Visit::Left(left) => return left,
                Visit::Page(page) => page,
            };
            at = if page.has("login") {
                self.logs_in(browser, &page).await
            } else if page.has("account-1") {
                browser.submit(&page, "account-1", &[]).await
            } else if page.has("consent-accept") {
                let button = if choice == Choice::Accept { "consent-accept" } else { "consent-deny" };
                browser.submit(&page, button, &[]).await
            } else {
                panic!("nothing for a person to do on this page\n{page}");
            };
        }
        panic!("eight pages and still at the server");
    }
}
