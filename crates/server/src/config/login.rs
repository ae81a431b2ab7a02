//! How users log in, how long their sessions last, and pages of the operator's own.

use grantor_protocol::Lifetime;

use super::Url;
use super::reader::Reader;

/// The built-in login.
#[derive(Debug)]
pub struct Login {
    /// Whether accounts kept by Grantor can log in.
    pub accounts: bool,
    /// Where "forgot password" leads; without it there is no such link.
    pub recovery_url: Option<Url>,
    /// How long a started login may take before it has to be started again.
    pub lifetime: Lifetime,
}

/// How long a browser stays logged in.
#[derive(Debug)]
pub struct Session {
    /// The end of a session that the user did not ask to remember, counted from its login.
    pub lifetime: Lifetime,
    /// The end of such a session when it is not used.
    pub idle: Lifetime,
    /// The end of a remembered session, used or not.
    pub remembered_lifetime: Lifetime,
}

/// Pages of the operator's own that take the place of the built-in ones.
#[derive(Debug)]
pub struct Urls {
    /// Takes the login.
    pub login: Option<Url>,
    /// Takes the consent.
    pub consent: Option<Url>,
    /// Takes the logout.
    pub logout: Option<Url>,
    /// Shows errors that must not go back to the client.
    pub error: Option<Url>,
    /// Where a logout ends when the client names no place.
    pub post_logout_redirect: Option<Url>,
    /// Takes device codes.
    pub device: Option<Url>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Login> {
    let accounts = reader.boolean("login.accounts");
    let recovery_url = reader.url("login.recovery_url");
    let lifetime = reader.lifetime("login.lifetime");
    if accounts == Some(false) {
        reader.warning(
            "login.accounts",
            "is false, and delegation (urls.login) is not in this version yet: nobody can log in",
        );
    }
    Some(Login { accounts: accounts?, recovery_url, lifetime: lifetime? })
}

pub(super) fn read_session(reader: &mut Reader<'_>) -> Option<Session> {
    let lifetime = reader.lifetime("session.lifetime");
    let idle = reader.lifetime("session.idle");
    let remembered_lifetime = reader.lifetime("session.remembered_lifetime");
    reader.at_most(("session.idle", idle), ("session.lifetime", lifetime));
    Some(Session { lifetime: lifetime?, idle: idle?, remembered_lifetime: remembered_lifetime? })
}

pub(super) fn read_urls(reader: &mut Reader<'_>) -> Urls {
    let mut url = |path| {
        let url = reader.url(path);
        if url.is_some() {
            reader.not_yet(path);
        }
        url
    };
    Urls {
        login: url("urls.login"),
        consent: url("urls.consent"),
        logout: url("urls.logout"),
        error: url("urls.error"),
        device: url("urls.device"),
        post_logout_redirect: reader.url("urls.post_logout_redirect"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::problems_and_warnings;

    #[test]
    fn a_session_cannot_be_idle_for_longer_than_it_lasts() {
        assert_eq!(problems_and_warnings("session = { idle = '1h', lifetime = '1h' }").0, [""; 0]);
        let (problems, _) = problems_and_warnings("session = { idle = '2h', lifetime = '1h' }");
        assert_eq!(problems, ["session.idle: is 2h, longer than session.lifetime (1h)"]);
    }

    #[test]
    fn own_pages_are_understood_and_warned_about() {
        let (problems, warnings) = problems_and_warnings("urls.login = 'https://login.example.com/start'");
        assert_eq!(problems, [""; 0]);
        assert_eq!(warnings, ["urls.login: is not in this version yet and has no effect"]);
        assert_eq!(problems_and_warnings("urls.login = '/start'").0.len(), 1);
        assert_eq!(problems_and_warnings("login.recovery_url = 'javascript:alert(1)'").0.len(), 1);
    }

    #[test]
    fn switching_the_accounts_off_is_warned_about() {
        assert!(problems_and_warnings("login.accounts = false").1[0].contains("nobody can log in"));
    }

    #[test]
    fn a_login_takes_some_time() {
        assert_eq!(
            problems_and_warnings("login.lifetime = 0").0,
            ["login.lifetime: must be longer than nothing"]
        );
    }
}
