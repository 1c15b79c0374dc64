//! Settings of a stand-in that a test turns while it runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A shared setting. Clones turn the same one.
#[derive(Debug, Default)]
pub struct Dial<T>(Arc<Mutex<T>>);

impl<T> Clone for Dial<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Dial<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes it, from the next call on.
    pub fn set(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.lock());
    }
}

impl<T: Clone> Dial<T> {
    /// What it stands at.
    pub fn get(&self) -> T {
        self.lock().clone()
    }
}
