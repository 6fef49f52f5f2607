//! Traces: one span for each request, and one for each phase of a call, to the operator's collector by OTLP over HTTP.
//!
//! Off unless a collector is configured, and then free: these spans have a target of their own that no log filter lets in, so that
//! without a collector nothing is made for them. What they hold is listed in `docs/observability.md`: names and numbers, never a
//! header, a body, an address' query or a person.

use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_http::{HeaderExtractor, HeaderInjector, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::field::Empty;
use tracing::{Span, Subscriber, info_span};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use url::Url;
use uuid::Uuid;

use crate::egress::Egress;

/// Of our spans, and of nothing else.
pub const TARGET: &str = "overkey::trace";
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const SERVICE: &str = "overkey";
/// How long what was not sent yet may take when the program ends.
const LAST: Duration = Duration::from_secs(5);

/// The collector's end.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// `endpoint`: where spans are posted to; `None` leaves that to the standard variables.
    pub fn start(endpoint: Option<&Url>, egress: Egress) -> anyhow::Result<Self> {
        let client = Collector {
            egress,
            runtime: Handle::current(),
        };
        let builder = SpanExporter::builder().with_http().with_http_client(client);
        let builder = match endpoint {
            Some(url) => builder.with_endpoint(url.as_str()),
            None => builder,
        };
        let exporter = builder.build().context("The collector's settings cannot be used")?;
        // What the environment names (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) comes first.
        let detected = Resource::builder().build();
        let named = detected
            .get(&"service.name".into())
            .is_some_and(|name| !name.as_str().starts_with("unknown_service"));
        let resource = Resource::builder().with_attribute(opentelemetry::KeyValue::new(
            "service.version",
            env!("CARGO_PKG_VERSION"),
        ));
        let resource = if named {
            resource
        } else {
            resource.with_service_name(SERVICE)
        };
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        Ok(Self(provider))
    }

    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        OpenTelemetryLayer::new(self.0.tracer(SERVICE))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|about| about.is_span() && about.target() == TARGET))
    }

    /// Sends what is left.
    pub async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(LAST)).await;
        if !matches!(stopped, Ok(Ok(()))) {
            tracing::warn!("Some spans did not reach the collector");
        }
    }
}

/// The way to the collector. The exporter runs on a thread of its own; what it sends goes out on ours.
#[derive(Clone)]
struct Collector {
    egress: Egress,
    runtime: Handle,
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Collector")
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let egress = self.egress.clone();
        let sending = self.runtime.spawn(async move { egress.fetch(request).await });
        Ok(sending.await??)
    }
}

/// The span of a whole request, beginning where the caller's trace is.
pub fn request(method: &str, path: &str, id: Uuid, headers: &HeaderMap) -> Span {
    let span = if path.starts_with("/mcp/") {
        info_span!(
            target: TARGET,
            "gateway.call",
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = method,
            http.response.status_code = Empty,
            overkey.request.id = %id,
            overkey.server = Empty,
            overkey.subject.kind = Empty,
            overkey.plan = Empty,
            overkey.result = Empty,
        )
    } else {
        info_span!(
            target: TARGET,
            "http.request",
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = method,
            http.response.status_code = Empty,
            overkey.request.id = %id,
        )
    };
    if !span.is_disabled() {
        let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        // Fails only for a span that is not ours to place.
        let _ = span.set_parent(parent);
    }
    span
}

/// S40.
pub fn authenticate() -> Span {
    info_span!(target: TARGET, "authenticate")
}

/// Which server, and whether the caller may.
pub fn decide() -> Span {
    info_span!(target: TARGET, "decide")
}

/// S41 to S43: chosen, opened, renewed where it has ended.
pub fn credential() -> Span {
    info_span!(target: TARGET, "credential")
}

pub fn upstream() -> Span {
    info_span!(target: TARGET, "upstream", otel.kind = "client", otel.status_code = Empty, http.response.status_code = Empty)
}

/// An answer's status, on the span that stands for it.
pub fn answered(span: &Span, status: u16) {
    if !span.is_disabled() {
        span.record("http.response.status_code", status);
        if status >= 500 {
            span.record("otel.status_code", "ERROR");
        }
    }
}

/// What came of a call, on the present span; does nothing outside one.
pub fn called(server: Option<&str>, subject: &'static str, plan: &'static str, result: &'static str) {
    let span = Span::current();
    if !span.is_disabled() {
        if let Some(server) = server {
            span.record("overkey.server", server);
        }
        span.record("overkey.subject.kind", subject);
        span.record("overkey.plan", plan);
        span.record("overkey.result", result);
    }
}

/// The trace goes on from the present span. Without one, what the caller sent stays as it is.
pub fn carry_on(headers: &mut HeaderMap) {
    let span = Span::current();
    if span.is_disabled() {
        return;
    }
    let context = span.context();
    if context.span().span_context().is_valid() {
        headers.remove(TRACEPARENT);
        headers.remove(TRACESTATE);
        TraceContextPropagator::new().inject_context(&context, &mut HeaderInjector(headers));
        if headers.get(TRACESTATE).is_some_and(|state| state.is_empty()) {
            headers.remove(TRACESTATE);
        }
    }
}

/// The trace that a request belongs to: its span's, or what the caller says.
pub fn trace_id(span: &Span, headers: &HeaderMap) -> Option<u128> {
    if span.is_disabled() {
        return told(headers);
    }
    let context = span.context();
    let id = u128::from_be_bytes(context.span().span_context().trace_id().to_bytes());
    (id != 0).then_some(id)
}

/// W3C trace context: `00-<32 hex>-<16 hex>-<2 hex>`.
fn told(headers: &HeaderMap) -> Option<u128> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let plain = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let good = version.len() == 2 && version != "ff" && trace.len() == 32 && plain(version) && plain(trace);
    let id = good.then(|| u128::from_str_radix(trace, 16).ok()).flatten()?;
    (id != 0).then_some(id)
}

/// Whether the standard variables ask for traces.
pub fn asked_for_by(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.trim().is_empty());
    let endpoint = set("OTEL_EXPORTER_OTLP_ENDPOINT") || set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    let off = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let elsewhere =
        variable("OTEL_TRACES_EXPORTER").is_some_and(|value| !value.split(',').any(|one| one.trim() == "otlp"));
    endpoint && !off && !elsewhere
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(text: &str) -> Option<u128> {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, text.parse().unwrap());
        told(&headers)
    }

    #[test]
    fn a_callers_trace_counts_if_it_is_one() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(traced(good), Some(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(traced(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_standard_variables_switch_it_on_and_off() {
        let asked = |set: &[(&str, &str)]| {
            asked_for_by(|name| {
                set.iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        assert!(!asked(&[]));
        assert!(asked(&[endpoint]));
        assert!(asked(&[(
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://collector:4318/v1/traces"
        )]));
        assert!(!asked(&[endpoint, ("OTEL_SDK_DISABLED", "true")]));
        assert!(!asked(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]));
        assert!(asked(&[endpoint, ("OTEL_TRACES_EXPORTER", "otlp")]));
    }
}
