//! What is elsewhere: upstreams, our own public address, and what time it is there. The same way out as every call, so that what
//! is refused to calls is refused here; no credential goes along.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::Full;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::Finding;
use super::installation::servers;
use crate::egress::{Egress, EgressError};
use crate::startup::Overkey;

const AT_ONCE: usize = 8;
const PATIENCE: Duration = Duration::from_secs(10);
/// Tokens of identity providers may be early by 30 seconds.
const SKEW: i64 = 30;

struct Answer {
    status: StatusCode,
    /// By the other side's clock.
    date: Option<i64>,
}

pub(super) async fn everywhere(findings: &mut Vec<Finding>, overkey: &Overkey) {
    let rows = match servers(overkey).await {
        Ok(rows) => rows,
        Err(error) => {
            findings.push(Finding::trouble(
                "upstreams",
                error.to_string(),
                "Look at the database first.",
            ));
            return;
        }
    };
    let asked = stream::iter(rows).map(async |row| {
        let answer = ask(&overkey.egress, Method::HEAD, row.url.as_str()).await;
        (row.name.to_string(), answer)
    });
    let mut answers: Vec<_> = asked.buffered(AT_ONCE).collect().await;
    findings.extend(answers.iter().map(|(name, answer)| upstream(name, answer)));
    if overkey.config.public_url.is_some() {
        let url = overkey.core.public_url.join("/healthz").map(String::from);
        let answer = ask(&overkey.egress, Method::GET, &url.unwrap_or_default()).await;
        findings.push(ourselves(&answer));
        answers.push((String::new(), answer));
    }
    let now = overkey.core.now().0;
    let dates = answers.iter().filter_map(|(_, answer)| answer.as_ref().ok()?.date);
    findings.push(clock(dates.map(|date| now - date).min_by_key(|skew| skew.abs())));
}

async fn ask(egress: &Egress, method: Method, url: &str) -> Result<Answer, String> {
    let request = Request::builder().method(method).uri(url).body(Full::new(Bytes::new()));
    let request = request.map_err(|_| "its URL cannot be called".to_owned())?;
    match tokio::time::timeout(PATIENCE, egress.send(request)).await {
        Ok(Ok(response)) => Ok(Answer {
            status: response.status(),
            date: date(response.headers()),
        }),
        Ok(Err(error @ EgressError::Unreachable { .. })) => Err(format!("{error} ({})", error.detail())),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it did not answer within {} seconds", PATIENCE.as_secs())),
    }
}

fn date(headers: &HeaderMap) -> Option<i64> {
    let text = headers.get(header::DATE)?.to_str().ok()?.replace("GMT", "+0000");
    Some(OffsetDateTime::parse(&text, &Rfc2822).ok()?.unix_timestamp())
}

fn upstream(name: &str, answer: &Result<Answer, String>) -> Finding {
    let check = format!("upstream {name}");
    match answer {
        Ok(answer) if answer.status.is_server_error() => {
            let detail = format!("answers {}", answer.status.as_u16());
            Finding::warning(check, detail, "Look at the upstream's own log.")
        }
        // Without a credential and a message, 4xx is what a healthy one says.
        Ok(answer) => Finding::ok(check, format!("answers ({})", answer.status.as_u16())),
        Err(why) => {
            let todo = "Check the server's URL, the network, OVERKEY_UPSTREAM_ALLOW for addresses that are not public, and \
                OVERKEY_CA_FILE for certificates of a private authority.";
            Finding::trouble(check, format!("cannot be called: {why}"), todo)
        }
    }
}

fn ourselves(answer: &Result<Answer, String>) -> Finding {
    let check = "public URL, from here";
    let todo = "Fine if `overkey serve` does not run now, or if only others can reach that address. Otherwise check the proxy.";
    match answer {
        Ok(answer) if answer.status.is_success() => Finding::ok(check, "answers"),
        Ok(answer) => Finding::warning(check, format!("answers {}", answer.status.as_u16()), todo),
        Err(why) => Finding::warning(check, format!("cannot be called: {why}"), todo),
    }
}

/// Seconds that we are ahead of the one who agrees best.
fn clock(skew: Option<i64>) -> Finding {
    match skew {
        None => Finding::ok("clock", "not compared: nobody answered with the time"),
        Some(skew) if skew.abs() <= SKEW => Finding::ok("clock", format!("within {} s of others", skew.abs().max(1))),
        Some(skew) => {
            let detail = format!(
                "{} s {} others",
                skew.abs(),
                if skew > 0 { "ahead of" } else { "behind" }
            );
            Finding::trouble(
                "clock",
                detail,
                "Set the machine's clock (NTP): tokens and sessions end by it.",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn the_time_of_an_answer_is_read_and_a_wrong_clock_told() {
        let headers = HeaderMap::from_iter([(header::DATE, "Thu, 26 Nov 2026 00:00:10 GMT".parse().unwrap())]);
        assert_eq!(date(&headers), Some(1_795_651_210));
        assert_eq!(clock(Some(-30)).state, State::Ok);
        let behind = clock(Some(-31));
        assert_eq!(
            (behind.state, behind.detail.as_str()),
            (State::Trouble, "31 s behind others")
        );
        assert_eq!(clock(None).state, State::Ok);
    }
}
