//! What every language has to say: one field per sentence, so that a language with a sentence too few does not compile.
//! What a field means is said best by `en.rs`.

use grantor_protocol::CivilTime;

/// A sentence with one gap, written `{}`. The gap is filled in the template, so what fills it is escaped and isolated
/// there, and each language puts it where its grammar wants it.
#[derive(Debug, Clone, Copy)]
pub struct Sentence(pub(super) &'static str);

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

macro_rules! table {
    ($($name:ident: $kind:ty;)*) => {
        /// The sentences of one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the English sentence of each field says more than a comment could")]
        pub struct Texts { $(pub $name: $kind,)* }

        #[cfg(test)]
        impl Texts {
            /// Every field by its name, with all that it can say.
            pub(super) fn spoken(&self) -> Vec<(&'static str, String)> {
                use super::tests::Spoken as _;
                vec![$((stringify!($name), self.$name.spoken()),)*]
            }
        }
    };
}

table! {
    reference: &'static str;
    comma: &'static str;
    opens_new_tab: &'static str;
    cancel: &'static str;
    error_prefix: &'static str;

    login_title: &'static str;
    login_lead: Sentence;
    login_again_title: &'static str;
    login_again_lead: Sentence;
    login_signed_in_as: &'static str;
    login_username: &'static str;
    login_password: &'static str;
    login_remember: &'static str;
    login_recovery: &'static str;
    login_submit: &'static str;
    login_wrong: &'static str;
    login_too_many: fn(u64) -> String;
    client_policy: &'static str;
    client_terms: &'static str;
    client_links: Sentence;

    select_title: &'static str;
    select_lead: Sentence;
    select_another: &'static str;

    consent_title: Sentence;
    consent_account: &'static str;
    consent_lead: &'static str;
    consent_nothing: &'static str;
    claim_name: &'static str;
    claim_given_name: &'static str;
    claim_family_name: &'static str;
    claim_middle_name: &'static str;
    claim_nickname: &'static str;
    claim_preferred_username: &'static str;
    claim_profile: &'static str;
    claim_picture: &'static str;
    claim_website: &'static str;
    claim_gender: &'static str;
    claim_birthdate: &'static str;
    claim_zoneinfo: &'static str;
    claim_locale: &'static str;
    claim_updated_at: &'static str;
    claim_email: &'static str;
    claim_email_verified: &'static str;
    claim_address: &'static str;
    claim_phone_number: &'static str;
    claim_phone_number_verified: &'static str;
    consent_names: &'static str;
    consent_audience: &'static str;
    consent_returns_to: Sentence;
    consent_this_device: &'static str;
    consent_unverified: &'static str;
    consent_remembered: &'static str;
    consent_accept: &'static str;
    consent_deny: &'static str;
    scope_openid: ScopeText;
    scope_profile: ScopeText;
    scope_email: ScopeText;
    scope_address: ScopeText;
    scope_phone: ScopeText;
    scope_offline: ScopeText;

    account_title: &'static str;
    account_login_lead: &'static str;
    account_again_lead: &'static str;
    account_switch: &'static str;
    account_sessions: &'static str;
    account_this_browser: &'static str;
    account_device: fn(&str, &str) -> String;
    account_unknown_device: &'static str;
    account_signed_in: Sentence;
    account_last_seen: Sentence;
    account_end_session: &'static str;
    account_end_others: &'static str;
    account_more_sessions: &'static str;
    account_apps: &'static str;
    account_apps_lead: &'static str;
    account_no_apps: &'static str;
    account_since: Sentence;
    account_last_used: Sentence;
    account_away: &'static str;
    account_disconnect: &'static str;
    account_more_apps: &'static str;
    account_password: &'static str;
    account_password_lead: &'static str;
    account_current_password: &'static str;
    account_new_password: &'static str;
    account_new_password_hint: &'static str;
    account_change_password: &'static str;
    account_session_ended: &'static str;
    account_session_gone: &'static str;
    account_others_ended: &'static str;
    account_disconnected: &'static str;
    account_password_changed: &'static str;
    account_confirmed: &'static str;
    account_wrong_password: &'static str;
    account_short_password: &'static str;
    account_long_password: &'static str;
    date: fn(CivilTime) -> String;
    ago: fn(i64) -> String;

    logout_title: &'static str;
    logout_account: &'static str;
    logout_lead: &'static str;
    logout_asked: Sentence;
    logout_confirm: &'static str;
    logout_cancel: &'static str;

    logged_out_title: &'static str;
    logged_out_lead: &'static str;
    front_channel_lead: &'static str;
    front_channel_continue: &'static str;
    logged_out_stayed_title: &'static str;
    logged_out_stayed_lead: &'static str;
    continue_to: Sentence;

    error_title: &'static str;
    error_code: &'static str;
    error_help: &'static str;
    error_app_unknown: &'static str;
    error_bad_return: &'static str;
    error_bad_request: &'static str;
    error_expired: &'static str;
    error_other_browser: &'static str;
    error_not_yours: &'static str;
    error_cookies: &'static str;
    error_busy: &'static str;
    error_not_found: &'static str;
    error_server: &'static str;

    form_post_title: &'static str;
    form_post_lead: Sentence;
    form_post_submit: &'static str;
}

impl Texts {
    /// The words for one claim that we know; others are shown by name.
    pub fn claim(&self, name: &str) -> Option<&'static str> {
        match name {
            "name" => Some(self.claim_name),
            "given_name" => Some(self.claim_given_name),
            "family_name" => Some(self.claim_family_name),
            "middle_name" => Some(self.claim_middle_name),
            "nickname" => Some(self.claim_nickname),
            "preferred_username" => Some(self.claim_preferred_username),
            "profile" => Some(self.claim_profile),
            "picture" => Some(self.claim_picture),
            "website" => Some(self.claim_website),
            "gender" => Some(self.claim_gender),
            "birthdate" => Some(self.claim_birthdate),
            "zoneinfo" => Some(self.claim_zoneinfo),
            "locale" => Some(self.claim_locale),
            "updated_at" => Some(self.claim_updated_at),
            "email" => Some(self.claim_email),
            "email_verified" => Some(self.claim_email_verified),
            "address" => Some(self.claim_address),
            "phone_number" => Some(self.claim_phone_number),
            "phone_number_verified" => Some(self.claim_phone_number_verified),
            _ => None,
        }
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
