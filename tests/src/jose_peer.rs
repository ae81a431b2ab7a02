//! Implementations of JOSE that others wrote, to agree with: the npm package `jose` and Python's `joserfc`.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::packages::{found_or_installed, on_path};
use crate::{npm, pip};

/// Somebody else's implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JosePeer {
    /// `jose` on Node.js.
    Node,
    /// `joserfc` on Python.
    Python,
}

impl JosePeer {
    /// All of them.
    pub const ALL: [JosePeer; 2] = [JosePeer::Node, JosePeer::Python];

    /// What it answers to these jobs, in their order; see `tests/python/jose_peer.py` for what can be asked. A job that
    /// fails is `Err` with the peer's reason.
    pub fn answers(self, jobs: &[Value]) -> Vec<Result<Value, String>> {
        let mut command = match self {
            JosePeer::Node => {
                npm::node_module("jose/package.json");
                let node =
                    found_or_installed(|| on_path(&["node", "nodejs"]), &["nodejs"]).unwrap_or_else(|| {
                        panic!("the tests of JOSE need Node.js: as root, apt-get install nodejs")
                    });
                let mut command = Command::new(node);
                command.arg(npm::folder().join("jose_peer.mjs"));
                command
            }
            JosePeer::Python => {
                let mut command = Command::new(pip::python());
                command.arg(pip::folder().join("jose_peer.py"));
                command
            }
        };
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the peer starts");
        let input = serde_json::to_vec(jobs).unwrap();
        process.stdin.take().unwrap().write_all(&input).unwrap();
        let ended = process.wait_with_output().unwrap();
        assert!(ended.status.success(), "{self:?}");
        let answers: Vec<Value> = serde_json::from_slice(&ended.stdout).expect("the peer answers JSON");
        assert_eq!(answers.len(), jobs.len());
        let result = |mut answer: Value| match answer.get_mut("ok") {
            Some(ok) => Ok(ok.take()),
            None => Err(answer["error"].as_str().unwrap().to_owned()),
        };
        answers.into_iter().map(result).collect()
    }

    /// The same for jobs of which none may fail.
    pub fn does(self, jobs: &[Value]) -> Vec<Value> {
        let answers = self.answers(jobs).into_iter().zip(jobs);
        answers
            .map(|(answer, job)| answer.unwrap_or_else(|error| panic!("{self:?}: {error}: {job}")))
            .collect()
    }
}
