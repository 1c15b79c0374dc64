//! `alerts test`: a sample to one receiver, or to all.

use std::sync::Arc;

use clap::Args;
use collectors::{Clock, Http, SystemClock};

use super::super::Environment;
use super::super::error::CommandError;
use crate::alerts::deliver::{Context, Telling, tell_once};
use crate::alerts::{message, sample};

/// Send a sample, marked as a test, and say what the receiver answered.
#[derive(Debug, Args)]
pub(in crate::cli) struct Test {
    /// The receiver; every one when left out.
    receiver: Option<String>,
}

pub(super) async fn run(command: &Test, environment: &Environment) -> Result<(), CommandError> {
    let settings = environment.settings()?;
    let known: Vec<&str> = settings.receivers.iter().map(|receiver| receiver.name.as_str()).collect();
    if known.is_empty() {
        let nobody = "no receiver is configured; add a table [receivers.NAME]";
        return Err(CommandError::Usage(nobody.to_owned()));
    }
    if let Some(name) = &command.receiver
        && !known.contains(&name.as_str())
    {
        let problem = format!("there is no receiver {name:?}; configured: {}", known.join(", "));
        return Err(CommandError::Usage(problem));
    }
    let http =
        Http::system().map_err(|error| CommandError::caused("cannot prepare the HTTP client", error))?;
    let context = Context { http, clock: Arc::new(SystemClock) };
    let notice = sample::notice(SystemClock.now())
        .ok_or_else(|| CommandError::Failed("the clock of this machine is wrong; set it".to_owned()))?;
    let words = message::compose(&notice, settings.web.public_url.as_deref()).marked_as_test();
    let mut failed = Vec::new();
    for receiver in &settings.receivers {
        if command.receiver.as_ref().is_some_and(|wanted| wanted != receiver.name.as_str()) {
            continue;
        }
        let telling =
            Telling { notice: &notice, message: &words, decided_at: notice.alert.raised_at, again: false };
        match tell_once(receiver, &telling, &context).await {
            Ok(answer) => println!("{} ({}): told; it answered: {answer}", receiver.name, receiver.kind.name),
            Err(error) => {
                println!("{} ({}): not told ({}): {error}", receiver.name, receiver.kind.name, error.reason);
                failed.push(receiver.name.to_string());
            }
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(CommandError::Failed(format!("not told: {}", failed.join(", "))))
    }
}
