//! English. Written for somebody with ten seconds; no word of a specification except in the error code.

use grantor_protocol::CivilTime;

use super::counted::{Amount, month};
use super::table::{ScopeText, Sentence, Texts};

pub(super) const TEXTS: Texts = Texts {
    reference: "Reference",
    comma: ", ",
    opens_new_tab: "(opens in a new tab)",
    cancel: "Cancel",
    error_prefix: "Error:",

    login_title: "Sign in",
    login_lead: Sentence("to continue to {}"),
    login_again_title: "Confirm it’s you",
    login_again_lead: Sentence("{} asks you to sign in again before you continue."),
    login_signed_in_as: "You are signed in as",
    login_username: "User name",
    login_password: "Password",
    login_remember: "Keep me signed in on this device",
    login_recovery: "Forgot your password?",
    login_submit: "Sign in",
    login_wrong: "That user name and password don’t match. Check both and try again.",
    login_too_many: |seconds| {
        format!("Too many attempts. Wait {} and try again.", counted(Amount::wait(seconds)))
    },
    client_policy: "Privacy policy",
    client_terms: "Terms of service",
    client_links: Sentence("About {}"),

    select_title: "Choose an account",
    select_lead: Sentence("to continue to {}"),
    select_another: "Use another account",

    consent_title: Sentence("Let {} access your account?"),
    consent_account: "With your account",
    consent_lead: "This app will be able to:",
    consent_nothing: "Nothing beyond knowing that you signed in.",
    claim_name: "See your full name",
    claim_given_name: "See your first name",
    claim_family_name: "See your last name",
    claim_middle_name: "See your middle name",
    claim_nickname: "See your nickname",
    claim_preferred_username: "See your user name",
    claim_profile: "See the address of your profile page",
    claim_picture: "See your picture",
    claim_website: "See the address of your website",
    claim_gender: "See your gender",
    claim_birthdate: "See your date of birth",
    claim_zoneinfo: "See your time zone",
    claim_locale: "See your language",
    claim_updated_at: "See when your account last changed",
    claim_email: "See your email address",
    claim_email_verified: "See whether your email address is confirmed",
    claim_address: "See your postal address",
    claim_phone_number: "See your phone number",
    claim_phone_number_verified: "See whether your phone number is confirmed",
    consent_names: "Where you see only a name, the app chose it. Allow it only if you expected it.",
    consent_audience: "This access works at",
    consent_returns_to: Sentence("You will return to {}."),
    consent_this_device: "an app on this device",
    consent_unverified: "This app registered itself, and nobody has checked its name or logo. Continue \
        only if you were just using it.",
    consent_remembered: "If you allow this, you won’t be asked again for the same access.",
    consent_accept: "Allow",
    consent_deny: "Don’t allow",
    scope_openid: ScopeText { title: "Recognise you", detail: "By an identifier of your account" },
    scope_profile: ScopeText { title: "See your profile", detail: "Such as your name, picture and language" },
    scope_email: ScopeText { title: "See your email address", detail: "And whether it is confirmed" },
    scope_address: ScopeText { title: "See your postal address", detail: "As it stands in your account" },
    scope_phone: ScopeText { title: "See your phone number", detail: "And whether it is confirmed" },
    scope_offline: ScopeText { title: "Stay connected", detail: "Keeps this access while you are away" },

    account_title: "Your account",
    account_login_lead: "to manage your account",
    account_again_lead: "Enter your password before you change anything.",
    account_switch: "Other accounts in this browser",
    account_sessions: "Where you are signed in",
    account_this_browser: "This browser",
    account_device: |browser, system| format!("{browser} on {system}"),
    account_unknown_device: "Unknown device",
    account_signed_in: Sentence("Signed in {}"),
    account_last_seen: Sentence("last active {}"),
    account_end_session: "Sign out",
    account_end_others: "Sign out everywhere else",
    account_more_sessions: "Show older",
    account_apps: "Connected apps",
    account_apps_lead: "These apps can use your account. An app that you disconnect asks you again \
        before it can.",
    account_no_apps: "No app can use your account.",
    account_since: Sentence("Connected {}"),
    account_last_used: Sentence("last used {}"),
    account_away: "Keeps this access while you are away",
    account_disconnect: "Disconnect",
    account_more_apps: "Show more apps",
    account_password: "Password",
    account_password_lead: "Changing it signs you out everywhere else. Apps that you connected there \
        have to ask again.",
    account_current_password: "Current password",
    account_new_password: "New password",
    account_new_password_hint: "At least 8 characters",
    account_change_password: "Change password",
    account_session_ended: "You are signed out there.",
    account_session_gone: "You were signed out there already.",
    account_others_ended: "You are signed out everywhere else.",
    account_disconnected: "The app is disconnected and can’t use your account any more.",
    account_password_changed: "Your password is changed, and you are signed out everywhere else.",
    account_confirmed: "Thank you. You can make changes now.",
    account_wrong_password: "That is not your current password. Nothing was changed.",
    account_short_password: "The new password is too short. Choose one with at least 8 characters.",
    account_long_password: "The new password is too long. Choose a shorter one.",
    date,
    ago,

    logout_title: "Sign out?",
    logout_account: "You are signed in as",
    logout_lead: "You will need to sign in again the next time you use your account here.",
    logout_asked: Sentence("{} asks to sign you out."),
    logout_confirm: "Sign out",
    logout_cancel: "Stay signed in",

    logged_out_title: "You are signed out",
    logged_out_lead: "You can close this window.",
    front_channel_lead: "We are telling the apps you used. This takes a moment.",
    front_channel_continue: "Continue",
    logged_out_stayed_title: "You are still signed in",
    logged_out_stayed_lead: "Nothing was changed. You can close this window.",
    continue_to: Sentence("Continue to {}"),

    error_title: "We couldn’t continue",
    error_code: "Error code",
    error_help: "If you need help, pass on the error code and the reference.",
    error_app_unknown: "The app that sent you here is not known to us. Go back to it and try again, or \
        ask the people who run it.",
    error_bad_return: "The app that sent you here asked us to send you to an address that it has not \
        registered. To keep you safe, we stopped.",
    error_bad_request: "The app that sent you here made a request that we don’t understand. Go back to \
        it and try again.",
    error_expired: "This page was open for too long, or is already done. Go back to the app and start \
        again.",
    error_other_browser: "This page was started in another browser or window. Go back to the app and \
        start again here.",
    error_not_yours: "We couldn’t tell that this came from you. Go back to the app and start again.",
    error_cookies: "Your browser doesn’t accept our cookies, and we can’t sign you in without them. \
        Allow cookies for this site and try again.",
    error_busy: "We can’t do this right now. Wait a moment and try again; nothing was lost.",
    error_not_found: "There is no page at this address.",
    error_server: "Something went wrong on our side. Try again; if it happens again, tell us the \
        reference.",

    form_post_title: "Taking you back",
    form_post_lead: Sentence("You are returning to {}."),
    form_post_submit: "Continue",
};

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

fn date(at: CivilTime) -> String {
    format!("{} {} {}", at.day, month(&MONTHS, at), at.year)
}

fn counted(amount: Amount) -> String {
    let (number, unit) = match amount {
        Amount::Seconds(number) => (number, "second"),
        Amount::Minutes(number) => (number, "minute"),
        Amount::Hours(number) => (number, "hour"),
        Amount::Days(number) => (number, "day"),
    };
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

fn ago(seconds: i64) -> String {
    Amount::passed(seconds).map_or_else(|| "just now".to_owned(), |amount| format!("{} ago", counted(amount)))
}
