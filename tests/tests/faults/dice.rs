//! Chance that can be repeated: `GRANTOR_FAULT_SEED` begins it again where it began.

use std::time::Duration;

/// Xorshift (Marsaglia 2003), good enough to choose whom to kill.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Less than `bound`; 0 when that is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % bound.max(1)
    }

    pub(crate) fn milliseconds(&mut self, least: usize, most: usize) -> Duration {
        Duration::from_millis((least + self.below(most - least)) as u64)
    }
}

/// How often a fault is caused: a few times in the suite, `GRANTOR_FAULT_KILLS` times in a record run.
pub(crate) fn times(few: usize) -> usize {
    from_environment("GRANTOR_FAULT_KILLS").unwrap_or(few)
}

/// Where chance begins, said aloud so that a failure can be repeated.
pub(crate) fn seed() -> u64 {
    let seed = from_environment("GRANTOR_FAULT_SEED").unwrap_or(std::process::id() as usize) as u64;
    println!("GRANTOR_FAULT_SEED={seed}");
    seed
}

fn from_environment(name: &str) -> Option<usize> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}
