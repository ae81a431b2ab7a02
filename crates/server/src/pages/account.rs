//! The views of the user's own page: where they are signed in, which applications use the account, the password.

use askama::Template;
use grantor_protocol::{CivilTime, Timestamp};

use super::texts::{Language, Text};
use super::views::{Account, Form, LoginProblem, ScopeLine};
use super::{Foreign, Page, device};

/// The user's own page.
#[derive(Debug, Clone, Template)]
#[template(path = "account.html")]
pub struct AccountPage<'a> {
    /// The frame.
    pub page: &'a Page<'a>,
    /// Posts `end_session`, `disconnect` (what they name), or `decision` = `end-others` or `change-password` with
    /// `current_password` and `new_password`.
    pub form: Form<'a>,
    /// Whose page it is.
    pub account: &'a Account,
    /// The other accounts of this browser.
    pub others: &'a [OtherAccount],
    /// Where another account signs in.
    pub login: &'a str,
    /// What was done, or why nothing was.
    pub message: Option<AccountMessage>,
    /// Where the user is signed in; ids are `session-1`, `session-2`, ..
    pub sessions: &'a [SessionCard],
    /// Where the next page of them is.
    pub more_sessions: Option<&'a str>,
    /// The applications that may use the account; ids are `app-1`, `app-2`, ..
    pub apps: &'a [AppCard<'a>],
    /// Where the next page of them is.
    pub more_apps: Option<&'a str>,
}

/// Another account that is signed in in this browser.
#[derive(Debug, Clone)]
pub struct OtherAccount {
    /// Where its page is.
    pub address: String,
    /// Whose it is.
    pub account: Account,
}

/// One login of the user.
#[derive(Debug, Clone)]
pub struct SessionCard {
    /// Posted as `end_session`.
    pub value: String,
    /// The device in words.
    pub device: String,
    /// From which address it began.
    pub address: Option<Foreign>,
    /// When the user signed in.
    pub signed_in: Moment,
    /// When it was last used; not for this browser.
    pub last_seen: Option<Moment>,
}

impl SessionCard {
    /// Whether it is the one that the page is shown in.
    pub fn is_this_browser(&self) -> bool {
        self.last_seen.is_none()
    }
}

/// One application that may use the account.
#[derive(Debug, Clone)]
pub struct AppCard<'a> {
    /// Posted as `disconnect`.
    pub value: String,
    /// Its name.
    pub name: Foreign,
    /// What it may do.
    pub access: Vec<ScopeLine<'a>>,
    /// Since when.
    pub since: Moment,
    /// When it last got tokens.
    pub last_used: Option<Moment>,
    /// Whether it keeps its access when the user is signed out.
    pub offline: bool,
}

/// An instant for people and for programs.
#[derive(Debug, Clone)]
pub struct Moment {
    /// For the attribute `datetime`.
    pub machine: String,
    /// For people.
    pub words: String,
}

impl Moment {
    /// By its date.
    pub fn date(at: Timestamp, language: &Language) -> Self {
        Self { machine: CivilTime::of(at).to_string(), words: language.grammar.date(at) }
    }

    /// By how long it is over.
    pub fn ago(at: Timestamp, now: Timestamp, language: &Language) -> Self {
        Self { machine: CivilTime::of(at).to_string(), words: language.grammar.ago(at, now) }
    }
}

/// The device that calls itself so, in words.
pub fn device_words(user_agent: Option<&str>, language: &Language) -> String {
    match device::named(user_agent.unwrap_or_default()) {
        (Some(browser), Some(system)) => language.grammar.device(browser, system),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => language.texts.account_unknown_device.to_string(),
    }
}

/// What the page says about the last act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountMessage {
    /// Something was done.
    Done(Done),
    /// Nothing was changed.
    Refused(PasswordProblem),
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// One session has ended.
    SessionEnded,
    /// That session had ended before.
    SessionGone,
    /// All others have ended.
    OthersEnded,
    /// An application lost its access.
    Disconnected,
    /// There is a new password.
    PasswordChanged,
    /// The user proved again who they are.
    Confirmed,
}

impl Done {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::SessionEnded,
        Self::SessionGone,
        Self::OthersEnded,
        Self::Disconnected,
        Self::PasswordChanged,
        Self::Confirmed,
    ];

    /// The name in the address of the page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SessionEnded => "session-ended",
            Self::SessionGone => "session-gone",
            Self::OthersEnded => "others-ended",
            Self::Disconnected => "disconnected",
            Self::PasswordChanged => "password-changed",
            Self::Confirmed => "confirmed",
        }
    }
}

/// Why a password was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordProblem {
    /// The current one did not pass.
    Current(LoginProblem),
    /// The new one has too few characters.
    TooShort,
    /// The new one has too many.
    TooLong,
}

impl AccountPage<'_> {
    fn message_text(&self) -> Option<String> {
        let texts = self.page.t();
        let text: &Text = match self.message? {
            AccountMessage::Done(Done::SessionEnded) => &texts.account_session_ended,
            AccountMessage::Done(Done::SessionGone) => &texts.account_session_gone,
            AccountMessage::Done(Done::OthersEnded) => &texts.account_others_ended,
            AccountMessage::Done(Done::Disconnected) => &texts.account_disconnected,
            AccountMessage::Done(Done::PasswordChanged) => &texts.account_password_changed,
            AccountMessage::Done(Done::Confirmed) => &texts.account_confirmed,
            AccountMessage::Refused(PasswordProblem::Current(LoginProblem::WrongCredentials)) => {
                &texts.account_wrong_password
            }
            AccountMessage::Refused(PasswordProblem::Current(LoginProblem::TooManyAttempts { seconds })) => {
                return Some(texts.login_too_many.filled(&self.page.language.grammar.wait(seconds)));
            }
            AccountMessage::Refused(PasswordProblem::TooShort) => &texts.account_short_password,
            AccountMessage::Refused(PasswordProblem::TooLong) => &texts.account_long_password,
        };
        Some(text.to_string())
    }

    fn is_refused(&self) -> bool {
        matches!(self.message, Some(AccountMessage::Refused(_)))
    }

    fn current_is_wrong(&self) -> bool {
        matches!(
            self.message,
            Some(AccountMessage::Refused(PasswordProblem::Current(LoginProblem::WrongCredentials)))
        )
    }

    fn new_is_wrong(&self) -> bool {
        matches!(
            self.message,
            Some(AccountMessage::Refused(PasswordProblem::TooShort | PasswordProblem::TooLong))
        )
    }

    fn has_other_sessions(&self) -> bool {
        self.more_sessions.is_some() || self.sessions.iter().any(|session| !session.is_this_browser())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Brand;
    use super::super::assets::Assets;
    use super::super::texts::Languages;
    use super::super::views::scope_lines;
    use super::*;

    const HOSTILE: &str = "\"'><script>alert(1)</script>\u{202E}gpj.<img src=x onerror=alert(1)>";

    fn english() -> Language {
        let [english, ..] = Languages::ours();
        english
    }

    fn session(user_agent: &str, seen: Option<i64>) -> SessionCard {
        let english = english();
        SessionCard {
            value: "0198".to_owned(),
            device: device_words(Some(user_agent), &english),
            address: Some(Foreign::shown(HOSTILE)),
            signed_in: Moment::date(Timestamp(1_800_000_000), &english),
            last_seen: seen
                .map(|ago| Moment::ago(Timestamp(1_800_000_000 - ago), Timestamp(1_800_000_000), &english)),
        }
    }

    #[test]
    fn the_page_has_its_ids_and_nothing_of_what_others_wrote_runs() {
        let brand = Brand::default();
        let assets = Assets::new(&brand, "");
        let language = english();
        let page = Page { language: &language, brand: &brand, assets: assets.urls(), trace_id: "t" };
        let sessions = [session(HOSTILE, None), session("Firefox/140 Linux", Some(90_000))];
        let app = AppCard {
            value: "0199".to_owned(),
            name: Foreign::shown(HOSTILE),
            access: scope_lines(&language, ["openid", HOSTILE].into_iter(), ["birthdate"].into_iter()),
            since: Moment::date(Timestamp(1_800_000_000), &language),
            last_used: None,
            offline: true,
        };
        let account = Account::new(Some(HOSTILE), "alice");
        let others = [OtherAccount { address: "/account?session=1".to_owned(), account: account.clone() }];
        let view = AccountPage {
            page: &page,
            form: Form {
                base: "/id",
                page: "/account",
                csrf: "c\"srf",
                interaction: "0198",
                language: Some("en"),
            },
            account: &account,
            others: &others,
            login: "/account/login",
            message: Some(AccountMessage::Refused(PasswordProblem::TooShort)),
            sessions: &sessions,
            more_sessions: Some("/account?sessions_before=1"),
            apps: &[app.clone(), app],
            more_apps: Some("/account?apps_after=1"),
        };
        let html = view.render().unwrap();
        let [.., arabic] = Languages::ours();
        let arabic = Page { language: &arabic, ..page };
        let translated = AccountPage { page: &arabic, ..view.clone() }.render().unwrap();
        assert!(
            translated.contains("<html lang=\"ar\" dir=\"rtl\">")
                && translated.contains("</time>، آخر نشاط ")
        );
        for id in [
            "account",
            "account-message",
            "account-1",
            "use-another-account",
            "session-1",
            "session-2",
            "end-session-1",
            "end-session-2",
            "end-other-sessions",
            "more-sessions",
            "app-1",
            "app-2",
            "disconnect-app-1",
            "disconnect-app-2",
            "more-apps",
            "current-password",
            "new-password",
            "change-password",
        ] {
            assert_eq!(html.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
        }
        for forbidden in [" style=", "<style", "<script", "<img src=x", "\u{202E}"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        assert!(html.contains("Firefox on Linux") && html.contains("Unknown device"));
        assert!(
            html.contains("last active <time datetime=\"2027-01-14T07:00:00Z\">1 day ago</time>"),
            "{html}"
        );
        assert_eq!(html.matches("action=\"/id/account?ui_locales=en\"").count(), 3);
    }

    #[test]
    fn every_message_has_a_sentence_and_every_name_leads_back_to_it() {
        for done in Done::ALL {
            assert_eq!(Done::ALL.into_iter().find(|other| other.name() == done.name()), Some(done));
        }
    }
}
