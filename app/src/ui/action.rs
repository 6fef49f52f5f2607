//! What a person does, and the form that sends it.
//!
//! Leptos has both, and builds all of their machinery anew for each server function. These do the same with one kind of action
//! for all; a file that imports them gets them in place of those of the prelude.

use std::any::Any;
use std::future::{Future, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use leptos::ev::SubmitEvent;
use leptos::form::FromFormData;
use leptos::prelude::*;
use leptos::server_fn::client::Client;
use leptos::server_fn::codec::PostUrl;
use leptos::server_fn::error::{ServerFnErrorErr, ServerFnUrlError};
use leptos::server_fn::request::ClientReq;
use leptos::server_fn::{Http, ServerFn};
use leptos::web_sys::FormData;
use serde::de::DeserializeOwned;

use crate::error::UiError;
use crate::ui::inside::Inside;

/// Made of the answer's own type.
type Outcome = Result<Arc<dyn Any + Send + Sync>, UiError>;
type Sending = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

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
    S: ServerFn<Error = UiError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
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

    pub fn dispatch(&self, input: S) {
        self.carrier.dispatch(sending(input));
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
    Action::new_with_value(refused, |sending: &Sending| sending())
}

fn sending<S>(input: S) -> Sending
where
    S: ServerFn<Error = UiError> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    Arc::new(move || {
        let input = input.clone();
        Box::pin(async move {
            let answer: Arc<dyn Any + Send + Sync> = Arc::new(input.run_on_client().await?);
            Ok(answer)
        })
    })
}

type Request<S> = <<S as ServerFn>::Client as Client<<S as ServerFn>::Error>>::Request;

/// A form that a browser without scripts sends itself.
#[component]
pub fn ActionForm<S, P>(action: ServerAction<S>, children: Inside) -> impl IntoView
where
    S: DeserializeOwned + ServerFn<Protocol = Http<PostUrl, P>, Error = UiError> + Clone + Send + Sync + 'static,
    S::Client: Client<UiError>,
    <Request<S> as ClientReq<UiError>>::FormData: From<FormData>,
    S::Output: Clone + Send + Sync + 'static,
{
    let read = |event: &SubmitEvent| match S::from_event(event) {
        Ok(input) => sending(input),
        Err(error) => failed(&error),
    };
    form_with(S::url(), action.carrier, read, children.view())
}

/// Once, whatever is sent.
#[inline(never)]
fn form_with(
    url: &'static str,
    carrier: Action<Sending, Outcome>,
    read: fn(&SubmitEvent) -> Sending,
    content: AnyView,
) -> impl IntoView {
    let submit = move |event: SubmitEvent| {
        if !event.default_prevented() {
            event.prevent_default();
            carrier.dispatch(read(&event));
        }
    };
    view! { <form action=url method="post" on:submit=submit>{content}</form> }
}

fn failed(error: &impl ToString) -> Sending {
    let error = UiError::from_server_fn_error(ServerFnErrorErr::Serialization(error.to_string()));
    Arc::new(move || Box::pin(ready(Err(error.clone()))))
}
