//! The text of a mail: plain and calm, what happened and where to go. Never any part of a secret.

use super::payload::{Data, Payload};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub subject: String,
    pub text: String,
}

/// `from`: the address of this Overkey.
pub fn mail(payload: &Payload, from: &str) -> Mail {
    let data = &payload.data;
    let (subject, what, then) = said(&payload.event, data);
    let greeting = if data.subject.kind == "user" {
        format!("Hello {},", one_line(&data.subject.name))
    } else {
        "Hello,".to_owned()
    };
    let text = format!(
        "{greeting}\n\n{what}\n\n{then}\n{}\n\n--\nOverkey at {from}\nNobody will ask you for a credential by mail.\n",
        data.url
    );
    Mail { subject, text }
}

/// Subject, what happened, and what the link is for.
fn said(event: &str, data: &Data) -> (String, String, &'static str) {
    let server = &data.server;
    let (whose, calls) = whose(data);
    match event {
        "override.set" => {
            let who = data
                .by
                .as_ref()
                .map_or_else(|| "A manager".to_owned(), |who| one_line(&who.name));
            (
                format!("A credential was set for {} on {server}", whom(data)),
                format!(
                    "{who} set {whose} credential for the MCP server \"{server}\". {calls} there carry it from now on."
                ),
                "You can see that it is there, and remove it, here:",
            )
        }
        "override.expiring" => {
            let days = match data.days_left.unwrap_or(1) {
                1 => "in one day".to_owned(),
                days => format!("in {days} days"),
            };
            (
                format!("{} credential for {server} ends {days}", upper(&whose)),
                format!(
                    "{} credential for the MCP server \"{server}\" ends {days}{}. After that, {} fail until a new one is entered.",
                    upper(&whose),
                    on(data),
                    lower(&calls)
                ),
                "Enter a new one here:",
            )
        }
        "override.expired" => (
            format!("{} credential for {server} has ended", upper(&whose)),
            format!(
                "{} credential for the MCP server \"{server}\" has ended{}. {calls} there fail until a new one is entered.",
                upper(&whose),
                on(data)
            ),
            "Enter a new one here:",
        ),
        "override.rejected" => (
            format!("{server} does not accept {whose} credential"),
            format!(
                "The MCP server \"{server}\" answered that it does not accept {whose} credential. It may have been revoked or replaced there."
            ),
            "Enter another one here:",
        ),
        "override.reconnect" => (
            format!("Please connect to {server} again"),
            format!(
                "{} connection to the MCP server \"{server}\" is no longer good. {calls} there fail until you agree again.",
                upper(&whose)
            ),
            "Connect again here:",
        ),
        "override.deleted" => {
            let who = data
                .by
                .as_ref()
                .map_or_else(|| "A manager".to_owned(), |who| one_line(&who.name));
            (
                format!("{} credential for {server} was removed", upper(&whose)),
                format!(
                    "{who} changed how Overkey signs in to the MCP server \"{server}\". {} credential did not fit any more and was deleted.",
                    upper(&whose)
                ),
                "See what the server needs now here:",
            )
        }
        _ => (
            "A test from Overkey".to_owned(),
            "An admin asked Overkey to send this message. Mail works.".to_owned(),
            "Its settings are here:",
        ),
    }
}

/// `your` and `Your calls`, or a virtual account's.
fn whose(data: &Data) -> (String, String) {
    if data.subject.kind == "user" {
        ("your".to_owned(), "Your calls".to_owned())
    } else {
        let name = one_line(&data.subject.name);
        (format!("{name}'s"), format!("{name}'s calls"))
    }
}

fn whom(data: &Data) -> String {
    if data.subject.kind == "user" {
        "you".to_owned()
    } else {
        one_line(&data.subject.name)
    }
}

fn on(data: &Data) -> String {
    let day = data.expires_at.as_deref().and_then(|at| at.get(..10));
    day.map(|day| format!(" ({day}, UTC)")).unwrap_or_default()
}

/// At the beginning of a sentence. A virtual account is called as it is called.
fn upper(whose: &str) -> String {
    if whose == "your" {
        "Your".to_owned()
    } else {
        whose.to_owned()
    }
}

fn lower(calls: &str) -> String {
    if calls == "Your calls" {
        "your calls".to_owned()
    } else {
        calls.to_owned()
    }
}

/// Names are what people entered.
fn one_line(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use domain::actor::SubjectRef;
    use domain::id::{UserId, VirtualAccountId};

    use super::super::payload::Who;
    use super::*;

    fn told(event: &str, subject: Who, days_left: Option<i64>) -> Mail {
        let payload = Payload {
            event: event.to_owned(),
            timestamp: "2026-11-26T08:00:00Z".to_owned(),
            data: Data {
                server: "notes".to_owned(),
                subject,
                kind: "manual".to_owned(),
                by: Some(Who::new(&SubjectRef::user(&UserId::new("1")), "Mia\r\nKern")),
                expires_at: Some("2026-11-29T08:00:00Z".to_owned()),
                days_left,
                url: "https://overkey.example/connections".to_owned(),
            },
        };
        mail(&payload, "https://overkey.example")
    }

    #[test]
    fn mails_say_what_happened_and_where_to_go() {
        let bob = || Who::new(&SubjectRef::user(&UserId::new("2")), "Bob Ng");
        let bot = || Who::new(&SubjectRef::virtual_account(&VirtualAccountId::new("ci-bot")), "ci-bot");
        let mut all = String::new();
        for (event, subject, days) in [
            ("override.set", bob(), None),
            ("override.set", bot(), None),
            ("override.expiring", bob(), Some(14)),
            ("override.expiring", bot(), Some(1)),
            ("override.expired", bob(), Some(0)),
            ("override.rejected", bob(), None),
            ("override.reconnect", bob(), None),
            ("override.deleted", bob(), None),
            ("notification.test", bob(), None),
        ] {
            let mail = told(event, subject, days);
            assert!(!mail.subject.contains(['\r', '\n']), "{mail:?}");
            all.push_str(&format!("Subject: {}\n\n{}\n=====\n", mail.subject, mail.text));
        }
        assert!(!all.contains('\r'));
        insta::assert_snapshot!(all);
    }
}
