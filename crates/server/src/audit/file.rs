//! The file of the trail. One thread writes it, so that a disk that stalls keeps no request waiting; what the thread cannot
//! take or write goes where records go that have no file.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::record::Record;
use super::trail::Instead;
use crate::complaint::Complaint;

/// Records that wait to be written.
pub(super) const QUEUE: usize = 4096;

/// How long a file that is to be opened anew waits between two looks for room in the queue. It must not be given up: the trail
/// would go on into the one that was moved away.
const ROOM: Duration = Duration::from_millis(100);

/// How long the end waits for what is not written yet.
const PATIENCE: Duration = Duration::from_secs(5);

/// The file, as those see it who record.
#[derive(Debug)]
pub(super) struct AuditFile {
    /// Taken when the trail ends.
    writer: Mutex<Option<Writer>>,
    fallback: Arc<Fallback>,
}

/// The thread that writes.
#[derive(Debug)]
struct Writer {
    tasks: SyncSender<Task>,
    /// Closed when the thread has ended.
    ended: Receiver<()>,
}

#[derive(Debug)]
enum Task {
    /// Boxed, since the queue has room for every task from the start.
    Write(Box<Record>),
    Reopen(oneshot::Sender<io::Result<()>>),
}

/// Why the thread was not given something to do.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum NotTaken {
    #[error("too many records wait to be written")]
    Full,
    #[error("the trail has ended")]
    Ended,
    #[error("its thread has ended")]
    NoThread,
}

/// What becomes of records that do not get into the file.
#[derive(Debug)]
struct Fallback {
    path: PathBuf,
    instead: Instead,
    complaint: Complaint,
}

impl AuditFile {
    /// Starts the thread; the file is opened when it is needed, or by [`Self::reopen`].
    pub(super) fn new(path: &Path, instead: Instead) -> Self {
        let fallback = Fallback { path: path.to_owned(), instead, complaint: Complaint::default() };
        let fallback = Arc::new(fallback);
        let (tasks, waiting) = sync_channel(QUEUE);
        let (end, ended) = sync_channel(0);
        let of_thread = Arc::clone(&fallback);
        let write = move || {
            write_all(&waiting, &of_thread);
            drop(end);
        };
        // Without a thread nobody receives, which everybody who records is told.
        drop(thread::Builder::new().name("audit".to_owned()).spawn(write));
        Self { writer: Mutex::new(Some(Writer { tasks, ended })), fallback }
    }

    /// Has a record written, or takes it elsewhere at once. Never waits.
    pub(super) fn append(&self, record: Record) {
        if let Err((Task::Write(record), reason)) = self.hand_over(Task::Write(Box::new(record))) {
            self.fallback.take(&reason, &record);
        }
    }

    /// Opens the file anew, after everything that was recorded before is written to the one that is open.
    pub(super) async fn reopen(&self) -> io::Result<()> {
        let (answer, answered) = oneshot::channel();
        let mut task = Task::Reopen(answer);
        while let Err((refused, reason)) = self.hand_over(task) {
            match reason {
                NotTaken::Full => tokio::time::sleep(ROOM).await,
                NotTaken::Ended | NotTaken::NoThread => return Err(io::Error::other(reason)),
            }
            task = refused;
        }
        answered.await.map_err(io::Error::other)?
    }

    fn hand_over(&self, task: Task) -> Result<(), (Task, NotTaken)> {
        match &*self.writer() {
            None => Err((task, NotTaken::Ended)),
            Some(writer) => writer.tasks.try_send(task).map_err(|error| match error {
                TrySendError::Full(task) => (task, NotTaken::Full),
                TrySendError::Disconnected(task) => (task, NotTaken::NoThread),
            }),
        }
    }

    fn writer(&self) -> MutexGuard<'_, Option<Writer>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until what was recorded is written, but not for ever.
    pub(super) fn close(&self) {
        let Some(Writer { tasks, ended }) = self.writer().take() else { return };
        drop(tasks);
        if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            self.fallback.instead.complain(&self.fallback.path, &"the last records are not written");
        }
    }
}

impl Fallback {
    fn take(&self, reason: &dyn Display, record: &Record) {
        if self.complaint.is_due() {
            self.instead.complain(&self.path, reason);
        }
        self.instead.write(record);
    }
}

/// The thread: until nobody records any more and everything is written.
fn write_all(waiting: &Receiver<Task>, fallback: &Fallback) {
    let mut lines = Lines::default();
    while let Ok(task) = waiting.recv() {
        match task {
            Task::Write(record) => {
                if let Err(error) = lines.append(&fallback.path, &record) {
                    fallback.take(&error, &record);
                }
            }
            // Whoever asked may have gone meanwhile.
            Task::Reopen(answer) => drop(answer.send(lines.reopen(&fallback.path))),
        }
    }
}

/// The open file.
#[derive(Debug, Default)]
struct Lines {
    open: Option<File>,
    is_torn: bool,
}

impl Lines {
    fn reopen(&mut self, path: &Path) -> io::Result<()> {
        let file = open(path)?;
        // It may be the same one, with half a line at its end.
        self.is_torn &= file.metadata().is_ok_and(|file| file.len() > 0);
        self.open = Some(file);
        Ok(())
    }

    fn append(&mut self, path: &Path, record: &Record) -> io::Result<()> {
        let line = record.line()?;
        let file = match &mut self.open {
            Some(file) => file,
            none => none.insert(open(path)?),
        };
        append(file, &mut self.is_torn, &line)
    }
}

/// One write a record, at the end, so that processes that share the file do not mix their lines. `is_torn` says whether half
/// a line stands there, because the disk was full: the next one begins on a line of its own.
fn append(file: &mut impl Write, is_torn: &mut bool, line: &str) -> io::Result<()> {
    let line = if *is_torn { format!("\n{line}") } else { line.to_owned() };
    let mut rest = line.as_bytes();
    while !rest.is_empty() {
        let count = match file.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let (written, left) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        *is_torn = !written.ends_with(b"\n");
        rest = left;
    }
    Ok(())
}

/// For its owner alone: it says who signs in from where.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with so many bytes left.
    struct Disk {
        held: Vec<u8>,
        left: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.left);
            if count == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.left -= count;
            self.held.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn after_half_a_line_the_next_one_begins_on_its_own() {
        let (mut disk, mut is_torn) = (Disk { held: Vec::new(), left: 6 }, false);
        append(&mut disk, &mut is_torn, "one\n").unwrap();
        append(&mut disk, &mut is_torn, "two\n").unwrap_err();
        append(&mut disk, &mut is_torn, "three\n").unwrap_err();
        // Room for the end of the half line and no more: the line that follows is whole already.
        disk.left = 1;
        append(&mut disk, &mut is_torn, "four\n").unwrap_err();
        disk.left = 100;
        append(&mut disk, &mut is_torn, "five\n").unwrap();
        append(&mut disk, &mut is_torn, "six\n").unwrap();
        assert_eq!(String::from_utf8(disk.held).unwrap(), "one\ntw\nfive\nsix\n");
    }

    /// A rotation that has moved the file away waits for no second signal.
    #[tokio::test]
    async fn a_file_is_opened_anew_however_many_records_wait_before_it() {
        let (tasks, waiting) = sync_channel(1);
        tasks.send(Task::Reopen(oneshot::channel().0)).unwrap();
        let (path, instead) = (PathBuf::new(), Instead::StandardError);
        let file = AuditFile {
            writer: Mutex::new(Some(Writer { tasks, ended: sync_channel(0).1 })),
            fallback: Arc::new(Fallback { path, instead, complaint: Complaint::default() }),
        };
        let thread = async {
            tokio::task::yield_now().await;
            waiting.recv().unwrap();
            loop {
                match waiting.try_recv() {
                    Ok(Task::Reopen(answer)) => return answer.send(Ok(())).unwrap(),
                    Ok(task @ Task::Write(_)) => panic!("{task:?}"),
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        };
        let (reopened, ()) = tokio::join!(file.reopen(), thread);
        reopened.unwrap();
    }
}
