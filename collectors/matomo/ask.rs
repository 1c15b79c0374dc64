//! Putting questions to Matomo, several in one request where they allow it.

use std::collections::HashMap;

use serde_json::Value;

use super::plan::Plan;
use super::refusal::{self, Refusal};
use super::subject::Question;
use crate::http::{HostLimit, Http, Request};
use crate::{CollectError, Reason};

/// The method that carries others.
pub(super) const BULK: &str = "API.getBulkRequest";

/// Matomo names no limit; an answer may make it build archives, which is work.
const LIMIT: HostLimit = HostLimit::concurrent(2).per_second(5);

/// What was answered to each question.
pub(super) struct Answers(HashMap<Question, Result<Value, Refusal>>);

impl Answers {
    /// The answer to a question that was asked.
    pub(super) fn to(&self, question: &Question) -> Result<&Value, Refusal> {
        match self.0.get(question) {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(refusal)) => Err(refusal.clone()),
            None => Err(Refusal::new(Reason::Malformed, format!("Matomo left out {}", question.method))),
        }
    }
}

/// Asks each question once. Fails where the failure concerns them all.
pub(super) async fn ask(plan: &Plan, http: &Http, asked: &[Question]) -> Result<Answers, CollectError> {
    let mut answers = HashMap::new();
    let mut distinct: Vec<&Question> = Vec::new();
    for question in asked {
        if !distinct.contains(&question) {
            distinct.push(question);
        }
    }
    let (together, alone): (Vec<&Question>, Vec<&Question>) =
        distinct.into_iter().partition(|question| question.fits_in_bulk());
    for some in together.chunks(plan.bulk_size.max(1)) {
        for (question, answer) in some.iter().zip(bulk(plan, http, some).await?) {
            answers.insert((*question).clone(), judged(question, answer)?);
        }
    }
    for question in alone {
        let mut request = request(plan, question.method).form("method", question.method);
        for (name, value) in &question.parameters {
            request = request.form(*name, value.as_str());
        }
        let answer = send(http, request).await?;
        answers.insert(question.clone(), judged(question, answer)?);
    }
    Ok(Answers(answers))
}

async fn bulk(plan: &Plan, http: &Http, some: &[&Question]) -> Result<Vec<Value>, CollectError> {
    let mut request = request(plan, BULK).form("method", BULK);
    for (index, question) in some.iter().enumerate() {
        request = request.form(format!("urls[{index}]"), question.encoded());
    }
    match send(http, request).await? {
        Value::Array(answers) if answers.len() == some.len() => Ok(answers),
        other => {
            let given = match other {
                Value::Array(answers) => format!("{} answers", answers.len()),
                _ => "something else than a list".to_owned(),
            };
            let problem = format!(
                "{} gave {given} to a bulk request of {}; set `bulk_size` lower, and report it if it stays",
                plan.address,
                some.len()
            );
            Err(CollectError::new(Reason::Malformed, problem))
        }
    }
}

fn request(plan: &Plan, method: &'static str) -> Request {
    let request = Request::post(plan.address.clone())
        .form("module", "API")
        .form("format", "json")
        .credential(plan.credential.clone())
        .host_limit(LIMIT)
        .timeout(plan.timeout)
        .expect_json()
        .classify(move |reply| refusal::judge(reply, method));
    refusal::SPOKEN.into_iter().fold(request, Request::accept)
}

async fn send(http: &Http, request: Request) -> Result<Value, CollectError> {
    // Messages quote names and errors out of answers, and an error may echo the token.
    let reply = http.send(request).await?.without_credential();
    serde_json::from_str(reply.text()?).map_err(|error| {
        let problem = format!(
            "{} answered what is not whole JSON ({error}); check whether something in front of Matomo changes \
             or cuts its answers",
            reply.address()
        );
        CollectError::new(Reason::Malformed, problem)
    })
}

fn judged(question: &Question, answer: Value) -> Result<Result<Value, Refusal>, CollectError> {
    let refusal = refusal::message(&answer).map(|said| refusal::read(question.method, said));
    match refusal {
        Some(refusal) if refusal.concerns_all() => Err(refusal.into()),
        Some(refusal) => Ok(Err(refusal)),
        None => Ok(Ok(answer)),
    }
}
