//! `grantor users import`: the users another system has. docs/importing-users.md is its manual.

mod entries;
mod user;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use grantor_protocol::{IssuerId, UserId};
use grantor_server::audit::AuditEvent;
use grantor_store::{
    IMPORT_BATCH, ImportChanges, ImportTerms, Imported, ImportedUser, PasswordImport, RevocationReason,
};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::progress::{Done, Progress};
use crate::setup::Opened;
use entries::Entries;

/// More would hide the summary; `--json` has all of them.
const PROBLEMS_SHOWN: usize = 100;

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// JSON Lines or a JSON array, one user an entry; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Let the file go before what was done here since: changed passwords, disabled accounts
    #[arg(long)]
    replace: bool,
    /// Change nothing, and say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Print the summary as JSON, with all that was refused
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(opened: &Opened, arguments: ImportArguments) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::new(format!("{}: {error}", arguments.file.display()));
    let (reader, total): (Box<dyn BufRead>, _) = if arguments.file == Path::new("-") {
        (Box::new(io::stdin().lock()), None)
    } else {
        let file = File::open(&arguments.file).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        (Box::new(BufReader::new(file)), Some(length))
    };
    let terms = ImportTerms {
        issuer: IssuerId::FIRST,
        replace: arguments.replace,
        dry_run: arguments.dry_run,
        now: opened.now.timestamp(),
    };
    let entries = Entries::new(reader)?;
    let noun = entries.noun();
    let mut import = Import {
        opened,
        terms,
        noun,
        summary: Summary::default(),
        progress: Progress::new("importing users"),
        size: total,
        batch: Vec::new(),
    };
    import.all(entries).await?;
    let Import { summary, mut progress, .. } = import;
    progress.clear();
    if arguments.json {
        print_json(&summary.document(noun, arguments.dry_run))?;
    } else {
        summary.lines(arguments.dry_run).iter().try_for_each(|line| print(line))?;
    }
    if summary.problems.is_empty() { Ok(()) } else { Err(Failure::told()) }
}

/// An import under way.
struct Import<'a> {
    opened: &'a Opened,
    terms: ImportTerms,
    noun: &'static str,
    summary: Summary,
    progress: Progress,
    /// Of the file in bytes, where it is one.
    size: Option<u64>,
    batch: Vec<(u64, ImportedUser)>,
}

impl Import<'_> {
    async fn all(&mut self, mut entries: Entries<impl BufRead>) -> Result<(), Failure> {
        let (mut names, mut subs) = (HashMap::new(), HashMap::new());
        while let Some((number, entry)) = entries.next()? {
            match entry.and_then(user::read).and_then(|user| once(&mut names, &mut subs, number, user)) {
                Ok(user) => self.batch.push((number, user)),
                Err(reason) => self.problem(number, reason),
            }
            if self.batch.len() == IMPORT_BATCH {
                self.write().await?;
            }
            let bytes = entries.bytes().unwrap_or_default();
            self.progress.show(Done::Counted { count: self.summary.done(), bytes, of: self.size });
        }
        self.write().await
    }

    async fn write(&mut self) -> Result<(), Failure> {
        let (numbers, users): (Vec<_>, Vec<_>) = std::mem::take(&mut self.batch).into_iter().unzip();
        if !self.terms.dry_run {
            self.end_what_will_be_replaced(&users).await?;
        }
        let imported = self.imported(&users, self.terms).await?;
        let count = imported.iter().filter(|imported| imported.is_a_change()).count();
        if count > 0 && !self.terms.dry_run {
            self.opened.record(&AuditEvent::UsersImported { count: count as u64 });
        }
        for (number, imported) in numbers.into_iter().zip(imported) {
            match imported {
                Imported::Created(_) => self.summary.created += 1,
                Imported::Present(user, changes) => self.changed(user, changes).await?,
                Imported::Refused(refusal) => self.problem(number, refusal.to_string()),
            }
        }
        Ok(())
    }

    async fn imported(&self, users: &[ImportedUser], terms: ImportTerms) -> Result<Vec<Imported>, Failure> {
        self.opened.store.users().import(users, terms).await.map_err(|fault| {
            let done = self.summary.done();
            Failure::new(format!("{fault}\n{done} users were taken over before; run the same command again"))
        })
    }

    /// What old passwords gave ends before they are replaced, and again after: whoever interrupts an import leaves neither
    /// it nor anything that a later run would take for done.
    async fn end_what_will_be_replaced(&self, users: &[ImportedUser]) -> Result<(), Failure> {
        let foreseen = self.imported(users, ImportTerms { dry_run: true, ..self.terms }).await?;
        for imported in foreseen {
            if let Imported::Present(user, ImportChanges { password: PasswordImport::Set, .. }) = imported {
                self.opened.ending().replaced_password(user, None, RevocationReason::Operator).await?;
            }
        }
        Ok(())
    }

    /// Counts what was changed of an account, and does what ends access.
    async fn changed(&mut self, user: UserId, changes: ImportChanges) -> Result<(), Failure> {
        if changes.is_empty() {
            self.summary.unchanged += 1;
        } else {
            self.summary.updated += 1;
        }
        if changes.password == PasswordImport::Kept {
            self.summary.passwords_kept += 1;
        }
        if self.terms.dry_run {
            return Ok(());
        }
        let ending = self.opened.ending();
        if changes.password == PasswordImport::Set {
            self.opened.record(&AuditEvent::PasswordChanged { subject: user });
            ending.replaced_password(user, None, RevocationReason::Operator).await?;
        }
        if changes.disable {
            ending.disable_user(user).await?;
        }
        if changes.enable {
            self.opened.store.users().enable(user).await?;
            self.opened.record(&AuditEvent::UserEnabled { subject: user });
        }
        Ok(())
    }

    fn problem(&mut self, number: u64, reason: String) {
        if self.summary.problems.len() < PROBLEMS_SHOWN {
            self.progress.clear();
            // Nobody is left to be told that standard error is closed.
            drop(writeln!(io::stderr().lock(), "grantor: {} {number}: {reason}", self.noun));
        }
        self.summary.problems.push((number, reason));
    }
}

/// The user, unless the file has it already: which of two entries would hold, nobody could tell.
fn once(
    names: &mut HashMap<String, u64>,
    subs: &mut HashMap<UserId, u64>,
    number: u64,
    user: ImportedUser,
) -> Result<ImportedUser, String> {
    if let Some(first) = names.get(&user.username) {
        return Err(format!("the username is that of entry {first}: one of the two must go"));
    }
    if let Some(first) = user.id.and_then(|id| subs.insert(id, number)) {
        return Err(format!("the sub is that of entry {first}: one of the two must go"));
    }
    names.insert(user.username.clone(), number);
    Ok(user)
}

/// What became of all of them.
#[derive(Debug, Default)]
struct Summary {
    created: u64,
    updated: u64,
    unchanged: u64,
    passwords_kept: u64,
    problems: Vec<(u64, String)>,
}

impl Summary {
    fn done(&self) -> u64 {
        self.created + self.updated + self.unchanged
    }

    fn document(&self, noun: &str, dry_run: bool) -> Value {
        let problems = self.problems.iter().map(|(number, reason)| json!({ noun: number, "reason": reason }));
        json!({
            "dry_run": dry_run,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "passwords_kept": self.passwords_kept,
            "refused": self.problems.len(),
            "problems": problems.collect::<Vec<_>>(),
        })
    }

    fn lines(&self, dry_run: bool) -> Vec<String> {
        let Self { created, updated, unchanged, passwords_kept, problems } = self;
        let refused = problems.len();
        let would = if dry_run { "nothing was written; it would be: " } else { "" };
        let mut lines = vec![format!(
            "{would}{created} users made, {updated} changed, {unchanged} left as they are, {refused} refused"
        )];
        if *passwords_kept > 0 {
            lines.push(format!(
                "{passwords_kept} passwords differ and were kept, because they were changed or used here since; --replace \
                 takes those of the file"
            ));
        }
        if refused > PROBLEMS_SHOWN {
            lines.push(format!("only the first {PROBLEMS_SHOWN} reasons are shown; --json has them all"));
        }
        lines
    }
}
