//! The fields of the two OAuth2 modes. What belongs to which mode is the style sheet's to show, as for the other modes.

use leptos::prelude::*;

use super::model::SECRETS_AGAIN;
use super::oauth_model::OAuthView;
use crate::ui::code_block::CodeLine;
use crate::ui::drawn::IntoAny;
use crate::ui::field::{Check, Field, Problem};
use crate::ui::secret_field::SecretField;

#[component]
pub fn OAuthFields(oauth: OAuthView, problem: Problem) -> AnyView {
    view! {
        <div class="outbound-part" data-mode="oauth2">
            <Provider oauth=oauth.clone() problem/>
            <Client oauth problem/>
        </div>
    }
    .into_any()
}

/// Addresses that discovery finds are out of the way as long as nobody entered any.
#[component]
fn Provider(oauth: OAuthView, problem: Problem) -> AnyView {
    view! {
        <div data-only="consent">
            <Check name="outbound_auth.discover" input="form[oauth][discover]" label="Find the provider from the server (discovery)"
                problem checked=oauth.discover
                hint="The server's own answer names its provider, and the provider describes itself. Untick this to enter its addresses."/>
        </div>
        <div data-only="consent" data-found="">
            <Field name="outbound_auth.authorization_url" input="form[oauth][authorization_url]" label="Authorization URL" kind="url" problem
                value=oauth.authorization_url placeholder="https://id.example.com/authorize" hint="Where people are sent to allow access."/>
        </div>
        <div data-found="">
            <Field name="outbound_auth.token_url" input="form[oauth][token_url]" label="Token URL" kind="url" problem value=oauth.token_url
                placeholder="https://id.example.com/token" hint="Where Overkey gets tokens and renews them."/>
        </div>
        <div data-only="consent" data-found="">
            <Field name="outbound_auth.registration_url" input="form[oauth][registration_url]" label="Registration URL (optional)" kind="url" problem
                value=oauth.registration_url placeholder="https://id.example.com/register"
                hint="With it, Overkey registers itself as a client and needs no client ID."/>
        </div>
    }
    .into_any()
}

/// As whom Overkey comes to the provider, and what it asks for.
#[component]
fn Client(oauth: OAuthView, problem: Problem) -> AnyView {
    let again = must_type_again(problem);
    let stored = oauth.secret.as_ref();
    let hint = match (again, stored) {
        (true, _) => "Enter it again: a secret is not kept between two tries.".to_owned(),
        (false, Some(mask)) => format!("Stored: {mask}. Leave empty to keep it."),
        (false, None) => "As the provider gave it. A public client has none.".to_owned(),
    };
    let forget = stored.is_some().then(|| {
        view! {
            <div data-only="consent">
                <Check name="outbound_auth.forget_secret" input="form[oauth][forget_secret]" label="Remove the stored client secret" problem checked=false/>
            </div>
        }
    });
    view! {
        <div data-only="consent">
            <dl class="fixed-field">
                <dt>"Redirect URL to register at the provider"</dt>
                <dd><CodeLine text=oauth.redirect_url label="the redirect URL"/></dd>
            </dl>
        </div>
        <Field name="outbound_auth.client_id" input="form[oauth][client_id]" label="Client ID" problem value=oauth.client_id
            hint="Leave empty where Overkey can register itself: with discovery, or at a registration URL."/>
        <SecretField name="form[oauth][client_secret]" error_name="outbound_auth.client_secret" label="Client secret" problem hint/>
        {forget}
        <Field name="outbound_auth.scopes" input="form[oauth][scopes]" label="Scopes (optional)" problem value=oauth.scopes
            hint="Divided by spaces. Without any, Overkey asks for what the server names."/>
    }
    .into_any()
}

/// Whether an earlier try bore a secret: the page came back without it.
pub fn must_type_again(problem: Problem) -> bool {
    problem
        .get_untracked()
        .and_then(|error| error.kept(SECRETS_AGAIN))
        .is_some()
}
