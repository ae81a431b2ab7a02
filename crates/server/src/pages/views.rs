//! One view per page: what a handler must know to show it. Fixed element ids are those of conformance.md 8.2.

use askama::Template;

use super::assets::{AUTO_SUBMIT, GO_ON};
use super::texts::{Language, Text, Texts, Words};
use super::{Foreign, Page};

/// Where a page's form goes and what proves that it is ours.
#[derive(Debug, Clone, Copy)]
pub struct Form<'a> {
    /// The issuer's path, under which browsers see the page.
    pub base: &'a str,
    /// The path of the page, which is where its form goes.
    pub page: &'a str,
    /// Posted as `csrf`.
    pub csrf: &'a str,
    /// Posted as `interaction`.
    pub interaction: &'a str,
    /// The language that the address of the page asked for, which its answer speaks too.
    pub language: Option<&'a str>,
}

impl Form<'_> {
    pub(super) fn action(&self) -> String {
        let language = self.language.map(|tag| format!("?ui_locales={tag}"));
        format!("{}{}{}", self.base, self.page, language.unwrap_or_default())
    }
}

/// The relying party as a page introduces it.
#[derive(Debug, Clone)]
pub struct ClientCard<'a> {
    /// Its name, or its id when it has none: see [`Foreign::first_shown`].
    pub name: Foreign,
    /// Where its logo is loaded from; a path of ours, unless the CSP of the page names the host.
    pub logo: Option<&'a str>,
    /// Its privacy policy.
    pub policy: Option<WebLink<'a>>,
    /// Its terms of service.
    pub terms: Option<WebLink<'a>>,
}

/// An address that may stand in `href`: http or https, so that no scheme of it can run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebLink<'a>(&'a str);

impl<'a> WebLink<'a> {
    /// `None` for any other scheme, and for what is no URL at all.
    pub fn new(url: &'a str) -> Option<Self> {
        let printable = url.bytes().all(|byte| byte.is_ascii_graphic());
        let scheme = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
        (printable && scheme).then_some(Self(url))
    }

    /// For the attribute.
    pub fn href(&self) -> &'a str {
        self.0
    }
}

/// A user as a page names them.
#[derive(Debug, Clone)]
pub struct Account {
    /// The name the user gave, or the user name again.
    pub name: Foreign,
    /// What they sign in with.
    pub username: Foreign,
}

impl Account {
    /// `name` may be missing or empty.
    pub fn new(name: Option<&str>, username: &str) -> Self {
        Self {
            name: Foreign::first_shown([name.unwrap_or_default(), username]),
            username: Foreign::shown(username),
        }
    }

    /// Whether there is a second line to show.
    pub fn has_name(&self) -> bool {
        self.name != self.username
    }
}

/// User name and password, on one page.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage<'a> {
    /// The frame.
    pub page: &'a Page<'a>,
    /// Posts `login`, `password`, `remember=on` and `decision` = `accept` or `deny`.
    pub form: Form<'a>,
    /// Who asks; nobody when the user came to their own account.
    pub client: Option<&'a ClientCard<'a>>,
    /// Prefills the user name: what was typed, else `login_hint`, else the account that has to sign in again.
    pub login: Foreign,
    /// Whether "keep me signed in" is ticked.
    pub remember: bool,
    /// Where "forgot password" leads (`login.recovery_url`).
    pub recovery: Option<WebLink<'a>>,
    /// The account that is signed in, when it has to sign in again.
    pub signed_in: Option<&'a Account>,
    /// Why the page is shown once more.
    pub problem: Option<LoginProblem>,
}

/// Why a login page is shown once more. It never says whether the account exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginProblem {
    /// Unknown, disabled or wrong: the user hears the same.
    WrongCredentials,
    /// The throttle answers.
    TooManyAttempts {
        /// Until the next try is looked at.
        seconds: u64,
    },
}

impl LoginPage<'_> {
    fn problem_text(&self) -> Option<String> {
        let texts = self.page.t();
        self.problem.map(|problem| match problem {
            LoginProblem::WrongCredentials => texts.login_wrong.to_string(),
            LoginProblem::TooManyAttempts { seconds } => {
                texts.login_too_many.filled(&self.page.language.grammar.wait(seconds))
            }
        })
    }

    fn credentials_are_wrong(&self) -> bool {
        self.problem == Some(LoginProblem::WrongCredentials)
    }

    /// The first field that still has to be filled in.
    fn starts_at_password(&self) -> bool {
        !self.login.is_empty()
    }
}

/// Several accounts are signed in: which one?
#[derive(Debug, Template)]
#[template(path = "select_account.html")]
pub struct SelectAccountPage<'a> {
    /// The frame.
    pub page: &'a Page<'a>,
    /// Posts `account` = [`AccountChoice::value`], or `decision` = `another` or `deny`.
    pub form: Form<'a>,
    /// Who asks.
    pub client: &'a ClientCard<'a>,
    /// In the order shown; ids are `account-1`, `account-2`, ..
    pub accounts: &'a [AccountChoice<'a>],
}

/// One line of [`SelectAccountPage`].
#[derive(Debug, Clone)]
pub struct AccountChoice<'a> {
    /// Posted as `account`; the handler looks it up among this browser's sessions.
    pub value: &'a str,
    /// Whom to name.
    pub account: Account,
}

/// May this client have this access?
#[derive(Debug, Clone, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage<'a> {
    /// The frame.
    pub page: &'a Page<'a>,
    /// Posts `decision` = `accept` or `deny`.
    pub form: Form<'a>,
    /// Who asks.
    pub client: &'a ClientCard<'a>,
    /// Whether an operator registered the client; otherwise the page warns that its name is only a claim.
    pub vouched_for: bool,
    /// Where the answer goes.
    pub returns_to: Destination,
    /// Who answers.
    pub account: &'a Account,
    /// The scope values, in the order asked.
    pub scopes: &'a [&'a str],
    /// The claims that are released beside those that the words for the scopes speak of.
    pub claims: &'a [&'a str],
    /// Audiences and resources the tokens will be for.
    pub audiences: &'a [Foreign],
    /// Whether the answer will be remembered.
    pub remembered: bool,
}

impl ConsentPage<'_> {
    fn scopes(&self) -> Vec<ScopeLine<'_>> {
        scope_lines(self.page.language, self.scopes.iter().copied(), self.claims.iter().copied())
    }

    /// Whether a permission is shown under the name that the app gave it, which the page then says once.
    fn shows_names(&self) -> bool {
        self.scopes().iter().any(|line| matches!(line, ScopeLine::Named(_)))
    }
}

/// A permission as pages show it.
#[derive(Debug, Clone, PartialEq)]
pub enum ScopeLine<'a> {
    /// In our words, or the operator's.
    Known(Words<'a>),
    /// By the name that the app gave it.
    Named(Foreign),
}

/// The words for scope values and claims, the same on every page.
pub fn scope_lines<'l, 'a>(
    language: &'l Language,
    scopes: impl Iterator<Item = &'a str>,
    claims: impl Iterator<Item = &'a str>,
) -> Vec<ScopeLine<'l>> {
    let line = |name, words: Option<Words<'l>>| {
        words.map_or_else(|| ScopeLine::Named(Foreign::shown(name)), ScopeLine::Known)
    };
    let scopes = scopes.map(|name| line(name, language.scope(name)));
    let claims = claims.map(|name| line(name, language.claim(name)));
    let mut lines = Vec::new();
    for line in scopes.chain(claims) {
        // `offline` and `offline_access` are two names of one permission.
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// Where the browser goes after consent. A look-alike name does not help a client whose host is shown (security.md T154).
#[derive(Debug, Clone)]
pub enum Destination {
    /// The host of the redirect URI.
    Host(Foreign),
    /// A loopback or private-use redirect URI.
    ThisDevice,
}

/// Really sign out?
#[derive(Debug, Template)]
#[template(path = "logout.html")]
pub struct LogoutPage<'a> {
    /// The frame.
    pub page: &'a Page<'a>,
    /// Posts `decision` = `accept` or `deny`.
    pub form: Form<'a>,
    /// Who asks; nobody when the user came by themselves.
    pub client: Option<&'a ClientCard<'a>>,
    /// Who will be signed out.
    pub accounts: &'a [Account],
}

/// What became of a logout that leads nowhere else.
#[derive(Debug, Template)]
#[template(path = "logged_out.html")]
pub struct LoggedOutPage<'a> {
    /// The frame.
    pub page: &'a Page<'a>,
    /// False when the user chose to stay; the element `logged-out` is then absent.
    pub signed_out: bool,
    /// Where to go on: the client's name and address.
    pub continue_to: Option<(Foreign, WebLink<'a>)>,
}

/// The browser tells clients of a logout (Front-Channel Logout section 3). The policy that goes with it allows
/// [`super::assets::GO_ON_SOURCE`] and the origins of the frames.
#[derive(Debug, Template)]
#[template(path = "front_channel.html")]
pub struct FrontChannelPage<'a> {
    /// The frame.
    pub page: &'a Page<'a>,
    /// What is loaded.
    pub frames: &'a [String],
    /// Where the user goes on, registered and matched; without it the page says that the user is signed out.
    pub goes_on: Option<&'a str>,
    /// Where the user may go on when the page does not by itself.
    pub link: Option<WebLink<'a>>,
}

impl FrontChannelPage<'_> {
    #[expect(clippy::unused_self, reason = "a template reaches only methods and fields")]
    fn script(&self) -> &'static str {
        GO_ON
    }
}

/// Something cannot go on here, and may not go back to the client.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// The frame.
    pub page: &'a Page<'a>,
    /// The `error` code of the specification; the only such word a user sees.
    pub code: &'a str,
    /// Picks the sentence for the user. Details for the developer stay in the log.
    pub problem: Problem,
}

/// What a user needs to know about an error: whose move it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// `client_id` is missing or unknown.
    UnknownApp,
    /// The redirect URI is missing, malformed or not registered.
    BadReturnAddress,
    /// Any other request that cannot be answered at the client.
    BadRequest,
    /// The interaction is over or too old.
    Expired,
    /// The interaction belongs to another browser.
    OtherBrowser,
    /// The CSRF token, `Origin` or `Sec-Fetch-Site` is wrong.
    NotYours,
    /// The browser sent none of our cookies back.
    NoCookies,
    /// The database or the hash queue cannot keep up (503).
    Busy,
    /// No page has this address.
    NotFound,
    /// A fault of ours (500).
    Server,
}

impl Problem {
    /// All of them, for tests and previews.
    pub const ALL: [Self; 10] = [
        Self::UnknownApp,
        Self::BadReturnAddress,
        Self::BadRequest,
        Self::Expired,
        Self::OtherBrowser,
        Self::NotYours,
        Self::NoCookies,
        Self::Busy,
        Self::NotFound,
        Self::Server,
    ];

    fn sentence(self, texts: &Texts) -> &Text {
        match self {
            Self::UnknownApp => &texts.error_app_unknown,
            Self::BadReturnAddress => &texts.error_bad_return,
            Self::BadRequest => &texts.error_bad_request,
            Self::Expired => &texts.error_expired,
            Self::OtherBrowser => &texts.error_other_browser,
            Self::NotYours => &texts.error_not_yours,
            Self::NoCookies => &texts.error_cookies,
            Self::Busy => &texts.error_busy,
            Self::NotFound => &texts.error_not_found,
            Self::Server => &texts.error_server,
        }
    }
}

/// Carries an authorization response to the client by POST (OAuth 2.0 Form Post Response Mode). Its script is allowed by
/// [`super::assets::AUTO_SUBMIT_SOURCE`].
#[derive(Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPostPage<'a> {
    /// The frame.
    pub page: &'a Page<'a>,
    /// The redirect URI, registered and matched.
    pub action: &'a str,
    /// The parameters of the response.
    pub parameters: &'a [(&'a str, &'a str)],
    /// Who gets it.
    pub client: &'a ClientCard<'a>,
}

impl FormPostPage<'_> {
    #[expect(clippy::unused_self, reason = "a template reaches only methods and fields")]
    fn script(&self) -> &'static str {
        AUTO_SUBMIT
    }
}

/// Dev mode only: a relying party in the browser that shows every step. Served at `/` and at its redirect URI; what a
/// developer reads here is English in every language, like the specifications it quotes.
#[derive(Debug, Template)]
#[template(path = "playground.html")]
pub struct PlaygroundPage<'a> {
    /// The frame.
    pub page: &'a Page<'a>,
    /// Its discovery document names the endpoints.
    pub issuer: &'a str,
    /// A public client that may use `authorization_code` and `refresh_token`.
    pub client_id: &'a str,
    /// What the request asks for.
    pub scope: &'a str,
    /// An address that shows this same page.
    pub redirect_uri: &'a str,
    /// Registered, so that signing out comes back here.
    pub post_logout_redirect_uri: &'a str,
    /// Whom to sign in as.
    pub username: &'a str,
    /// The demo user's password.
    pub password: &'a str,
}

#[cfg(test)]
mod tests {
    use super::super::Brand;
    use super::super::assets::{Assets, Picture};
    use super::*;

    const HOSTILE: &str =
        "\"'><script>alert(1)</script>\u{202E}gpj.\u{200B}<img src=x onerror=alert(1)>{{7*7}}";

    struct Sample {
        name: String,
        html: String,
        ids: &'static [&'static str],
    }

    fn client<'a>(name: &str, links: bool, logo: Option<&'a str>) -> ClientCard<'a> {
        ClientCard {
            name: Foreign::shown(name),
            logo,
            policy: links.then(|| WebLink::new("https://photos.example/policy?a=1&b=%22").unwrap()),
            terms: links.then(|| WebLink::new("https://photos.example/terms").unwrap()),
        }
    }

    fn logins(page: &Page<'_>, form: Form<'_>, samples: &mut Vec<Sample>) {
        let plain = client("Photo Album", true, Some("/assets/sample-logo.svg"));
        let long = client(&"Extraordinarily long application name without end ".repeat(200), false, None);
        let arabic = client("ألبوم الصور (نسخة 2)", true, None);
        let hostile = client(HOSTILE, false, Some("x\"><script>"));
        let alice = Account::new(Some("Alice Liddell"), "alice");
        let recovery = WebLink::new("https://id.example.com/recover");
        let base = || LoginPage {
            page,
            form,
            client: Some(&plain),
            login: Foreign::default(),
            remember: false,
            recovery,
            signed_in: None,
            problem: None,
        };
        let waits = Some(LoginProblem::TooManyAttempts { seconds: 16 });
        for (name, view) in [
            ("login", base()),
            (
                "login-wrong",
                LoginPage {
                    problem: Some(LoginProblem::WrongCredentials),
                    login: Foreign::typed("alice"),
                    remember: true,
                    ..base()
                },
            ),
            (
                "login-wait",
                LoginPage {
                    problem: waits, client: Some(&arabic), login: Foreign::typed("ليلى"), ..base()
                },
            ),
            (
                "login-account-again",
                LoginPage { client: None, signed_in: Some(&alice), login: Foreign::typed("alice"), ..base() },
            ),
            ("login-again", LoginPage { signed_in: Some(&alice), login: Foreign::typed("alice"), ..base() }),
            (
                "login-long",
                LoginPage {
                    client: Some(&long),
                    login: Foreign::typed(&"a".repeat(9000)),
                    recovery: None,
                    ..base()
                },
            ),
            ("login-hostile", LoginPage { client: Some(&hostile), login: Foreign::typed(HOSTILE), ..base() }),
        ] {
            let ids = &["login", "password", "submit-login", "login-cancel", "remember"];
            samples.push(Sample { name: name.to_owned(), html: view.render().unwrap(), ids });
        }
        let account = LoginPage { client: None, ..base() };
        let html = account.render().unwrap();
        assert!(!html.contains("login-cancel"), "nobody is waiting for an answer");
        let ids = &["login", "password", "submit-login", "remember"];
        samples.push(Sample { name: "login-account".to_owned(), html, ids });
        samples[0].ids = &["client-logo", "policy-link", "tos-link", "recovery-link"];
    }

    fn questions(page: &Page<'_>, form: Form<'_>, samples: &mut Vec<Sample>) {
        let plain = client("Photo Album", true, Some("/assets/sample-logo.svg"));
        let hostile = client(HOSTILE, false, None);
        let accounts = [
            Account::new(Some("Alice Liddell"), "alice"),
            Account::new(None, "a.very.long.user.name.that.goes.on@subsidiary.department.example.com"),
            Account::new(Some("ليلى العامرية"), "layla"),
        ];
        let choices: Vec<AccountChoice<'_>> = accounts
            .iter()
            .map(|account| AccountChoice { value: "0198", account: account.clone() })
            .collect();
        let select = SelectAccountPage { page, form, client: &plain, accounts: &choices };
        let ids = &["account-1", "account-2", "account-3", "use-another-account", "select-cancel"];
        samples.push(Sample { name: "select".to_owned(), html: select.render().unwrap(), ids });

        let consent = ConsentPage {
            page,
            form,
            client: &plain,
            vouched_for: true,
            returns_to: Destination::Host(Foreign::shown("photos.example")),
            account: &accounts[0],
            scopes: &["openid", "profile", "email", "offline_access", "offline"],
            claims: &[],
            audiences: &[],
            remembered: true,
        };
        let unknown = ConsentPage {
            client: &hostile,
            vouched_for: false,
            returns_to: Destination::ThisDevice,
            scopes: &["openid", "photos.read", HOSTILE, &"x".repeat(4000)],
            claims: &["birthdate", "phone_number", "department"],
            audiences: &[Foreign::shown("https://api.photos.example/v1"), Foreign::shown(HOSTILE)],
            remembered: false,
            account: &accounts[2],
            ..consent.clone()
        };
        let nothing = ConsentPage { scopes: &[], claims: &[], ..consent.clone() };
        for (name, view) in
            [("consent", &consent), ("consent-unknown", &unknown), ("consent-nothing", &nothing)]
        {
            let ids = &["consent-accept", "consent-deny"];
            samples.push(Sample { name: name.to_owned(), html: view.render().unwrap(), ids });
        }
        assert!(consent.scopes().len() == 4, "offline and offline_access are one line");
    }

    fn logouts(page: &Page<'_>, form: Form<'_>, samples: &mut Vec<Sample>) {
        let plain = client("Photo Album", true, Some("/assets/sample-logo.svg"));
        let alice = [Account::new(Some("Alice Liddell"), "alice")];
        let logout = LogoutPage { page, form, client: Some(&plain), accounts: &alice };
        let ids = &["logout-confirm", "logout-cancel"];
        samples.push(Sample { name: "logout".to_owned(), html: logout.render().unwrap(), ids });
        let logout = LogoutPage { page, form, client: None, accounts: &[] };
        samples.push(Sample { name: "logout-nobody".to_owned(), html: logout.render().unwrap(), ids });
    }

    fn endings(page: &Page<'_>, samples: &mut Vec<Sample>) {
        let link = WebLink::new("https://photos.example/").unwrap();
        let done = LoggedOutPage {
            page,
            signed_out: true,
            continue_to: Some((Foreign::shown("Photo Album"), link)),
        };
        samples.push(Sample {
            name: "logged-out".to_owned(),
            html: done.render().unwrap(),
            ids: &["logged-out"],
        });
        let stayed = LoggedOutPage { page, signed_out: false, continue_to: None };
        let html = stayed.render().unwrap();
        assert!(!html.contains("logged-out"), "staying is not signing out");
        samples.push(Sample { name: "stayed".to_owned(), html, ids: &[] });
        for problem in Problem::ALL {
            let html = ErrorPage { page, code: "invalid_request", problem }.render().unwrap();
            assert!(html.contains("invalid_request") && html.contains(page.trace_id));
            samples.push(Sample { name: format!("error-{problem:?}"), html, ids: &["error-page"] });
        }
        let plain = client("Photo Album", false, None);
        let parameters = [("code", "gr_ac_x"), ("state", HOSTILE)];
        let posted = FormPostPage {
            page,
            action: "https://photos.example/cb?a=1&b=2",
            parameters: &parameters,
            client: &plain,
        };
        let html = posted.render().unwrap();
        assert_eq!(html.matches(&format!("<script>{AUTO_SUBMIT}</script>")).count(), 1);
        let html = html.replace(&format!("<script>{AUTO_SUBMIT}</script>"), "");
        samples.push(Sample { name: "form-post".to_owned(), html, ids: &["form-post-submit"] });
        let playground = PlaygroundPage {
            page: &page.in_english(),
            issuer: "http://localhost:4599",
            client_id: "playground",
            scope: "openid offline_access profile email",
            redirect_uri: "http://localhost:4599/playground/callback",
            post_logout_redirect_uri: "http://localhost:4599/",
            username: "demo",
            password: "demo-password",
        };
        let html = playground.render().unwrap();
        let script = format!("<script src=\"{}\" defer></script>", page.assets.playground);
        assert!(html.contains(&script));
        if let Some(folder) = preview() {
            std::fs::write(folder.join("playground-live.html"), &html).unwrap();
        }
        let ids = &[
            "sign-in",
            "step-request",
            "step-response",
            "step-tokens",
            "id-token-claims",
            "access-token",
            "refresh-token",
            "userinfo",
            "refresh",
            "revoke",
            "call-userinfo",
            "reset",
            "sign-out",
        ];
        samples.push(Sample { name: "playground".to_owned(), html: html.replace(&script, ""), ids });
    }

    /// Set `GRANTOR_PREVIEW` to a folder to look at every page without a server.
    fn preview() -> Option<std::path::PathBuf> {
        std::env::var_os("GRANTOR_PREVIEW").map(Into::into)
    }

    #[test]
    fn every_page_has_its_ids_and_nothing_that_the_content_security_policy_forbids() {
        let logo = Picture::new(b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 90 30'><rect width='90' height='30'/></svg>".to_vec());
        let brand = Brand { name: "A & B <Bank>".to_owned(), logo: logo.ok(), ..Brand::default() };
        for (brand, language) in
            [brand, Brand::default()].iter().flat_map(|b| b.languages.iter().map(move |l| (b, l)))
        {
            let assets = Assets::new(brand, "");
            let page = Page { language, brand, assets: assets.urls(), trace_id: "4bf92f3577b34da6" };
            let (tag, direction) = (&language.tag, language.direction.name());
            let form =
                Form { base: "", page: "/login", csrf: "c\"srf", interaction: "in<ter", language: None };
            let mut samples = Vec::new();
            logins(&page, form, &mut samples);
            questions(&page, form, &mut samples);
            logouts(&page, form, &mut samples);
            endings(&page, &mut samples);
            for Sample { name, html, ids } in &samples {
                let name = &format!("{tag}-{name}");
                for id in *ids {
                    assert_eq!(html.matches(&format!(" id=\"{id}\"")).count(), 1, "{name}: {id}");
                }
                for forbidden in
                    [" style=", "<style", "<script", "<img src=x", "javascript:", "\u{202E}", "<Bank>"]
                {
                    // A state value is posted back byte for byte, so only the page's own text is made inert.
                    let kept = name.ends_with("form-post") && forbidden == "\u{202E}";
                    assert!(kept || !html.contains(forbidden), "{name}: {forbidden}");
                }
                assert!(html.starts_with("<!DOCTYPE html>"), "{name}");
                let frame = if name.ends_with("playground") {
                    "<html lang=\"en\" dir=\"ltr\">".to_owned()
                } else {
                    format!("<html lang=\"{tag}\" dir=\"{direction}\">")
                };
                assert!(html.contains(&frame) && html.contains("<main"), "{name}");
                // What others wrote may run the other way than the sentence around it.
                let bare = html.lines().filter(|line| !line.starts_with("<title>")).any(|line| {
                    line.match_indices("Photo Album")
                        .any(|(at, _)| !line[..at].ends_with("<bdi class=\"name\">"))
                });
                assert!(!bare, "{name} has a name outside bdi");
                assert!(html.len() < 16_000, "{name}: {} bytes", html.len());
                if let Some(folder) = preview() {
                    std::fs::write(folder.join(format!("{name}.html")), html).unwrap();
                }
            }
            if let Some(folder) = preview() {
                std::fs::create_dir_all(folder.join("assets")).unwrap();
                let urls = assets.urls();
                for url in [
                    Some(&urls.style),
                    Some(&urls.theme),
                    Some(&urls.icon),
                    Some(&urls.playground),
                    urls.logo.as_ref(),
                ] {
                    let Some(asset) = url.and_then(|url| assets.find(url.strip_prefix("/assets/")?)) else {
                        continue;
                    };
                    std::fs::write(folder.join("assets").join(&asset.name), &asset.bytes).unwrap();
                }
            }
        }
    }

    #[test]
    fn cancelling_a_login_needs_no_input() {
        let brand = Brand::default();
        let assets = Assets::new(&brand, "");
        let page =
            Page { language: brand.languages.english(), brand: &brand, assets: assets.urls(), trace_id: "t" };
        let mut samples = Vec::new();
        logins(
            &page,
            Form { base: "", page: "/login", csrf: "c", interaction: "i", language: None },
            &mut samples,
        );
        let html = &samples[0].html;
        assert!(html.contains("id=\"login-cancel\" name=\"decision\" value=\"deny\" formnovalidate"));
        // The first button is the one that Enter presses.
        assert!(html.find("submit-login").unwrap() < html.find("login-cancel").unwrap());
    }

    #[test]
    fn only_web_addresses_become_links() {
        for refused in
            ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://a\nb", " https://a", ""]
        {
            assert_eq!(WebLink::new(refused), None, "{refused}");
        }
    }
}
