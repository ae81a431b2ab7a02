//! English. Written for somebody with ten seconds; no word of a specification except in the error code.

use grantor_protocol::CivilTime;

use super::grammar::{Amount, Inflection, month};
use super::table::{Texts, text};

pub(super) const TEXTS: Texts = Texts {
    reference: text("Reference"),
    comma: text(", "),
    opens_new_tab: text("(opens in a new tab)"),
    cancel: text("Cancel"),
    error_prefix: text("Error:"),
    footer_terms: text("Terms of service"),
    footer_privacy: text("Privacy policy"),
    footer_imprint: text("Legal notice"),
    footer_support: text("Help"),

    login_title: text("Sign in"),
    login_lead: text("to continue to {client}"),
    login_again_title: text("Confirm it’s you"),
    login_again_lead: text("{client} asks you to sign in again before you continue."),
    login_signed_in_as: text("You are signed in as"),
    login_username: text("User name"),
    login_password: text("Password"),
    login_remember: text("Keep me signed in on this device"),
    login_recovery: text("Forgot your password?"),
    login_submit: text("Sign in"),
    login_wrong: text("That user name and password don’t match. Check both and try again."),
    login_too_many: text("Too many attempts. Wait {wait} and try again."),
    client_policy: text("Privacy policy"),
    client_terms: text("Terms of service"),
    client_links: text("About {client}"),

    select_title: text("Choose an account"),
    select_lead: text("to continue to {client}"),
    select_another: text("Use another account"),

    consent_title: text("Let {client} access your account?"),
    consent_account: text("With your account"),
    consent_lead: text("This app will be able to:"),
    consent_nothing: text("Nothing beyond knowing that you signed in."),
    claim_name: text("See your full name"),
    claim_given_name: text("See your first name"),
    claim_family_name: text("See your last name"),
    claim_middle_name: text("See your middle name"),
    claim_nickname: text("See your nickname"),
    claim_preferred_username: text("See your user name"),
    claim_profile: text("See the address of your profile page"),
    claim_picture: text("See your picture"),
    claim_website: text("See the address of your website"),
    claim_gender: text("See your gender"),
    claim_birthdate: text("See your date of birth"),
    claim_zoneinfo: text("See your time zone"),
    claim_locale: text("See your language"),
    claim_updated_at: text("See when your account last changed"),
    claim_email: text("See your email address"),
    claim_email_verified: text("See whether your email address is confirmed"),
    claim_address: text("See your postal address"),
    claim_phone_number: text("See your phone number"),
    claim_phone_number_verified: text("See whether your phone number is confirmed"),
    consent_names: text("Where you see only a name, the app chose it. Allow it only if you expected it."),
    consent_audience: text("This access works at"),
    consent_returns_to: text("You will return to {place}."),
    consent_this_device: text("an app on this device"),
    consent_unverified: text(
        "This app registered itself, and nobody has checked its name or logo. Continue \
        only if you were just using it.",
    ),
    consent_remembered: text("If you allow this, you won’t be asked again for the same access."),
    consent_accept: text("Allow"),
    consent_deny: text("Don’t allow"),
    scope_openid: text("Recognise you"),
    scope_openid_detail: text("By an identifier of your account"),
    scope_profile: text("See your profile"),
    scope_profile_detail: text("Such as your name, user name, picture and language"),
    scope_email: text("See your email address"),
    scope_email_detail: text("And whether it is confirmed"),
    scope_address: text("See your postal address"),
    scope_address_detail: text("As it stands in your account"),
    scope_phone: text("See your phone number"),
    scope_phone_detail: text("And whether it is confirmed"),
    scope_offline: text("Stay connected"),
    scope_offline_detail: text("Keeps this access while you are away"),

    account_title: text("Your account"),
    account_login_lead: text("to manage your account"),
    account_again_lead: text("Enter your password before you change anything."),
    account_switch: text("Other accounts in this browser"),
    account_sessions: text("Where you are signed in"),
    account_this_browser: text("This browser"),
    account_unknown_device: text("Unknown device"),
    account_signed_in: text("Signed in {date}"),
    account_last_seen: text("last active {time}"),
    account_end_session: text("Sign out"),
    account_end_others: text("Sign out everywhere else"),
    account_more_sessions: text("Show older"),
    account_apps: text("Connected apps"),
    account_apps_lead: text(
        "These apps can use your account. An app that you disconnect asks you again \
        before it can.",
    ),
    account_no_apps: text("No app can use your account."),
    account_since: text("Connected {date}"),
    account_last_used: text("last used {time}"),
    account_away: text("Keeps this access while you are away"),
    account_disconnect: text("Disconnect"),
    account_more_apps: text("Show more apps"),
    account_password: text("Password"),
    account_password_lead: text(
        "Changing it signs you out everywhere else. Apps that you connected there \
        have to ask again.",
    ),
    account_current_password: text("Current password"),
    account_new_password: text("New password"),
    account_new_password_hint: text("At least 8 characters"),
    account_change_password: text("Change password"),
    account_session_ended: text("You are signed out there."),
    account_session_gone: text("You were signed out there already."),
    account_others_ended: text("You are signed out everywhere else."),
    account_disconnected: text("The app is disconnected and can’t use your account any more."),
    account_password_changed: text("Your password is changed, and you are signed out everywhere else."),
    account_confirmed: text("Thank you. You can make changes now."),
    account_wrong_password: text("That is not your current password. Nothing was changed."),
    account_short_password: text("The new password is too short. Choose one with at least 8 characters."),
    account_long_password: text("The new password is too long. Choose a shorter one."),

    logout_title: text("Sign out?"),
    logout_account: text("You are signed in as"),
    logout_lead: text("You will need to sign in again the next time you use your account here."),
    logout_asked: text("{client} asks to sign you out."),
    logout_confirm: text("Sign out"),
    logout_cancel: text("Stay signed in"),

    logged_out_title: text("You are signed out"),
    logged_out_lead: text("You can close this window."),
    front_channel_lead: text("We are telling the apps you used. This takes a moment."),
    front_channel_continue: text("Continue"),
    logged_out_stayed_title: text("You are still signed in"),
    logged_out_stayed_lead: text("Nothing was changed. You can close this window."),
    continue_to: text("Continue to {client}"),

    error_title: text("We couldn’t continue"),
    error_code: text("Error code"),
    error_help: text("If you need help, pass on the error code and the reference."),
    error_app_unknown: text(
        "The app that sent you here is not known to us. Go back to it and try again, or \
        ask the people who run it.",
    ),
    error_bad_return: text(
        "The app that sent you here asked us to send you to an address that it has not \
        registered. To keep you safe, we stopped.",
    ),
    error_bad_request: text(
        "The app that sent you here made a request that we don’t understand. Go back to \
        it and try again.",
    ),
    error_expired: text(
        "This page was open for too long, or is already done. Go back to the app and start \
        again.",
    ),
    error_other_browser: text(
        "This page was started in another browser or window. Go back to the app and \
        start again here.",
    ),
    error_not_yours: text("We couldn’t tell that this came from you. Go back to the app and start again."),
    error_cookies: text(
        "Your browser doesn’t accept our cookies, and we can’t sign you in without them. \
        Allow cookies for this site and try again.",
    ),
    error_busy: text("We can’t do this right now. Wait a moment and try again; nothing was lost."),
    error_not_found: text("There is no page at this address."),
    error_server: text(
        "Something went wrong on our side. Try again; if it happens again, tell us the \
        reference.",
    ),

    form_post_title: text("Taking you back"),
    form_post_lead: text("You are returning to {client}."),
    form_post_submit: text("Continue"),
};

pub(super) static INFLECTION: Inflection = Inflection { counted, date, ago, device };

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

fn device(browser: &str, system: &str) -> String {
    format!("{browser} on {system}")
}
