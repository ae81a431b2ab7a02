//! The user: what a person types and presses on the pages, the same in the plain browser and in
//! Chromium.

use serde_json::{Value, json};

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

/// What is known of the conformance suite's user: every standard claim (conformance.md 2.6).
pub fn claims_of_user() -> Value {
    json!({
        "name": "Zo\u{eb} \"Tea\" O'Brien",
        "given_name": "Zo\u{eb}",
        "family_name": "O'Brien",
        "middle_name": "Tea",
        "nickname": "zo",
        "preferred_username": "suite",
        "profile": "https://people.example/zo",
        "picture": "https://people.example/zo.png",
        "website": "https://zo.example/",
        "gender": "female",
        "birthdate": "0000-10-31",
        "zoneinfo": "Europe/Paris",
        "locale": "en-US",
        "updated_at": 1_700_000_000,
        "email": "zo@example.com",
        "email_verified": true,
        "address": { "street_address": "1 Rue du Th\u{e9}", "locality": "Paris", "country": "FR" },
        "phone_number": "+33 1 23 45 67 89",
        "phone_number_verified": false,
    })
}
