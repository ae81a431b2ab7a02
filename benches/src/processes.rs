//! What processes have used, as Linux counts it.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use crate::failure::Failure;

/// The kernel's unit of processor time in `/proc`: 100 a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// A process, with or without those it started.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counted {
    One(u32),
    /// Postgres: one process for each connection.
    WithChildren(u32),
}

impl Counted {
    /// Processor time used since the start, of children that ended as well.
    pub(crate) fn processor_time(self) -> Result<Duration, Failure> {
        let ticks = match self {
            Self::One(pid) => Stat::of(pid)?.own,
            Self::WithChildren(pid) => {
                let parent = Stat::of(pid)?;
                let children = all().into_iter().filter(|stat| stat.parent == pid);
                parent.own + parent.ended_children + children.map(|child| child.own).sum::<u32>()
            }
        };
        Ok(TICK * ticks)
    }
}

/// The most memory (bytes resident) that a process has used since [`forget_peak`].
pub(crate) fn peak_memory(pid: u32) -> Result<u64, Failure> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kibibytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .ok_or_else(|| Failure(format!("no VmHWM of process {pid}")))?;
    Ok(kibibytes * 1024)
}

/// Lets the peak begin at what is used now.
pub(crate) fn forget_peak(pid: u32) -> Result<(), Failure> {
    Ok(fs::write(format!("/proc/{pid}/clear_refs"), "5")?)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    own: u32,
    ended_children: u32,
}

impl Stat {
    fn of(pid: u32) -> Result<Self, Failure> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        Self::parse(&text).ok_or_else(|| Failure(format!("unreadable /proc/{pid}/stat")))
    }

    /// Fields are counted from behind the name, which may hold blanks and parentheses.
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: HashMap<usize, &str> = rest.split_whitespace().enumerate().collect();
        let number = |index: usize| fields.get(&index)?.parse::<u32>().ok();
        Some(Self {
            parent: number(1)?,
            own: number(11)? + number(12)?,
            ended_children: number(13)? + number(14)?,
        })
    }
}

fn all() -> Vec<Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| Stat::of(pid).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_parentheses_moves_no_field() {
        let text = "7 (a) b (c) S 3 7 7 0 -1 4194304 1 2 3 4 10 20 30 40 20 0 1 0 5 6 7";
        assert_eq!(Stat::parse(text), Some(Stat { parent: 3, own: 30, ended_children: 70 }));
    }

    #[test]
    fn this_process_uses_time_and_memory() {
        let me = std::process::id();
        assert!(peak_memory(me).unwrap() > 1024 * 1024);
        assert!(Counted::One(me).processor_time().is_ok());
    }
}
