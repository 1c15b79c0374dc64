//! Gets lines to the server in batches, and finds the ones it will not take.

use std::sync::OnceLock;

use futures::stream::{self, StreamExt as _};

use super::door::Door;
use super::fault::{Fault, Outcome};
use super::quarantine::Quarantine;
use super::retry::Retry;
use super::verdict::Verdict;

/// A batch has at most so many lines.
const BATCH_LINES: usize = 5000;
/// A batch has at most so many bytes, unless a single line has more.
const BATCH_BYTES: usize = 1 << 20;
/// Batches under way at once: while the server takes one in, the next is packed and sent.
const AT_ONCE: usize = 2;
/// After so many lines refused it is not the lines that are wrong.
const MOST_REFUSED: usize = 20;

/// A line and what it would do to the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry<T> {
    pub(super) line: String,
    pub(super) meaning: T,
}

/// A line that the server does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefusedLine<T> {
    pub(super) meaning: T,
    /// Why, in the server's words.
    pub(super) words: String,
}

/// Writes batches.
pub(super) struct Writer {
    pub(super) door: Box<dyn Door>,
    pub(super) retry: Retry,
    pub(super) quarantine: Quarantine,
}

impl Writer {
    /// Writes lines that must all land.
    pub(super) async fn must(&self, lines: &str) -> Outcome<()> {
        Ok(self.send(lines).await?)
    }

    async fn send(&self, lines: &str) -> Result<(), Verdict> {
        let mut attempts = self.retry.begin("write");
        while let Err(verdict) = self.door.write(lines).await {
            attempts.after(verdict).await?;
        }
        Ok(())
    }

    /// Writes lines, and says which the server refused. They are in quarantine then; all others have landed.
    /// Which lands first says nothing: none of them counts before the submission is declared complete.
    pub(super) async fn write<T: Clone + Send + Sync>(
        &self,
        entries: &[Entry<T>],
    ) -> Outcome<Vec<RefusedLine<T>>> {
        let failure: OnceLock<Fault> = OnceLock::new();
        let writes: Vec<_> =
            batches(entries).into_iter().map(|batch| self.write_unless(&failure, batch)).collect();
        let mut under_way = stream::iter(writes).buffered(AT_ONCE);
        let mut refused = Vec::new();
        // After a failure no batch is begun, but those under way are seen to their end: one that lands after
        // the next submission has been written could take the place of its figures.
        while let Some(outcome) = under_way.next().await {
            let outcome = outcome.and_then(|lines| {
                refused.extend(lines);
                self.refuse_all(&refused)
            });
            if let Err(fault) = outcome {
                // The first says what is wrong.
                let _ = failure.set(fault);
            }
        }
        drop(under_way);
        failure.into_inner().map_or(Ok(refused), Err)
    }

    async fn write_unless<T: Clone + Send + Sync>(
        &self,
        failure: &OnceLock<Fault>,
        batch: &[Entry<T>],
    ) -> Outcome<Vec<RefusedLine<T>>> {
        if failure.get().is_some() { Ok(Vec::new()) } else { self.write_batch(batch).await }
    }

    async fn write_batch<T: Clone + Send + Sync>(&self, batch: &[Entry<T>]) -> Outcome<Vec<RefusedLine<T>>> {
        let mut refused = Vec::new();
        // Halves wait here in order; most batches go through whole.
        let mut waiting = vec![batch];
        while let Some(part) = waiting.pop() {
            let text = joined(part);
            let Err(verdict) = self.send(&text).await else { continue };
            match (verdict, part) {
                (Verdict::BadLine(words), [entry]) => {
                    self.quarantine.keep(&entry.line, &words)?;
                    refused.push(RefusedLine { meaning: entry.meaning.clone(), words });
                    self.refuse_all(&refused)?;
                }
                (Verdict::TooLarge, [entry]) => {
                    let words = format!("a line of {} bytes is too large (413)", entry.line.len());
                    return Err(Fault::Refused(words));
                }
                (Verdict::BadLine(_) | Verdict::TooLarge, part) => {
                    let (one, two) = part.split_at(part.len() / 2);
                    waiting.extend([two, one]);
                }
                (Verdict::Fix(problem) | Verdict::Wait(problem), _) => {
                    return Err(Fault::Unavailable(problem));
                }
            }
        }
        Ok(refused)
    }

    fn refuse_all<T>(&self, refused: &[RefusedLine<T>]) -> Outcome<()> {
        let Some(last) = refused.last().filter(|_| refused.len() >= MOST_REFUSED) else { return Ok(()) };
        Err(Fault::Refused(format!(
            "it refused {MOST_REFUSED} lines, the last because: {}; nothing of this submission counts. Check that \
             the bucket's fields have the types that docs/store-influxdb2.md names; the lines are in {}",
            last.words,
            self.quarantine.file().display()
        )))
    }
}

fn joined<T>(entries: &[Entry<T>]) -> String {
    let mut text = String::with_capacity(entries.iter().map(|entry| entry.line.len() + 1).sum());
    for entry in entries {
        text.push_str(&entry.line);
        text.push('\n');
    }
    text
}

/// Consecutive lines, as many as fit into a batch.
fn batches<T>(entries: &[Entry<T>]) -> Vec<&[Entry<T>]> {
    let mut batches = Vec::new();
    let mut rest = entries;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest
            .iter()
            .take(BATCH_LINES)
            .take_while(|entry| {
                bytes += entry.line.len() + 1;
                bytes <= BATCH_BYTES
            })
            .count();
        let (batch, others) = rest.split_at(fitting.max(1));
        batches.push(batch);
        rest = others;
    }
    batches
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
