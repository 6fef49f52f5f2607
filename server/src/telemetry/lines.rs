//! Lines of the log: what tracing-subscriber writes, and which request and trace they belong to. No line allocates for that.

use std::fmt;
use std::future::Future;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;
use uuid::Uuid;

use crate::config::LogFormat;

/// What a line belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Ids {
    pub request: Uuid,
    /// Of the trace, where there is one.
    pub trace: Option<u128>,
}

tokio::task_local! {
    static IDS: Ids;
}

/// Every line that is written while `work` runs belongs to these.
pub fn within<F: Future>(ids: Ids, work: F) -> impl Future<Output = F::Output> {
    IDS.scope(ids, work)
}

/// Another format, with the ids.
pub struct WithIds<F> {
    pub inner: F,
    pub format: LogFormat,
}

impl<S, N, F> FormatEvent<S, N> for WithIds<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Ok(ids) = IDS.try_with(|ids| *ids) else {
            return self.inner.format_event(context, writer, event);
        };
        // Some say it themselves.
        let request = event
            .metadata()
            .fields()
            .field("request.id")
            .is_none()
            .then_some(ids.request);
        match self.format {
            LogFormat::Json => {
                writer.write_char('{')?;
                if let Some(request) = request {
                    write!(writer, "\"request.id\":\"{request}\",")?;
                }
                if let Some(trace) = ids.trace {
                    write!(writer, "\"trace.id\":\"{trace:032x}\",")?;
                }
                let mut rest = AllBut::the_first(&mut writer);
                self.inner.format_event(context, Writer::new(&mut rest), event)
            }
            LogFormat::Text => {
                let mut line = AllBut::the_last(&mut writer);
                self.inner.format_event(context, Writer::new(&mut line), event)?;
                if let Some(request) = request {
                    write!(writer, " request.id={request}")?;
                }
                if let Some(trace) = ids.trace {
                    write!(writer, " trace.id={trace:032x}")?;
                }
                writer.write_char('\n')
            }
        }
    }
}

/// Passes text on without its first character (a JSON line's brace) or its last (a line's end).
struct AllBut<'w, 'a> {
    writer: &'w mut Writer<'a>,
    first: bool,
    held: Option<char>,
    hold: bool,
}

impl<'w, 'a> AllBut<'w, 'a> {
    const fn the_first(writer: &'w mut Writer<'a>) -> Self {
        Self {
            writer,
            first: true,
            held: None,
            hold: false,
        }
    }

    const fn the_last(writer: &'w mut Writer<'a>) -> Self {
        Self {
            writer,
            first: false,
            held: None,
            hold: true,
        }
    }
}

impl fmt::Write for AllBut<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        if self.first
            && let Some(first) = rest.chars().next()
        {
            self.first = false;
            rest = &rest[first.len_utf8()..];
        }
        let Some(last) = rest.chars().next_back().filter(|_| self.hold) else {
            return self.writer.write_str(rest);
        };
        if let Some(held) = self.held.replace(last) {
            self.writer.write_char(held)?;
        }
        self.writer.write_str(&rest[..rest.len() - last.len_utf8()])
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing::info;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// What `say` logs within these ids.
    async fn lines(format: LogFormat, ids: Ids, say: fn()) -> String {
        let kept = Kept::default();
        let subscriber = crate::telemetry::formatted(format, kept.clone(), false, "info".parse().unwrap());
        let _guard = tracing::subscriber::set_default(subscriber);
        within(ids, async { say() }).await;
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    const IDS: Ids = Ids {
        request: Uuid::from_u128(7),
        trace: Some(0xabc),
    };
    const REQUEST: &str = "00000000-0000-0000-0000-000000000007";
    const TRACE: &str = "00000000000000000000000000000abc";

    #[tokio::test]
    async fn a_json_line_is_json_and_names_request_and_trace() {
        let text = lines(LogFormat::Json, IDS, || info!(answer = 42, "A line of \"text\"")).await;
        let line: serde_json::Value = serde_json::from_str(text.strip_suffix('\n').unwrap()).unwrap();
        assert_eq!(line["request.id"], REQUEST);
        assert_eq!(line["trace.id"], TRACE);
        assert_eq!(line["fields"]["message"], "A line of \"text\"");
        assert_eq!(line["fields"]["answer"], 42);
    }

    #[tokio::test]
    async fn a_line_that_names_its_request_is_not_told_another() {
        let text = lines(LogFormat::Json, Ids { trace: None, ..IDS }, || {
            info!(request.id = "own", "Hello");
        })
        .await;
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["fields"]["request.id"], "own");
        assert!(line["request.id"].is_null() && line["trace.id"].is_null(), "{line}");
    }

    #[tokio::test]
    async fn a_text_line_ends_with_them() {
        let text = lines(LogFormat::Text, IDS, || info!(answer = 42, "Hello")).await;
        assert!(
            text.ends_with(&format!("Hello answer=42 request.id={REQUEST} trace.id={TRACE}\n")),
            "{text}"
        );
        assert_eq!(text.matches('\n').count(), 1);
    }
}
