//! What an answer, or the lack of one, means.

use std::error::Error;

use jiff::Timestamp;
use reqwest::StatusCode;
use rustls::AlertDescription;

use super::body::Ending;
use super::{Address, Reply, Request, retry};
use crate::{CollectError, Reason};

/// The reply if it is one to read, else why not.
pub(super) fn judge(
    request: &Request,
    reply: Reply,
    ending: &Ending,
    now: Timestamp,
) -> Result<Reply, CollectError> {
    let good = (200..300).contains(&reply.status) || request.accepted.contains(&reply.status);
    // Of a failure the status matters more than a body that is cut off or too large.
    if good {
        complete(request, &reply, ending)?;
    }
    let failure = request.classify.as_ref().and_then(|classify| classify(&reply));
    let failure = failure.or_else(|| (!good).then(|| by_status(request, &reply)));
    if let Some(failure) = failure {
        let asked = retry::asked_wait(&reply.headers, now);
        return Err(match asked.filter(|_| failure.reason().is_retryable()) {
            Some(wait) if failure.retry_after().is_none() => failure.with_retry_after(wait),
            _ => failure,
        });
    }
    // A status accepted beside the good ones, such as 304, may come without a body.
    if request.json_expected && (200..300).contains(&reply.status) && !looks_like_json(&reply) {
        return Err(not_json(&reply));
    }
    Ok(reply)
}

fn complete(request: &Request, reply: &Reply, ending: &Ending) -> Result<(), CollectError> {
    let address = &reply.address;
    let (reason, problem) = match ending {
        Ending::Complete => return Ok(()),
        Ending::TooLarge => (
            Reason::Malformed,
            format!(
                "{address} answered more than {} bytes, decompressed; ask for less at once",
                request.largest_bytes
            ),
        ),
        Ending::CutOff => (
            Reason::Transient,
            format!("{address} broke off its answer after {} bytes, decompressed", reply.bytes.len()),
        ),
        Ending::Corrupt => {
            (Reason::Malformed, format!("{address} answered with compressed data that are corrupt"))
        }
    };
    Err(CollectError::new(reason, problem))
}

fn by_status(request: &Request, reply: &Reply) -> CollectError {
    let (reason, remedy) = match reply.status {
        401 if request.credential.is_none() => (Reason::Auth, "it asks for a credential: configure one"),
        401 => (Reason::Auth, "the credential is not accepted: check that it is whole and still valid"),
        402 | 403 => (
            Reason::Permission,
            "the credential is known and may not read this: ask the owner of the source to allow it",
        ),
        408 | 425 | 500..=599 => (Reason::Transient, "the source is in trouble and is asked again"),
        429 => (
            Reason::Throttled,
            "it is asked too often, and is asked again later: if this stays, collect less often",
        ),
        404 | 410 => (Reason::Config, "there is nothing there: check the address and what is asked for"),
        _ => (Reason::Config, "it does not accept the request: check what is configured"),
    };
    let status = StatusCode::from_u16(reply.status)
        .map_or_else(|_| reply.status.to_string(), |status| status.to_string());
    let said = match reply.excerpt() {
        excerpt if excerpt.is_empty() => String::new(),
        excerpt => format!(" and said {excerpt:?}"),
    };
    CollectError::new(reason, format!("{} answered {status}{said}; {remedy}", reply.address))
}

/// By its type, or by its first character where the type is missing or a loose one such as `text/plain`.
fn looks_like_json(reply: &Reply) -> bool {
    let media_type = reply.media_type();
    if media_type.ends_with("/json") || media_type.ends_with("+json") {
        return true;
    }
    let first = reply.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    !media_type.contains("html") && !media_type.contains("xml") && matches!(first, Some(b'{' | b'['))
}

fn not_json(reply: &Reply) -> CollectError {
    let media_type = reply.media_type();
    let given = if media_type.is_empty() { "no content type" } else { &media_type };
    let problem = format!(
        "{} answered {given} instead of JSON: {:?}; check the address, and whether a log-in or maintenance \
         page is in the way",
        reply.address,
        reply.excerpt()
    );
    CollectError::new(Reason::Malformed, problem)
}

/// No answer at all: the innermost cause says it best, and none of them is given the URL.
pub(super) fn no_answer(address: &Address, error: reqwest::Error) -> CollectError {
    let doing = if error.is_connect() { "cannot be reached" } else { "gave no answer" };
    let error = error.without_url();
    let mut innermost: &(dyn Error + 'static) = &error;
    while let Some(cause) = cause(innermost) {
        innermost = cause;
    }
    let origin = address.origin();
    match innermost.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(why)) => {
            let problem = format!(
                "{origin} shows a certificate that is not accepted ({why}): have it renewed if it has expired; if it is from \
                 an authority of your own, add that to the machine's certificates, or name it in `tls.ca_file` where the \
                 kind has one"
            );
            CollectError::new(Reason::Config, problem)
        }
        Some(rustls::Error::AlertReceived(alert)) if is_about_our_certificate(*alert) => {
            let problem = format!(
                "{origin} does not accept who asks ({alert:?}): give a certificate it knows in `tls.certificate_file` and \
                 `tls.key`"
            );
            CollectError::new(Reason::Auth, problem)
        }
        _ => CollectError::new(Reason::Transient, format!("{origin} {doing}: {innermost}")),
    }
}

/// The cause of an error; of one of input and output the error it was made from, which names itself.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

const fn is_about_our_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
    )
}

pub(super) fn timed_out(request: &Request) -> CollectError {
    let problem = format!(
        "{} did not finish its answer within {} s; ask for less at once, or allow more time",
        request.address,
        request.timeout.as_secs_f64()
    );
    CollectError::new(Reason::Transient, problem)
}

pub(super) fn out_of_time(address: &Address) -> CollectError {
    CollectError::new(
        Reason::Transient,
        format!("the time of this run was over before {address} had answered"),
    )
}
