//! The rows of a plan: response types by the columns of conformance.md 3, and both ways to ask for a response mode.

use std::any::Any;
use std::fmt;

use tokio::task::LocalSet;

/// A response type, by its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// `code`
    B,
    /// `id_token`
    I1,
    /// `id_token token`
    I2,
    /// `code id_token`
    H1,
    /// `code token`
    H2,
    /// `code id_token token`
    H3,
}

pub(crate) use Flow::{B, H1, H2, H3, I1, I2};

/// Every response type.
pub(crate) const ALL: &[Flow] = &[B, I1, I2, H1, H2, H3];
/// Those that give an access token.
pub(crate) const WITH_ACCESS_TOKEN: &[Flow] = &[B, I2, H1, H2, H3];
/// Those that give a code.
pub(crate) const WITH_CODE: &[Flow] = &[B, H1, H2, H3];

/// Whether the suite says how it wants to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It does not.
    Default,
    /// `response_mode=form_post`.
    FormPost,
}

/// One line of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) flow: Flow,
    pub(crate) mode: Mode,
}

impl Flow {
    pub(crate) fn response_type(self) -> &'static str {
        match self {
            B => "code",
            I1 => "id_token",
            I2 => "id_token token",
            H1 => "code id_token",
            H2 => "code token",
            H3 => "code id_token token",
        }
    }

    fn gives(self, what: &str) -> bool {
        self.response_type().split(' ').any(|part| part == what)
    }

    pub(crate) fn gives_code(self) -> bool {
        self.gives("code")
    }

    /// Whether an access token comes through the browser.
    pub(crate) fn gives_token(self) -> bool {
        self.gives("token")
    }

    /// Whether an ID token comes through the browser.
    pub(crate) fn gives_id_token(self) -> bool {
        self.gives("id_token")
    }

    /// What a client of this response type registers (OpenID Connect Dynamic Client Registration section 2).
    pub(crate) fn grant_types(self) -> Vec<&'static str> {
        let code = self.gives_code().then_some("authorization_code");
        let implicit = (self != B).then_some("implicit");
        code.into_iter().chain(implicit).collect()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.mode == Mode::FormPost { "/form_post" } else { "" };
        write!(out, "{:?}{mode}", self.flow)
    }
}

/// Runs a module for these response types in both modes (the plans basic, implicit, hybrid and formpost-*).
pub(crate) async fn each<Run: Future<Output = ()> + 'static>(flows: &[Flow], run: impl Fn(Plan) -> Run) {
    let both = [Mode::Default, Mode::FormPost];
    all(flows.iter().flat_map(|&flow| both.map(|mode| Plan { flow, mode })), run).await;
}

/// Runs a module for these response types (the dynamic plan).
pub(crate) async fn each_dynamic<Run: Future<Output = ()> + 'static>(
    flows: &[Flow],
    run: impl Fn(Plan) -> Run,
) {
    all(flows.iter().map(|&flow| Plan { flow, mode: Mode::Default }), run).await;
}

/// All at once, since some of them wait; says of each whether it passed.
async fn all<Run: Future<Output = ()> + 'static>(
    plans: impl Iterator<Item = Plan>,
    run: impl Fn(Plan) -> Run,
) {
    let local = LocalSet::new();
    let runs: Vec<_> = plans.map(|plan| (plan, local.spawn_local(run(plan)))).collect();
    let (mut passed, mut failed) = (Vec::new(), Vec::new());
    local
        .run_until(async {
            for (plan, run) in runs {
                match run.await {
                    Ok(()) => passed.push(plan.to_string()),
                    Err(fault) => failed.push(format!("== {plan}: {}", message(&*fault.into_panic()))),
                }
            }
        })
        .await;
    assert!(failed.is_empty(), "passed: {passed:?}\nfailed:\n{}", failed.join("\n"));
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}
