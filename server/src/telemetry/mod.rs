//! What an operator sees from outside: logs, metrics (`measures`) and traces (`traces`). Never a secret, a body or a query string.

pub mod lines;
pub mod measures;
pub mod traces;

use std::io::IsTerminal;
use std::time::Duration;

use tracing::Subscriber;
use tracing_subscriber::filter::{FilterExt, dynamic_filter_fn, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{Format, JsonFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::{Config, ConfigError, LogFormat};
use crate::egress::Egress;
use lines::WithIds;
use traces::Traces;

/// What has to be ended in good order.
#[derive(Default)]
pub struct Telemetry {
    traces: Option<Traces>,
}

impl Telemetry {
    /// Sends what is left.
    pub async fn stop(self) {
        if let Some(traces) = self.traces {
            traces.stop().await;
        }
    }
}

/// Starts logging to standard error, and traces where a collector is configured. Called once, by `main`, in a runtime.
pub fn start(config: &Config) -> anyhow::Result<Telemetry> {
    let filter = EnvFilter::try_new(&config.log).map_err(|_| ConfigError::Invalid {
        key: "log",
        problem: "a level such as info, or a filter such as info,server=debug".to_owned(),
    })?;
    let traces = collector(config)?;
    let ansi = std::io::stderr().is_terminal();
    let lines = logs(config.log_format, std::io::stderr, ansi, filter);
    match &traces {
        // No layer at all: one that is there and does nothing would still have the spans made.
        None => Registry::default().with(lines).try_init()?,
        Some(traces) => Registry::default().with(lines).with(traces.layer()).try_init()?,
    }
    Ok(Telemetry { traces })
}

fn collector(config: &Config) -> anyhow::Result<Option<Traces>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "OpenTelemetry's own variables, the same for every program"
    )]
    let by_the_environment = traces::asked_for_by(|name| std::env::var(name).ok());
    if config.otlp_endpoint.is_none() && !by_the_environment {
        return Ok(None);
    }
    let egress = Egress::for_operator(Duration::from_secs(config.connect_timeout), &config.trust);
    Traces::start(config.otlp_endpoint.as_ref(), egress).map(Some)
}

/// Lines, without the spans that traces are made of.
fn logs<S, W>(format: LogFormat, writer: W, ansi: bool, filter: EnvFilter) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // The last one never says "always": a layer's own filter would then not be asked for a line, and goes by what the last
    // `enabled!` on this thread was told (sqlx asks that for every query), so that lines got lost (`replicas_warm.rs` waits for such a line).
    let filter = filter
        .and(filter_fn(|about| about.target() != traces::TARGET))
        .and(dynamic_filter_fn(|_, _| true));
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(ansi);
    match format {
        LogFormat::Text => layer
            .event_format(WithIds {
                inner: Format::default().with_ansi(ansi),
                format,
            })
            .with_filter(filter)
            .boxed(),
        LogFormat::Json => layer
            .fmt_fields(JsonFields::new())
            .event_format(WithIds {
                inner: Format::default().json(),
                format,
            })
            .with_filter(filter)
            .boxed(),
    }
}

/// What writes lines as the program does, to a writer of a test's.
#[cfg(test)]
fn formatted<W>(format: LogFormat, writer: W, ansi: bool, filter: EnvFilter) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    Registry::default().with(logs(format, writer, ansi, filter))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn without_a_collector_no_span_is_made_whatever_is_logged() {
        let subscriber = formatted(LogFormat::Text, std::io::sink, false, EnvFilter::new("trace"));
        let _guard = tracing::subscriber::set_default(subscriber);
        assert!(!tracing::info_span!("another").is_disabled(), "others are");
        assert!(traces::request("POST", "/mcp/notes", Uuid::nil(), &HeaderMap::new()).is_disabled());
        assert!(traces::authenticate().is_disabled() && traces::decide().is_disabled());
        assert!(traces::credential().is_disabled() && traces::upstream().is_disabled());
    }
}
