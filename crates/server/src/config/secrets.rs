//! The system secrets: what the keys in the database are sealed with, and the only thing that is not in it.

use std::sync::Arc;

use grantor_crypto::{SystemSecret, SystemSecrets};

use super::reader::Reader;

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Arc<SystemSecrets>> {
    let before = reader.problems.len();
    let in_file = reader.is_set("secrets.system_file");
    let secrets = reader.secrets("secrets.system", "secrets.system_file");
    if reader.problems.len() > before {
        return None;
    }
    if secrets.is_empty() {
        reader.problem(
            "secrets.system",
            "needs at least one secret of 32 characters or more, here or in secrets.system_file; \
             `openssl rand -base64 32` makes one",
        );
        return None;
    }
    let path = |place: usize| {
        if in_file { "secrets.system_file".to_owned() } else { format!("secrets.system[{place}]") }
    };
    let mut parsed = Vec::with_capacity(secrets.len());
    for (place, secret) in secrets.into_iter().enumerate() {
        match SystemSecret::parse(secret.expose().to_owned()) {
            Ok(secret) => parsed.push(secret),
            Err(error) => reader.problem(&path(place), format!("secret {}: {error}", place + 1)),
        }
    }
    if reader.problems.len() > before {
        return None;
    }
    let secrets = SystemSecrets::new(parsed).map_err(|error| reader.problem(&path(0), error.to_string()));
    secrets.ok().map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::super::testing::Files;
    use super::*;

    fn secrets(text: &str) -> (Option<Arc<SystemSecrets>>, Vec<String>) {
        let source = Source::text(text);
        let mut reader = Reader::new(&source);
        let secrets = read(&mut reader);
        (secrets, reader.problems.iter().map(ToString::to_string).collect())
    }

    const OLD: &str = "the-old-secret-of-32-characters-";
    const NEW: &str = "the-new-secret-of-32-characters-";

    #[test]
    fn the_first_secret_seals_and_all_open() {
        let (read, problems) = secrets(&format!("secrets.system = ['{NEW}', '{OLD}']"));
        assert_eq!(problems, [""; 0]);
        let read = read.unwrap();
        assert_eq!(read.first().id(), SystemSecret::parse(NEW.to_owned()).unwrap().id());
        assert_eq!(read.all().count(), 2);
    }

    #[test]
    fn a_file_holds_one_secret_a_line() {
        let files = Files::new();
        let file = files.write("system", &format!("{NEW}\n{OLD}\n"));
        let (read, problems) = secrets(&format!("secrets.system_file = '{file}'"));
        assert_eq!(problems, [""; 0]);
        assert_eq!(read.unwrap().all().count(), 2);
    }

    #[test]
    fn a_list_and_a_file_together_are_refused() {
        let (_, problems) =
            secrets(&format!("secrets.system = ['{NEW}']\nsecrets.system_file = '/nonexistent'"));
        assert_eq!(problems, ["secrets.system_file: give either this or secrets.system, not both"]);
    }

    #[test]
    fn no_secret_a_short_one_and_a_repeated_one_are_refused_without_being_shown() {
        assert!(secrets("").1[0].starts_with("secrets.system: needs at least one secret"));
        assert!(secrets("secrets.system = []").1[0].starts_with("secrets.system: needs at least one secret"));
        let (_, problems) = secrets(&format!("secrets.system = ['{NEW}', 'hunter2']"));
        assert!(problems[0].starts_with("secrets.system[1]: secret 2"), "{problems:?}");
        assert!(!problems[0].contains("hunter2"));
        assert_eq!(secrets(&format!("secrets.system = ['{NEW}', '{NEW}']")).1.len(), 1);
    }
}
