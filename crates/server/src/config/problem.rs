//! What is wrong with a configuration, said where an operator can act on it.

use std::fmt;

/// One thing wrong (or, among the warnings, surprising) and the key that causes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, such as `tokens.access.lifetime`, or the file or variable when no key is to blame.
    pub path: String,
    /// What is wrong and what would be right; one line, never a secret's value.
    pub message: String,
}

impl Problem {
    /// A problem at `path`. Line breaks inside `message` become spaces: one problem is one line.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self { path: path.into(), message: message.split_whitespace().collect::<Vec<_>>().join(" ") }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_one_line_that_opens_with_its_path() {
        let problem = Problem::new("public.listen", "no address\n  of this kind");
        assert_eq!(problem.to_string(), "public.listen: no address of this kind");
    }
}
