//! Figures that come by themselves: whoever holds a token may push those of some services.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use collectors::{Clock, CollectError};
use kpi::{Batch, Note, ServiceId};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use super::report::not_taken;
use super::{Acceptance, Ask, Counts, Events, NullMeter, OnStored, Rules, ServiceBook, accept};
use crate::config::Settings;
use crate::config::settings::PusherSettings;
use crate::exchange::{PushForm, RecordError, read_pushed, submissions};
use crate::shard::Shard;
use crate::store::{Store, StoreError};

/// Takes pushed figures in, as collected ones are.
pub struct PushDoor {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    events: Events,
    on_stored: OnStored,
    configured: ArcSwap<Configured>,
}

/// What of the configuration bears on pushed figures.
struct Configured {
    pushers: Vec<PusherSettings>,
    book: ServiceBook,
    shard: Option<Shard>,
}

/// What became of pushed figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// How many there were, by what they were to the store.
    pub counts: Counts,
    /// What was left out, and why.
    pub notes: Vec<Note>,
}

/// Why pushed figures are not taken in. None of them is.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Nobody who may push has this token.
    #[error(
        "the token is of nobody who may push; send Authorization: Bearer with the token of one of [push]"
    )]
    Unauthorised,
    /// A token cannot be read, so nobody can be told apart.
    #[error("a token of [push] cannot be read")]
    Secret(#[from] CollectError),
    /// They cannot be read.
    #[error(transparent)]
    Malformed(#[from] RecordError),
    /// This one may not.
    #[error("{pusher} may not push figures of {service}; name the service in push.{pusher}.services")]
    Forbidden {
        /// Who.
        pusher: kpi::CollectorName,
        /// Which service, the first of them.
        service: ServiceId,
    },
    /// Another instance keeps the service.
    #[error("{0} is another instance's own; push its figures there")]
    Elsewhere(ServiceId),
    /// The store did not take them.
    #[error("the figures could not be stored; push them again")]
    Store(#[from] StoreError),
}

impl PushDoor {
    /// A door to a store. `on_stored` hears of services whose figures changed.
    pub fn new(
        settings: &Settings,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        events: Events,
        on_stored: OnStored,
    ) -> Self {
        let configured = ArcSwap::from_pointee(Configured::of(settings));
        Self { store, clock, events, on_stored, configured }
    }

    /// A door nobody may push through.
    pub fn closed(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let configured = Configured { pushers: Vec::new(), book: ServiceBook::new(&[]), shard: None };
        let events = Events::new(Arc::new(NullMeter));
        let configured = ArcSwap::from_pointee(configured);
        Self { store, clock, events, on_stored: Arc::new(|_, _| {}), configured }
    }

    /// Goes by another configuration from now on.
    pub fn configure(&self, settings: &Settings) {
        self.configured.store(Arc::new(Configured::of(settings)));
    }

    /// Whose token it is.
    pub async fn pusher(&self, token: &str) -> Result<PusherSettings, PushError> {
        // Digests are compared, so that the time it takes says nothing of a token.
        let asked = Sha256::digest(token);
        for pusher in &self.configured.load_full().pushers {
            if Sha256::digest(pusher.token.current().await?.expose_secret()) == asked {
                return Ok(pusher.clone());
            }
        }
        Err(PushError::Unauthorised)
    }

    /// Stores the figures of a body; acknowledged only once the store has them. Pushing the same again changes
    /// nothing.
    pub async fn take(
        &self,
        pusher: &PusherSettings,
        form: PushForm,
        body: &[u8],
    ) -> Result<Pushed, PushError> {
        let now = self.clock.now();
        let configured = self.configured.load_full();
        let mut taken = Pushed { counts: Counts::default(), notes: Vec::new() };
        let mut changed = BTreeSet::new();
        for submission in submissions(read_pushed(form, body, &pusher.name, now)?)? {
            let batch = Batch { series: submission.series, services: Vec::new(), notes: Vec::new() };
            let rules = Rules { book: &configured.book, days: None, now };
            let Acceptance { submission, notes, .. } = accept(batch, submission.provenance, &rules);
            for service in submission.series.iter().map(|series| &series.key.service) {
                configured.may(pusher, service)?;
            }
            let accepted = self.store.append(Arc::new(submission)).await?;
            taken.counts = taken.counts.add(Counts::of(&accepted, &[]));
            taken.notes.extend(notes);
            taken.notes.extend(not_taken(accepted.foreign, accepted.quarantined));
            changed.extend(accepted.changed_services);
        }
        self.events.pushed(&pusher.name, taken.counts, &taken.notes);
        if !changed.is_empty() {
            (self.on_stored)(changed, Ask::Due);
        }
        Ok(taken)
    }
}

impl Configured {
    fn of(settings: &Settings) -> Self {
        let book = ServiceBook::new(&settings.services);
        Self { pushers: settings.pushers.clone(), book, shard: settings.shard }
    }

    fn may(&self, pusher: &PusherSettings, service: &ServiceId) -> Result<(), PushError> {
        if !pusher.services.is_empty() && !pusher.services.contains(service) {
            return Err(PushError::Forbidden { pusher: pusher.name.clone(), service: service.clone() });
        }
        if self.shard.is_some_and(|shard| !shard.owns(service)) {
            return Err(PushError::Elsewhere(service.clone()));
        }
        Ok(())
    }
}
