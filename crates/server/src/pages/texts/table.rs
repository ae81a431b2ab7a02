//! What every language has to say: one field per text, so that a language with a text too few does not compile. What a
//! field means is said best by `en.rs`.

use std::borrow::Cow;
use std::fmt;

/// One text of a page, ours or the operator's, with at most one gap, written by its name: `{client}`. A template puts
/// into the gap what belongs there, escaped and isolated; each language puts the gap where its grammar wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(Cow<'static, str>);

/// A text of ours.
pub(super) const fn text(text: &'static str) -> Text {
    Text(Cow::Borrowed(text))
}

impl Text {
    /// The longest that an operator may write, in characters.
    pub const LONGEST: usize = 500;

    /// The whole text, its gap by name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the gap.
    pub fn before(&self) -> &str {
        self.0.split_once('{').map_or(&self.0, |(before, _)| before)
    }

    /// What stands after the gap.
    pub fn after(&self) -> &str {
        self.0.split_once('}').map_or("", |(_, after)| after)
    }

    /// The text with this in its gap.
    pub fn filled(&self, filling: &str) -> String {
        format!("{}{filling}{}", self.before(), self.after())
    }

    /// The name of the gap.
    pub fn gap(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once('{')?;
        rest.split_once('}').map(|(name, _)| name)
    }

    /// Whether an operator may write this.
    pub fn is_line(own: &str) -> Result<(), String> {
        let length = own.chars().count();
        if own.trim().is_empty() || length > Self::LONGEST || own.contains(char::is_control) {
            return Err(format!("must be one line of 1 to {} visible characters", Self::LONGEST));
        }
        Ok(())
    }

    /// What an operator writes where we had this text: it needs the same gap and no other.
    pub(super) fn replaced_by(&self, own: &str) -> Result<Self, String> {
        Self::is_line(own)?;
        let replaced = Self(Cow::Owned(own.to_owned()));
        let expected = usize::from(self.gap().is_some());
        if replaced.gap() == self.gap()
            && ['{', '}'].iter().all(|brace| own.matches(*brace).count() == expected)
        {
            return Ok(replaced);
        }
        Err(match self.gap() {
            Some(gap) => format!("must have {{{gap}}} once, and no other braces, as in \"{self}\""),
            None => "must have no braces: nothing is filled in here".to_owned(),
        })
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A permission in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words<'a> {
    /// What the app will be able to do.
    pub title: &'a str,
    /// What exactly that means; empty where nothing is left to say.
    pub detail: &'a str,
}

macro_rules! table {
    ($($name:ident,)*) => {
        /// The texts of one language.
        #[derive(Debug, Clone)]
        #[expect(missing_docs, reason = "the English text of each field says more than a comment could")]
        pub struct Texts { $(pub $name: Text,)* }

        impl Texts {
            /// The keys of all texts, as operators write them.
            pub const KEYS: &[&str] = &[$(stringify!($name),)*];

            /// The text of that key.
            pub fn at(&self, key: &str) -> Option<&Text> {
                match key {
                    $(stringify!($name) => Some(&self.$name),)*
                    _ => None,
                }
            }

            pub(super) fn at_mut(&mut self, key: &str) -> Option<&mut Text> {
                match key {
                    $(stringify!($name) => Some(&mut self.$name),)*
                    _ => None,
                }
            }
        }
    };
}

#[rustfmt::skip]
table! {
    reference, comma, opens_new_tab, cancel, error_prefix, footer_terms, footer_privacy, footer_imprint,
    footer_support,

    login_title, login_lead, login_again_title, login_again_lead, login_signed_in_as, login_username,
    login_password, login_remember, login_recovery, login_submit, login_wrong, login_too_many,
    client_policy, client_terms, client_links,

    select_title, select_lead, select_another,

    consent_title, consent_account, consent_lead, consent_nothing, claim_name, claim_given_name,
    claim_family_name, claim_middle_name, claim_nickname, claim_preferred_username, claim_profile,
    claim_picture, claim_website, claim_gender, claim_birthdate, claim_zoneinfo, claim_locale,
    claim_updated_at, claim_email, claim_email_verified, claim_address, claim_phone_number,
    claim_phone_number_verified, consent_names, consent_audience, consent_returns_to, consent_this_device,
    consent_unverified, consent_remembered, consent_accept, consent_deny, scope_openid, scope_openid_detail,
    scope_profile, scope_profile_detail, scope_email, scope_email_detail, scope_address,
    scope_address_detail, scope_phone, scope_phone_detail, scope_offline, scope_offline_detail,

    account_title, account_login_lead, account_again_lead, account_switch, account_sessions,
    account_this_browser, account_unknown_device, account_signed_in, account_last_seen, account_end_session,
    account_end_others, account_more_sessions, account_apps, account_apps_lead, account_no_apps,
    account_since, account_last_used, account_away, account_disconnect, account_more_apps, account_password,
    account_password_lead, account_current_password, account_new_password, account_new_password_hint,
    account_change_password, account_session_ended, account_session_gone, account_others_ended,
    account_disconnected, account_password_changed, account_confirmed, account_wrong_password,
    account_short_password, account_long_password,

    logout_title, logout_account, logout_lead, logout_asked, logout_confirm, logout_cancel,

    logged_out_title, logged_out_lead, front_channel_lead, front_channel_continue, logged_out_stayed_title,
    logged_out_stayed_lead, continue_to,

    error_title, error_code, error_help, error_app_unknown, error_bad_return, error_bad_request,
    error_expired, error_other_browser, error_not_yours, error_cookies, error_busy, error_not_found,
    error_server,

    form_post_title, form_post_lead, form_post_submit,
}

impl Texts {
    /// The words for one claim that we know; others are shown by name.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.at(&format!("claim_{name}")).map(Text::as_str)
    }

    /// The words for a scope that we know; others are shown by name.
    pub fn scope(&self, name: &str) -> Option<Words<'_>> {
        let (title, detail) = match name {
            "openid" => (&self.scope_openid, &self.scope_openid_detail),
            "profile" => (&self.scope_profile, &self.scope_profile_detail),
            "email" => (&self.scope_email, &self.scope_email_detail),
            "address" => (&self.scope_address, &self.scope_address_detail),
            "phone" => (&self.scope_phone, &self.scope_phone_detail),
            "offline_access" | "offline" => (&self.scope_offline, &self.scope_offline_detail),
            _ => return None,
        };
        Some(Words { title: title.as_str(), detail: detail.as_str() })
    }
}
