//! Sending: one attempt, and as many as help.

use reqwest::{Method, StatusCode};
use secrecy::SecretString;

use super::body::{self, Ending};
use super::hidden::Hidden;
use super::retry::LONGEST_WAIT;
use super::{Answered, Backoff, Http, Reply, Request, classify, redirect};
use crate::{CollectError, Reason, clock};

impl Http {
    /// Asks until there is an answer, a failure that asking again does not help, or no attempt left.
    pub(super) async fn send_repeatedly(&self, request: &Request) -> Result<Reply, CollectError> {
        let mut may_renew = true;
        let mut failures = 0;
        loop {
            // Each time anew: a token may have expired, or a key been rotated, during the last wait.
            let secret = match &request.credential {
                Some(credential) => Some(credential.current(self).await?),
                None => None,
            };
            let failure = match self.attempt(request, secret.as_ref()).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            if failure.reason() == Reason::Auth
                && std::mem::take(&mut may_renew)
                && let Some((credential, refused)) = request.credential.as_ref().zip(secret.as_ref())
                && credential.renew(self, refused).await?
            {
                continue;
            }
            failures += 1;
            if !failure.reason().is_retryable() || failures >= request.attempts {
                return Err(failure);
            }
            let wait = Backoff::default().wait(failures, failure.retry_after(), &*self.randomness);
            let over = |deadline| clock::after(self.clock.now(), wait) >= deadline;
            if wait > LONGEST_WAIT || self.deadline.is_some_and(over) {
                return Err(failure);
            }
            tracing::debug!(
                host = request.address.host(),
                reason = failure.reason().as_str(),
                wait_seconds = wait.as_secs_f64(),
                "asking again: {failure}"
            );
            self.clock.sleep(wait).await;
        }
    }

    async fn attempt(&self, request: &Request, secret: Option<&SecretString>) -> Result<Reply, CollectError> {
        let origin = request.address.origin();
        let _place = self.gates.enter(origin, request.host_limit, &*self.clock).await;
        let asked = self.clock.now();
        let exchanged = tokio::select! {
            biased;
            exchanged = self.exchange(request, secret) => exchanged,
            () = self.clock.time_limit(request.timeout) => Err(classify::timed_out(request)),
        };
        let status = exchanged.as_ref().ok().map(|(reply, _)| reply.status);
        self.meter.request(Answered::of(status), clock::until(asked, self.clock.now()));
        let (reply, ending) = exchanged?;
        let hidden = reply.hidden.clone();
        classify::judge(request, reply, &ending, self.clock.now())
            .map_err(|error| error.rewritten(|text| hidden.hide(text)))
    }

    /// One question and its answer, redirects followed.
    async fn exchange(
        &self,
        request: &Request,
        secret: Option<&SecretString>,
    ) -> Result<(Reply, Ending), CollectError> {
        let client = match &request.tls {
            Some(tls) => tls.client().await?,
            None => self.client.clone(),
        };
        let mut target = request.target();
        let mut method = request.method.clone();
        for _ in 0..=redirect::MOST {
            let (outgoing, hidden) = request.build(&client, &method, &target, secret, self.clock.now())?;
            let hide = |error: CollectError, hidden: &Hidden| error.rewritten(|text| hidden.hide(text));
            let response = client
                .execute(outgoing)
                .await
                .map_err(|error| hide(classify::no_answer(&target, error), &hidden))?;
            let (status, with_credential) = (response.status(), request.is_authenticated());
            let next = redirect::next(status, response.headers(), &target, with_credential)
                .map_err(|error| hide(error, &hidden))?;
            let Some(next) = next else {
                let headers = response.headers().clone();
                let body::Body { bytes, ending } = body::read(response, request.largest_bytes).await;
                let reply = Reply { status: status.as_u16(), headers, bytes, address: target, hidden };
                return Ok((reply, ending));
            };
            target = next;
            // Only 303 asks for a GET; the others may keep the method (RFC 9110, 15.4), and a question
            // without its body would be another one.
            if status == StatusCode::SEE_OTHER {
                method = Method::GET;
            }
        }
        Err(redirect::too_many(&request.address))
    }
}
