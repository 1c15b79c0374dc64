//! Going through the pages of a search.

use std::collections::HashSet;

use kpi::Period;
use sha2::{Digest, Sha256};

use super::answer::{self, Page, Payment};
use super::config::Plan;
use crate::http::{Credential, Request};
use crate::{CollectError, Context, Reason};

/// The most payments a page may have.
const PAGE_SIZE: &str = "500";

/// How a search went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// How many payments came.
    pub(super) payments: u64,
    /// How many Pay says there are.
    pub(super) announced: u64,
}

/// The first page of a search for the payments created from the beginning of `first` to the end of
/// `last`. Pay reads UTC, and `to_date` is exclusive.
pub(super) fn question(
    plan: &Plan,
    account: &Credential,
    first: Period,
    last: Period,
    size: &str,
) -> Request {
    let (from, to) = (first.span(&plan.settling.zone).start, last.span(&plan.settling.zone).end);
    let request = Request::get(plan.address.at("v1/payments"))
        .query("from_date", from.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .query("to_date", to.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .query("page", "1")
        .query("display_size", size);
    sent_with(plan, account, request)
}

fn sent_with(plan: &Plan, account: &Credential, request: Request) -> Request {
    request
        .credential(account.clone())
        .host_limit(plan.host_limit)
        .timeout(plan.timeout)
        .accept(404)
        .expect_json()
        // An answer holds names, addresses and cards: none of it is quoted anywhere.
        .confidential()
        .classify(answer::failure)
}

/// Shows every payment of one account to `visit`.
pub(super) async fn payments(
    plan: &Plan,
    account: &Credential,
    (first, last): (Period, Period),
    context: &Context,
    visit: &mut (dyn FnMut(&Payment) + Send),
) -> Result<Found, CollectError> {
    let mut request = question(plan, account, first, last, PAGE_SIZE);
    let mut found = Found { payments: 0, announced: 0 };
    let mut seen = HashSet::new();
    let mut links = HashSet::new();
    for number in 1..=plan.max_pages {
        let reply = context.http.send(request).await?.without_credential();
        // Payments may leave a search while it is paged through; the page after the last is a 404.
        if reply.status == 404 {
            return Ok(found);
        }
        let page: Page = reply.json()?;
        let again = !page.results.is_empty() && !seen.insert(Sha256::digest(&reply.bytes));
        if again || page.next().is_some_and(|next| !links.insert(next.to_owned())) {
            let problem = format!(
                "{} gave the same page twice, the second time as page {number}; ask again later, and tell the GOV.UK Pay \
                 support team if that does not help",
                reply.address()
            );
            return Err(CollectError::new(Reason::Malformed, problem));
        }
        found.announced = page.total;
        for payment in &page.results {
            found.payments += 1;
            visit(payment);
        }
        let Some(next) = page.next() else { return Ok(found) };
        request = sent_with(plan, account, Request::get(reply.address().follow(next)?));
    }
    let problem = format!(
        "{} has more than {} pages of payments; raise `max_pages`, or ask for fewer days with `largest`",
        plan.address, plan.max_pages
    );
    Err(CollectError::new(Reason::Malformed, problem))
}
