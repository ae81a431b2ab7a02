//! Pages of docs/integrating: their fenced blocks, the regions of source files that these are cut from, and the commands
//! that register what the page is about.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::binary::{foreign_settings, grantor};
use crate::output::workspace;
use crate::server::{Client, Server};

/// A fenced block of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// Line of its opening fence, from 1.
    pub line: usize,
    /// The word behind the opening fence; empty where there is none.
    pub language: String,
    /// `PATH#REGION` of the comment `<!-- from PATH#REGION -->` above it.
    pub source: Option<(String, String)>,
    /// What is inside, every line with its end.
    pub text: String,
}

/// The fenced blocks of a page, in order; an error where one does not end or a comment stands above none.
pub fn fences(page: &str) -> Result<Vec<Fence>, String> {
    let mut found = Vec::new();
    let mut source: Option<(String, String)> = None;
    let mut lines = page.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let (trimmed, indent) = (line.trim_start(), line.len() - line.trim_start().len());
        if let Some(language) = trimmed.strip_prefix("```") {
            let inside: Vec<&str> =
                lines.by_ref().map(|(line, _)| line).take_while(|line| line.trim() != "```").collect();
            let end = number + inside.len() + 1;
            if page.lines().nth(end - 1).is_none() {
                return Err(format!("line {number}: the block does not end"));
            }
            let text =
                inside.iter().flat_map(|line| [line.get(indent..).unwrap_or_default(), "\n"]).collect();
            found.push(Fence {
                line: number,
                language: language.trim().to_owned(),
                source: source.take(),
                text,
            });
        } else if let Some(named) =
            trimmed.strip_prefix("<!-- from ").and_then(|rest| rest.strip_suffix(" -->"))
        {
            let (path, region) =
                named.split_once('#').ok_or_else(|| format!("line {number}: {named}: PATH#REGION"))?;
            source = Some((path.to_owned(), region.to_owned()));
        } else if !trimmed.is_empty() && source.is_some() {
            return Err(format!(
                "line {number}: a block has to follow the comment that says where it is from"
            ));
        }
    }
    Ok(found)
}

impl Server {
    /// Runs the first block of shell commands below a heading of docs/integrating/`page`, as an operator would, and gives
    /// the clients that they registered.
    pub fn registers_as_written(&self, page: &str, heading: &str) -> Vec<Client> {
        self.registers_at(page, heading, "https://app.example.com")
    }

    /// The same for an application at another origin than the page has it at.
    pub fn registers_at(&self, page: &str, heading: &str, origin: &str) -> Vec<Client> {
        let path = workspace().join("docs/integrating").join(page);
        let text = fs::read_to_string(&path).unwrap();
        let (_, below) = text.split_once(&format!("\n## {heading}\n")).expect("the page has the heading");
        let blocks = fences(below).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
        let block = blocks.iter().find(|fence| fence.language == "sh").expect("a block of shell commands");
        let commands = block.text.replace("https://app.example.com", origin);
        let mut shell = Command::new("sh");
        foreign_settings().for_each(|name| {
            shell.env_remove(name);
        });
        let mut folders = vec![grantor().parent().unwrap().to_owned()];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let ran = shell
            .args(["-e", "-c", &commands])
            .current_dir(self.directory())
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env("GRANTOR_CONFIG", &self.nodes[0].config)
            .output()
            .expect("sh runs");
        assert!(ran.status.success(), "{commands}{}", String::from_utf8_lossy(&ran.stderr));
        let printed = serde_json::Deserializer::from_slice(&ran.stdout).into_iter::<Value>();
        printed.map(|registration| Client::registered(registration.unwrap())).collect()
    }
}

/// What stands between the comments `region NAME` and `endregion NAME` of a source file, without the indentation that
/// all its lines share and without the marks of other regions inside.
pub fn region(source: &str, name: &str) -> Result<String, String> {
    let at = |word: &str| {
        let marks = source.lines().enumerate().filter(|(_, line)| mark(line) == Some((word, name)));
        let lines: Vec<usize> = marks.map(|(number, _)| number).collect();
        match lines.as_slice() {
            [line] => Ok(*line),
            _ => Err(format!("{} comments say {word} {name}", lines.len())),
        }
    };
    let (start, end) = (at("region")?, at("endregion")?);
    let inside: Vec<&str> = source
        .lines()
        .take(end)
        .skip(start + 1)
        .filter(|line| mark(line).is_none())
        .map(str::trim_end)
        .collect();
    let lines = || inside.iter().filter(|line| !line.is_empty());
    let indent = lines().map(|line| line.len() - line.trim_start().len()).min();
    let indent = indent.ok_or_else(|| format!("the region {name} is empty"))?;
    Ok(inside.iter().flat_map(|line| [line.get(indent..).unwrap_or_default(), "\n"]).collect())
}

/// `region` or `endregion` and its name, where a line is nothing but a comment that says so.
fn mark(line: &str) -> Option<(&str, &str)> {
    let comment =
        ["//", "#", "--", ";", "/*", "<!--"].iter().find_map(|sign| line.trim().strip_prefix(sign))?;
    let mut words = comment.trim_end_matches("*/").trim_end_matches("-->").split_whitespace();
    let (word, name) = (words.next()?, words.next()?);
    (matches!(word, "region" | "endregion") && words.next().is_none()).then_some((word, name))
}
