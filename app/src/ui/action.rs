//! What a person does, and the form that sends it.
//!
//! Leptos has both, and builds all of their machinery anew for each server function. These do the same with one kind of action
//! for all; a file that imports them gets them in place of those of the prelude.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use leptos::ev::SubmitEvent;
use leptos::form::form_data_from_event;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::server_fn::error::ServerFnUrlError;
use serde::de::DeserializeOwned;
use web_sys::UrlSearchParams;

use crate::error::UiError;
use crate::ui::drawn::IntoAny;
use crate::ui::inside::Inside;
use crate::wire::{Wire, post, read};

/// Made of the answer's own type.
type Outcome = Result<Arc<dyn Any + Send + Sync>, UiError>;

/// What is sent where, and how the answer is read.
struct Sending {
    path: &'static str,
    body: String,
    read: fn(&str) -> Outcome,
}

/// Calls a server function, and knows what came of it.
pub struct ServerAction<S> {
    carrier: Action<Sending, Outcome>,
    kind: PhantomData<fn() -> S>,
}

impl<S> Clone for ServerAction<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for ServerAction<S> {}

impl<S> ServerAction<S>
where
    S: ServerFn<Error = UiError, Output: DeserializeOwned + Clone + Send + Sync + 'static>,
{
    #[expect(
        clippy::new_without_default,
        reason = "as Leptos names it; nothing asks for a default"
    )]
    pub fn new() -> Self {
        Self {
            carrier: carrier(S::PATH),
            kind: PhantomData,
        }
    }

    /// For a form that asks in place, and posts to the page it stands on where no script runs.
    pub fn submits(&self) -> impl Fn(SubmitEvent) + Copy + 'static {
        submits(self.carrier, S::PATH, answer::<S::Output>)
    }

    pub fn value(&self) -> Signal<Option<Result<S::Output, UiError>>> {
        let outcome = self.carrier.value();
        let own = |value: &(dyn Any + Send + Sync)| value.downcast_ref::<S::Output>().cloned();
        Signal::derive(move || {
            outcome
                .get()
                .map(|outcome| own(outcome?.as_ref()).ok_or_else(|| UiError::Internal("no reference".to_owned())))
        })
    }
}

impl<S> ServerAction<S> {
    pub fn version(&self) -> RwSignal<usize> {
        self.carrier.version()
    }

    pub fn pending(&self) -> Memo<bool> {
        self.carrier.pending()
    }

    /// The error that it came to.
    pub fn problem(&self) -> Signal<Option<UiError>> {
        let outcome = self.carrier.value();
        Signal::derive(move || outcome.get().and_then(Result::err))
    }

    pub fn succeeded(&self) -> Signal<bool> {
        let outcome = self.carrier.value();
        Signal::derive(move || matches!(outcome.get(), Some(Ok(_))))
    }
}

/// Once, whatever is sent. An error that a plain form post came to stands in the page's address; Leptos' router has read it.
#[inline(never)]
fn carrier(path: &str) -> Action<Sending, Outcome> {
    let refused = use_context::<ServerActionError>()
        .filter(|refused| refused.path() == path)
        .map(|refused| Err(ServerFnUrlError::<UiError>::decode_err(refused.err())));
    Action::new_with_value(refused, |sending: &Sending| {
        let (path, body, read) = (sending.path.to_owned(), sending.body.clone(), sending.read);
        let outcome: Pin<Box<dyn Future<Output = Outcome> + Send>> =
            Box::pin(async move { read(&post(path, body).await?) });
        outcome
    })
}

#[inline(never)]
fn send(carrier: Action<Sending, Outcome>, path: &'static str, body: String, read: fn(&str) -> Outcome) {
    carrier.dispatch(Sending { path, body, read });
}

fn answer<T: DeserializeOwned + Send + Sync + 'static>(text: &str) -> Outcome {
    let answer: Arc<dyn Any + Send + Sync> = Arc::new(read::<T>(text)?);
    Ok(answer)
}

/// A form that a browser without scripts sends itself.
#[component]
pub fn ActionForm<S>(
    action: ServerAction<S>,
    #[prop(optional)] class: Option<&'static str>,
    /// What is wrong is said at the fields, and not by the browser.
    #[prop(optional)]
    novalidate: bool,
    children: Inside,
) -> AnyView
where
    S: ServerFn<Protocol = Wire, Error = UiError, Output: DeserializeOwned + Clone + Send + Sync + 'static>,
{
    let submit = submits(action.carrier, S::PATH, answer::<S::Output>);
    form_with(S::PATH, class, novalidate, children, submit)
}

/// Once, whatever is sent.
#[inline(never)]
fn form_with(
    path: &'static str,
    class: Option<&'static str>,
    novalidate: bool,
    content: Inside,
    submit: impl Fn(SubmitEvent) + 'static,
) -> AnyView {
    view! { <form action=path method="post" class=class novalidate=novalidate on:submit=submit>{content.view()}</form> }
        .into_any()
}

fn submits(
    carrier: Action<Sending, Outcome>,
    path: &'static str,
    read: fn(&str) -> Outcome,
) -> impl Fn(SubmitEvent) + Copy + 'static {
    move |event: SubmitEvent| {
        if event.default_prevented() {
            return;
        }
        // What cannot be read here the browser sends itself.
        if let Some(body) = entered(&event) {
            event.prevent_default();
            send(carrier, path, body, read);
        }
    }
}

/// What is in the form, as the browser would send it.
pub fn entered(event: &SubmitEvent) -> Option<String> {
    let form = form_data_from_event(event).ok()?;
    let pairs = UrlSearchParams::new_with_str_sequence_sequence(&form).ok()?;
    pairs.to_string().as_string()
}
