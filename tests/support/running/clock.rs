use std::future::Future;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use collectors::Clock;
use jiff::Timestamp;
use tokio::sync::oneshot;

/// A clock that moves only by hand: a sleep ends when the clock is moved past its end.
pub struct ManualClock {
    inner: Mutex<Inner>,
}

struct Inner {
    now: Timestamp,
    sleepers: Vec<(Timestamp, oneshot::Sender<()>)>,
}

impl ManualClock {
    pub fn at(now: Timestamp) -> Self {
        Self { inner: Mutex::new(Inner { now, sleepers: Vec::new() }) }
    }

    pub fn advance(&self, duration: Duration) {
        let mut inner = self.inner.lock().unwrap();
        inner.now += duration;
        let now = inner.now;
        let (over, asleep): (Vec<_>, Vec<_>) =
            std::mem::take(&mut inner.sleepers).into_iter().partition(|(until, _)| *until <= now);
        inner.sleepers = asleep;
        for (_, sleeper) in over {
            let _ = sleeper.send(());
        }
    }

    /// Until the next sleeper that is still waiting.
    fn to_next_end(&self) -> Option<Duration> {
        let mut inner = self.inner.lock().unwrap();
        inner.sleepers.retain(|(_, sleeper)| !sleeper.is_closed());
        let now = inner.now;
        inner.sleepers.iter().map(|(until, _)| until.duration_since(now).unsigned_abs()).min()
    }

    /// Runs a future to its end; when everything waits, the clock jumps to the end of the next sleep.
    pub async fn drive<T>(&self, future: impl Future<Output = T>) -> T {
        tokio::pin!(future);
        loop {
            tokio::select! {
                biased;
                output = &mut future => return output,
                () = settle() => {
                    let next = self.to_next_end().unwrap_or_else(|| panic!("all wait, and none for the clock"));
                    self.advance(next);
                }
            }
        }
    }

    /// Lets time pass, waking each sleeper at its own time.
    pub async fn pass(&self, duration: Duration) {
        let end = self.now() + duration;
        settle().await;
        while let Some(next) = self.to_next_end().filter(|next| self.now() + *next <= end) {
            self.advance(next);
            settle().await;
        }
        self.advance(end.duration_since(self.now()).unsigned_abs());
        settle().await;
    }
}

/// Lets every task go on until it waits. Nothing here waits for the outside, so turns are enough.
pub async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.inner.lock().unwrap().now
    }

    async fn sleep(&self, duration: Duration) {
        let (sleeper, end) = oneshot::channel();
        {
            let mut inner = self.inner.lock().unwrap();
            if duration.is_zero() {
                return;
            }
            let until = inner.now.saturating_add(duration).unwrap();
            inner.sleepers.push((until, sleeper));
        }
        let _ = end.await;
    }
}
