//! Pages of docs/integrating: their fenced blocks, and the regions of source files that these are cut from.

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
                inside.iter().map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect();
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
    Ok(inside.iter().map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect())
}

/// `region` or `endregion` and its name, where a line is nothing but a comment that says so.
fn mark(line: &str) -> Option<(&str, &str)> {
    let comment =
        ["//", "#", "--", ";", "/*", "<!--"].iter().find_map(|sign| line.trim().strip_prefix(sign))?;
    let mut words = comment.trim_end_matches("*/").trim_end_matches("-->").split_whitespace();
    let (word, name) = (words.next()?, words.next()?);
    (matches!(word, "region" | "endregion") && words.next().is_none()).then_some((word, name))
}
