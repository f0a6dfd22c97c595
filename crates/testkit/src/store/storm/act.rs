use super::plan::Content;
use std::fmt;
use std::str::FromStr;
use wxhook_idempotency::{AcceptResult, BeginResult, ClaimId, Fence, FenceResult, Lease, Seq};

/// One call of the store, as it is written down before it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Accept { delivery: u32, content: Content },
    Begin { delivery: u32, content: Content, claim: ClaimId, span: u64 },
    Claim { claim: ClaimId, span: u64 },
    Step { step: Step, seq: Seq, fence: Fence },
    Requeue { seq: Seq },
    Purge,
    Look,
}

/// What the holder of a lease does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Renew { span: u64 },
    Complete,
    Retry,
    Park,
    Release,
}

/// What the store said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    New(Seq),
    Duplicate(Seq),
    Changed(Seq),
    /// It is there, and handled or waiting for a person.
    Known(Seq),
    Full,
    Busy,
    Leases(Vec<Granted>),
    Done,
    Lost,
    Purged(u64),
    /// Anything that isn't judged.
    Fine,
    Unavailable,
    /// Another error, in one word.
    Error(String),
}

/// A lease as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Granted {
    pub(super) seq: Seq,
    pub(super) fence: Fence,
    pub(super) generation: u32,
    pub(super) attempts: u32,
    pub(super) max_attempts: u32,
    /// In milliseconds.
    pub(super) remaining: u64,
}

impl Granted {
    pub(super) fn of(lease: &Lease) -> Self {
        Self {
            seq: lease.record.seq,
            fence: lease.fence,
            generation: lease.record.generation,
            attempts: lease.record.attempts,
            max_attempts: lease.record.max_attempts,
            remaining: u64::try_from(lease.remaining.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl Answer {
    pub(super) fn of_accept(accepted: &AcceptResult) -> Self {
        match accepted {
            AcceptResult::New { seq } => Self::New(*seq),
            AcceptResult::Duplicate { seq, .. } => Self::Duplicate(*seq),
            AcceptResult::Changed { seq } => Self::Changed(*seq),
            AcceptResult::Full => Self::Full,
            other => Self::Error(format!("{other:?}").replace(' ', "")),
        }
    }

    pub(super) fn of_begin(begun: &BeginResult) -> Self {
        match begun {
            BeginResult::Acquired(lease) => Self::Leases(vec![Granted::of(lease)]),
            BeginResult::Busy { .. } => Self::Busy,
            BeginResult::Done { seq, .. } | BeginResult::Parked { seq } => Self::Known(*seq),
            BeginResult::Changed { seq } => Self::Changed(*seq),
            BeginResult::Full => Self::Full,
            other => Self::Error(format!("{other:?}").replace(' ', "")),
        }
    }

    pub(super) fn of_step(fenced: &FenceResult) -> Self {
        if *fenced == FenceResult::Done { Self::Done } else { Self::Lost }
    }

    /// Whether the store said anything about what was asked.
    pub(super) const fn is_answer(&self) -> bool {
        !matches!(self, Self::Unavailable | Self::Error(_))
    }

    /// The number of what was accepted, if it was.
    pub(super) fn stored(&self) -> Option<Seq> {
        match self {
            Self::New(seq) | Self::Duplicate(seq) | Self::Changed(seq) | Self::Known(seq) => Some(*seq),
            Self::Leases(leases) => leases.first().map(|lease| lease.seq),
            _ => None,
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept { delivery, content } => {
                write!(f, "accept {delivery} {} {}", content.number, content.version)
            }
            Self::Begin { delivery, content, claim, span } => {
                write!(f, "begin {delivery} {} {} {} {span}", content.number, content.version, claim.get())
            }
            Self::Claim { claim, span } => write!(f, "claim {} {span}", claim.get()),
            Self::Step { step, seq, fence } => match step {
                Step::Renew { span } => write!(f, "renew {seq} {fence} {span}"),
                Step::Complete => write!(f, "complete {seq} {fence}"),
                Step::Retry => write!(f, "retry {seq} {fence}"),
                Step::Park => write!(f, "park {seq} {fence}"),
                Step::Release => write!(f, "release {seq} {fence}"),
            },
            Self::Requeue { seq } => write!(f, "requeue {seq}"),
            Self::Purge => f.write_str("purge"),
            Self::Look => f.write_str("look"),
        }
    }
}

impl FromStr for Act {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let words = &mut line.split(' ');
        Ok(match words.next().ok_or(())? {
            "accept" => Self::Accept { delivery: next(words)?, content: content(words)? },
            "begin" => Self::Begin {
                delivery: next(words)?,
                content: content(words)?,
                claim: ClaimId::new(next(words)?),
                span: next(words)?,
            },
            "claim" => Self::Claim { claim: ClaimId::new(next(words)?), span: next(words)? },
            "requeue" => Self::Requeue { seq: Seq::new(next(words)?) },
            "purge" => Self::Purge,
            "look" => Self::Look,
            step => {
                let (seq, fence) = (Seq::new(next(words)?), Fence::new(next(words)?));
                let step = match step {
                    "renew" => Step::Renew { span: next(words)? },
                    "complete" => Step::Complete,
                    "retry" => Step::Retry,
                    "park" => Step::Park,
                    "release" => Step::Release,
                    _ => return Err(()),
                };
                Self::Step { step, seq, fence }
            }
        })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New(seq) => write!(f, "new {seq}"),
            Self::Duplicate(seq) => write!(f, "duplicate {seq}"),
            Self::Changed(seq) => write!(f, "changed {seq}"),
            Self::Known(seq) => write!(f, "known {seq}"),
            Self::Full => f.write_str("full"),
            Self::Busy => f.write_str("busy"),
            Self::Leases(leases) => {
                f.write_str("leases")?;
                leases.iter().try_for_each(|lease| {
                    let Granted { seq, fence, generation, attempts, max_attempts, remaining } = lease;
                    write!(f, " {seq} {fence} {generation} {attempts} {max_attempts} {remaining}")
                })
            }
            Self::Done => f.write_str("done"),
            Self::Lost => f.write_str("lost"),
            Self::Purged(records) => write!(f, "purged {records}"),
            Self::Fine => f.write_str("fine"),
            Self::Unavailable => f.write_str("unavailable"),
            Self::Error(what) => write!(f, "error {what}"),
        }
    }
}

impl FromStr for Answer {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let words = &mut line.split(' ').peekable();
        Ok(match words.next().ok_or(())? {
            "new" => Self::New(Seq::new(next(words)?)),
            "duplicate" => Self::Duplicate(Seq::new(next(words)?)),
            "changed" => Self::Changed(Seq::new(next(words)?)),
            "known" => Self::Known(Seq::new(next(words)?)),
            "full" => Self::Full,
            "busy" => Self::Busy,
            "leases" => {
                let mut leases = Vec::new();
                while words.peek().is_some() {
                    leases.push(Granted {
                        seq: Seq::new(next(words)?),
                        fence: Fence::new(next(words)?),
                        generation: next(words)?,
                        attempts: next(words)?,
                        max_attempts: next(words)?,
                        remaining: next(words)?,
                    });
                }
                Self::Leases(leases)
            }
            "done" => Self::Done,
            "lost" => Self::Lost,
            "purged" => Self::Purged(next(words)?),
            "fine" => Self::Fine,
            "unavailable" => Self::Unavailable,
            "error" => Self::Error(words.next().unwrap_or_default().to_owned()),
            _ => return Err(()),
        })
    }
}

fn next<'a, T: FromStr>(words: &mut impl Iterator<Item = &'a str>) -> Result<T, ()> {
    words.next().and_then(|word| word.parse().ok()).ok_or(())
}

fn content<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<Content, ()> {
    Ok(Content { number: next(words)?, version: next(words)? })
}
