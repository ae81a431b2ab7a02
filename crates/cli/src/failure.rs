//! Why a command failed, in words for the operator.

use std::io::{self, Write};

use grantor_server::config::Problem;

/// One line a reason; printed once, by `main`.
#[derive(Debug)]
pub(crate) struct Failure(Vec<String>);

impl Failure {
    /// A failure with one reason.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(vec![reason.into()])
    }

    /// A configuration that cannot be used.
    pub(crate) fn problems(problems: Vec<Problem>) -> Self {
        Self(problems.into_iter().map(|problem| problem.to_string()).collect())
    }

    /// A failure whose reasons were already told.
    pub(crate) fn told() -> Self {
        Self(Vec::new())
    }

    /// Its reasons as problems of a setting.
    pub(crate) fn under(self, setting: &str) -> Vec<Problem> {
        self.0.into_iter().map(|reason| Problem::new(setting, reason)).collect()
    }

    /// Says it on standard error.
    pub(crate) fn report(&self) {
        let mut stderr = io::stderr().lock();
        for line in &self.0 {
            // Nobody is left to be told that standard error is closed.
            drop(writeln!(stderr, "grantor: {line}"));
        }
    }
}

/// This type is no [`std::error::Error`] itself, so that `?` turns every other one into it.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}
