//! Every sentence of the pages, one field each: another language is one more constant and one more [`Language`].
//! Written for somebody with ten seconds; no word of a specification except in the error code.

use grantor_protocol::CivilTime;

/// The languages the pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Also for everybody whose language is not here yet.
    #[default]
    English,
}

impl Language {
    /// All of them, for negotiation and `ui_locales_supported`.
    pub const ALL: [Self; 1] = [Self::English];

    /// The language tag (BCP 47), for the `lang` attribute.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
        }
    }

    /// The base direction, for the `dir` attribute.
    pub fn direction(self) -> &'static str {
        match self {
            Self::English => "ltr",
        }
    }

    /// The sentences of this language.
    pub fn texts(self) -> &'static Texts {
        match self {
            Self::English => &ENGLISH,
        }
    }

    /// What the client asked for (`ui_locales`, OpenID Connect Core 3.1.2.1) comes before what the browser prefers.
    pub fn negotiate(ui_locales: &[String], accept_language: Option<&str>) -> Self {
        let asked = ui_locales.iter().map(String::as_str);
        let preferred = accept_language.map(by_quality).unwrap_or_default();
        asked.chain(preferred).find_map(Self::for_tag).unwrap_or_default()
    }

    fn for_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }
}

/// The tags of an `Accept-Language` value (RFC 9110 section 12.5.4), best first, those with quality 0 left out.
fn by_quality(value: &str) -> Vec<&str> {
    let mut tags: Vec<(f32, &str)> = value
        .split(',')
        .take(20)
        .filter_map(|entry| {
            let (tag, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
            let quality = weight.trim().strip_prefix("q=")?.parse().ok()?;
            (quality > 0.0).then_some((quality, tag.trim()))
        })
        .collect();
    tags.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    tags.into_iter().map(|(_, tag)| tag).collect()
}

/// A sentence with one gap, written `{}`. The gap is filled in the template, so what fills it is escaped and isolated
/// there, and each language puts it where its grammar wants it.
#[derive(Debug, Clone, Copy)]
pub struct Sentence(&'static str);

impl Sentence {
    /// What stands before the gap.
    pub fn before(&self) -> &'static str {
        self.0.split_once("{}").map_or(self.0, |(before, _)| before)
    }

    /// What stands after the gap.
    pub fn after(&self) -> &'static str {
        self.0.split_once("{}").map_or("", |(_, after)| after)
    }
}

/// A permission in words.
#[derive(Debug, Clone, Copy)]
pub struct ScopeText {
    /// What the app will be able to do.
    pub title: &'static str,
    /// What exactly that means.
    pub detail: &'static str,
}

macro_rules! texts {
    ($($name:ident: $kind:ty = $english:expr;)*) => {
        /// One field per sentence.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the English sentence beside each field says more than a comment could")]
        pub struct Texts { $(pub $name: $kind,)* }

        /// The English sentences.
        pub const ENGLISH: Texts = Texts { $($name: $english,)* };
    };
}

texts! {
    reference: &'static str = "Reference";
    opens_new_tab: &'static str = "(opens in a new tab)";
    cancel: &'static str = "Cancel";
    error_prefix: &'static str = "Error:";

    login_title: &'static str = "Sign in";
    login_lead: Sentence = Sentence("to continue to {}");
    login_again_title: &'static str = "Confirm it’s you";
    login_again_lead: Sentence = Sentence("{} asks you to sign in again before you continue.");
    login_signed_in_as: &'static str = "You are signed in as";
    login_username: &'static str = "User name";
    login_password: &'static str = "Password";
    login_remember: &'static str = "Keep me signed in on this device";
    login_recovery: &'static str = "Forgot your password?";
    login_submit: &'static str = "Sign in";
    login_wrong: &'static str = "That user name and password don’t match. Check both and try again.";
    login_too_many: fn(u64) -> String = |seconds| {
        format!("Too many attempts. Wait {} and try again.", english_duration(seconds))
    };
    client_policy: &'static str = "Privacy policy";
    client_terms: &'static str = "Terms of service";
    client_links: Sentence = Sentence("About {}");

    select_title: &'static str = "Choose an account";
    select_lead: Sentence = Sentence("to continue to {}");
    select_another: &'static str = "Use another account";

    consent_title: Sentence = Sentence("Let {} access your account?");
    consent_account: &'static str = "With your account";
    consent_lead: &'static str = "This app will be able to:";
    consent_nothing: &'static str = "Nothing beyond knowing that you signed in.";
    consent_claims: &'static [(&'static str, &'static str)] = &[
        ("name", "See your full name"),
        ("given_name", "See your first name"),
        ("family_name", "See your last name"),
        ("middle_name", "See your middle name"),
        ("nickname", "See your nickname"),
        ("preferred_username", "See your user name"),
        ("profile", "See the address of your profile page"),
        ("picture", "See your picture"),
        ("website", "See the address of your website"),
        ("gender", "See your gender"),
        ("birthdate", "See your date of birth"),
        ("zoneinfo", "See your time zone"),
        ("locale", "See your language"),
        ("updated_at", "See when your account last changed"),
        ("email", "See your email address"),
        ("email_verified", "See whether your email address is confirmed"),
        ("address", "See your postal address"),
        ("phone_number", "See your phone number"),
        ("phone_number_verified", "See whether your phone number is confirmed"),
    ];
    consent_names: &'static str = "Where you see only a name, the app chose it. Allow it only if you expected it.";
    consent_audience: &'static str = "This access works at";
    consent_returns_to: Sentence = Sentence("You will return to {}");
    consent_this_device: &'static str = "an app on this device";
    consent_unverified: &'static str =
        "This app registered itself, and nobody has checked its name or logo. Continue only if you were just using it.";
    consent_remembered: &'static str = "If you allow this, you won’t be asked again for the same access.";
    consent_accept: &'static str = "Allow";
    consent_deny: &'static str = "Don’t allow";
    scope_openid: ScopeText = ScopeText { title: "Recognise you", detail: "By an identifier of your account" };
    scope_profile: ScopeText = ScopeText { title: "See your profile", detail: "Such as your name, picture and language" };
    scope_email: ScopeText = ScopeText { title: "See your email address", detail: "And whether it is confirmed" };
    scope_address: ScopeText = ScopeText { title: "See your postal address", detail: "As it stands in your account" };
    scope_phone: ScopeText = ScopeText { title: "See your phone number", detail: "And whether it is confirmed" };
    scope_offline: ScopeText = ScopeText { title: "Stay connected", detail: "Keeps this access while you are away" };

    account_title: &'static str = "Your account";
    account_login_lead: &'static str = "to manage your account";
    account_again_lead: &'static str = "Enter your password before you change anything.";
    account_switch: &'static str = "Other accounts in this browser";
    account_sessions: &'static str = "Where you are signed in";
    account_this_browser: &'static str = "This browser";
    account_device: fn(&str, &str) -> String = |browser, system| format!("{browser} on {system}");
    account_unknown_device: &'static str = "Unknown device";
    account_signed_in: Sentence = Sentence("Signed in {}");
    account_last_seen: Sentence = Sentence("last active {}");
    account_end_session: &'static str = "Sign out";
    account_end_others: &'static str = "Sign out everywhere else";
    account_more_sessions: &'static str = "Show older";
    account_apps: &'static str = "Connected apps";
    account_apps_lead: &'static str =
        "These apps can use your account. An app that you disconnect asks you again before it can.";
    account_no_apps: &'static str = "No app can use your account.";
    account_since: Sentence = Sentence("Connected {}");
    account_last_used: Sentence = Sentence("last used {}");
    account_away: &'static str = "Keeps this access while you are away";
    account_disconnect: &'static str = "Disconnect";
    account_more_apps: &'static str = "Show more apps";
    account_password: &'static str = "Password";
    account_password_lead: &'static str =
        "Changing it signs you out everywhere else. Apps that you connected there have to ask again.";
    account_current_password: &'static str = "Current password";
    account_new_password: &'static str = "New password";
    account_new_password_hint: &'static str = "At least 8 characters";
    account_change_password: &'static str = "Change password";
    account_session_ended: &'static str = "You are signed out there.";
    account_session_gone: &'static str = "You were signed out there already.";
    account_others_ended: &'static str = "You are signed out everywhere else.";
    account_disconnected: &'static str = "The app is disconnected and can’t use your account any more.";
    account_password_changed: &'static str = "Your password is changed, and you are signed out everywhere else.";
    account_confirmed: &'static str = "Thank you. You can make changes now.";
    account_wrong_password: &'static str = "That is not your current password. Nothing was changed.";
    account_short_password: &'static str =
        "The new password is too short. Choose one with at least 8 characters.";
    account_long_password: &'static str = "The new password is too long. Choose a shorter one.";
    date: fn(CivilTime) -> String = english_date;
    ago: fn(i64) -> String = english_ago;

    logout_title: &'static str = "Sign out?";
    logout_account: &'static str = "You are signed in as";
    logout_lead: &'static str = "You will need to sign in again the next time you use your account here.";
    logout_asked: Sentence = Sentence("{} asks to sign you out.");
    logout_confirm: &'static str = "Sign out";
    logout_cancel: &'static str = "Stay signed in";

    logged_out_title: &'static str = "You are signed out";
    logged_out_lead: &'static str = "You can close this window.";
    front_channel_lead: &'static str = "We are telling the apps you used. This takes a moment.";
    front_channel_continue: &'static str = "Continue";
    logged_out_stayed_title: &'static str = "You are still signed in";
    logged_out_stayed_lead: &'static str = "Nothing was changed. You can close this window.";
    continue_to: Sentence = Sentence("Continue to {}");

    error_title: &'static str = "We couldn’t continue";
    error_code: &'static str = "Error code";
    error_help: &'static str = "If you need help, pass on the error code and the reference.";
    error_app_unknown: &'static str =
        "The app that sent you here is not known to us. Go back to it and try again, or ask the people who run it.";
    error_bad_return: &'static str =
        "The app that sent you here asked us to send you to an address that it has not registered. To keep you safe, we stopped.";
    error_bad_request: &'static str =
        "The app that sent you here made a request that we don’t understand. Go back to it and try again.";
    error_expired: &'static str = "This page was open for too long, or is already done. Go back to the app and start again.";
    error_other_browser: &'static str =
        "This page was started in another browser or window. Go back to the app and start again here.";
    error_not_yours: &'static str = "We couldn’t tell that this came from you. Go back to the app and start again.";
    error_cookies: &'static str =
        "Your browser doesn’t accept our cookies, and we can’t sign you in without them. Allow cookies for this site and try again.";
    error_busy: &'static str = "We can’t do this right now. Wait a moment and try again; nothing was lost.";
    error_not_found: &'static str = "There is no page at this address.";
    error_server: &'static str = "Something went wrong on our side. Try again; if it happens again, tell us the reference.";

    form_post_title: &'static str = "Taking you back";
    form_post_lead: Sentence = Sentence("You are returning to {}.");
    form_post_submit: &'static str = "Continue";
}

impl Texts {
    /// The words for one claim that we know; others are shown by name.
    pub fn claim(&self, name: &str) -> Option<&'static str> {
        self.consent_claims.iter().find(|(claim, _)| *claim == name).map(|(_, title)| *title)
    }

    /// The words for a scope that we know; others are shown by name.
    pub fn scope(&self, name: &str) -> Option<&ScopeText> {
        match name {
            "openid" => Some(&self.scope_openid),
            "profile" => Some(&self.scope_profile),
            "email" => Some(&self.scope_email),
            "address" => Some(&self.scope_address),
            "phone" => Some(&self.scope_phone),
            "offline_access" | "offline" => Some(&self.scope_offline),
            _ => None,
        }
    }
}

fn english_duration(seconds: u64) -> String {
    match seconds {
        0 | 1 => "1 second".to_owned(),
        2..90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

fn english_date(at: CivilTime) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let month = usize::try_from(at.month - 1).ok().and_then(|index| MONTHS.get(index)).copied();
    format!("{} {} {}", at.day, month.unwrap_or_default(), at.year)
}

/// How long ago; what we know is a few minutes old at times.
fn english_ago(seconds: i64) -> String {
    let count = |number: i64, unit: &str| match number {
        1 => format!("1 {unit} ago"),
        more => format!("{more} {unit}s ago"),
    };
    match seconds {
        ..600 => "just now".to_owned(),
        600..3600 => count(seconds / 60, "minute"),
        3600..86_400 => count(seconds / 3600, "hour"),
        _ => count(seconds / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    use grantor_protocol::Timestamp;

    use super::*;

    #[test]
    fn an_unknown_language_falls_back_to_english() {
        for (locales, accepted) in [
            (vec![], None),
            (vec!["xx".to_owned()], Some("de-CH, de;q=0.9, en;q=0.8, *;q=0.5")),
            (vec!["en-GB".to_owned()], Some("fr")),
            (vec!["<script>".to_owned(); 1000], Some(",;q=,;;q=x,en;q=nan")),
        ] {
            assert_eq!(Language::negotiate(&locales, accepted), Language::English);
        }
    }

    #[test]
    fn accept_language_is_read_by_quality() {
        assert_eq!(by_quality("da, en-gb;q=0.8, en;q=0.7, de;q=0, x;v=1"), ["da", "en-gb", "en"]);
        assert_eq!(by_quality("a;q=0.1, b; q=0.9"), ["b", "a"]);
    }

    #[test]
    fn waiting_times_read_well() {
        let wait = ENGLISH.login_too_many;
        assert!(wait(1).contains("1 second "));
        assert!(wait(30).contains("30 seconds"));
        assert!(wait(150).contains("3 minutes"));
    }

    #[test]
    fn dates_and_ages_read_well() {
        assert_eq!(english_date(CivilTime::of(Timestamp(951_782_400))), "29 February 2000");
        for (seconds, words) in [
            (-5, "just now"),
            (599, "just now"),
            (600, "10 minutes ago"),
            (3600, "1 hour ago"),
            (86_399, "23 hours ago"),
            (172_800, "2 days ago"),
        ] {
            assert_eq!(english_ago(seconds), words);
        }
    }

    #[test]
    fn a_sentence_is_split_at_its_gap() {
        let sentence = Sentence("a {} b");
        assert_eq!((sentence.before(), sentence.after()), ("a ", " b"));
    }
}
