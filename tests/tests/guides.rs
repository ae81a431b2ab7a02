//! The integration guides: every snippet in docs/integrating is cut from the file that a test runs, so that it works.
#![expect(clippy::unwrap_used, reason = "tests report failure by panicking")]

use std::fs;
use std::path::Path;

use grantor_tests::{fences, region};

/// Languages of blocks that no test runs; blocks of any other language say where they are from.
const NOT_RUN: &[&str] = &["", "text", "sh", "console", "json", "http"];

#[test]
fn every_snippet_is_cut_from_the_file_that_a_test_runs() {
    let mut problems = Vec::new();
    let mut cut = 0;
    for entry in fs::read_dir(workspace().join("docs/integrating")).unwrap() {
        let path = entry.unwrap().path();
        let page = fs::read_to_string(&path).unwrap();
        let read = |source: &str| fs::read_to_string(workspace().join(source)).ok();
        problems
            .extend(wrong(&page, read).into_iter().map(|problem| format!("{}: {problem}", path.display())));
        cut += fences(&page).unwrap_or_default().iter().filter(|fence| fence.source.is_some()).count();
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(cut > 0, "docs/integrating has no snippets");
}

#[test]
fn a_snippet_that_differs_from_its_source_is_found() {
    let source = "before\n    # region login\n    one\n\n      two\n    # endregion login\n";
    let page = |inside: &str| format!("text\n\n<!-- from a.py#login -->\n```python\n{inside}```\n\ntext\n");
    let read = |path: &str| (path == "a.py").then(|| source.to_owned());
    assert_eq!(wrong(&page("one\n\n  two\n"), read), [""; 0]);
    for differs in ["one\n\n  two\nthree\n", "one\n  two\n", "one\n\ntwo\n", ""] {
        assert_eq!(wrong(&page(differs), read).len(), 1, "{differs:?}");
    }
    for page in [
        page("one\n\n  two\n").replace("a.py", "b.py"),
        page("one\n\n  two\n").replace("#login", "#logout"),
        page("one\n\n  two\n").replace("#login", ""),
        page("one\n\n  two\n").replace("```\n\ntext", "text"),
        page("one\n\n  two\n").replace("<!-- from a.py#login -->", ""),
        page("one\n\n  two\n").replace("```python", "text\n```python"),
    ] {
        assert_eq!(wrong(&page, read).len(), 1, "{page}");
    }
    assert_eq!(wrong("```sh\ngrantor clients create\n```\n", read), [""; 0]);
}

#[test]
fn regions_are_marked_in_the_comments_of_every_language() {
    for (start, end) in [
        ("// region a", "// endregion a"),
        ("# region a", "# endregion a"),
        ("-- region a", "-- endregion a"),
        ("/* region a */", "/* endregion a */"),
        ("<!-- region a -->", "<!-- endregion a -->"),
    ] {
        let source = format!("{start}\nhere\n{end}\n");
        assert_eq!(region(&source, "a").unwrap(), "here\n", "{source}");
        assert!(region(&source, "b").is_err(), "{source}");
        assert!(region(&source.repeat(2), "a").is_err(), "two of a name are none: {source}");
    }
    let nested = "// region a\none\n// region b\ntwo\n// endregion b\n// endregion a\n";
    assert_eq!(region(nested, "a").unwrap(), "one\ntwo\n");
    assert_eq!(region(nested, "b").unwrap(), "two\n");
}

/// What is wrong with the blocks of a page; `read` gives the text of a source file.
fn wrong(page: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let fences = match fences(page) {
        Ok(fences) => fences,
        Err(problem) => return vec![problem],
    };
    let problem = |fence: &grantor_tests::Fence| match &fence.source {
        None if NOT_RUN.contains(&fence.language.as_str()) => None,
        None => Some(format!("a block in {} does not say where it is from", fence.language)),
        Some((path, name)) => match read(path).map(|source| region(&source, name)) {
            None => Some(format!("{path} is not there")),
            Some(Err(problem)) => Some(format!("{path}: {problem}")),
            Some(Ok(text)) if text == fence.text => None,
            Some(Ok(text)) => Some(format!("{path}#{name} now says\n{text}")),
        },
    };
    let found = fences.iter().filter_map(|fence| Some((fence.line, problem(fence)?)));
    found.map(|(line, problem)| format!("line {line}: {problem}")).collect()
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
