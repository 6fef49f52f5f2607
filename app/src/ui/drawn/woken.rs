//! In the browser.
//!
//! For each type of view Leptos makes ten functions, two of which wake it up: at once, and waiting for what it contains. Only the routes
//! wait, and they lie around all pages. So here all views are one type to Leptos, and each makes only the three functions that differ.

use std::any::{Any, TypeId};

use leptos::attr::Attribute;
use leptos::attr::any_attribute::AnyAttribute;
use leptos::prelude::{AddAnyAttr, AnyView, Mountable, Render, RenderHtml};
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::Rndr;
use leptos::tachys::renderer::types::{Element, Node, Placeholder};
use leptos::tachys::view::any_view::IntoAny as Erase;
use leptos::tachys::view::{Position, PositionState};

pub trait IntoAny {
    fn into_any(self) -> AnyView;
}

impl<T: RenderHtml> IntoAny for T {
    fn into_any(self) -> AnyView {
        erased(Box::new(self.into_owned()))
    }
}

#[inline(never)]
fn erased(content: Box<dyn Content>) -> AnyView {
    Erase::into_any(Drawn(content))
}

/// What differs from view to view.
trait Content: Send {
    fn kind(&self) -> TypeId;
    fn stand(self: Box<Self>) -> Standing;
    /// What stands is of the same kind.
    fn change(self: Box<Self>, standing: &mut dyn Any);
    fn wake(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Standing;
}

impl<T: RenderHtml + 'static> Content for T {
    fn kind(&self) -> TypeId {
        TypeId::of::<T>()
    }

    fn stand(self: Box<Self>) -> Standing {
        standing::<T>(Box::new(self.build()), Rndr::create_placeholder)
    }

    fn change(self: Box<Self>, standing: &mut dyn Any) {
        if let Some(state) = standing.downcast_mut::<T::State>() {
            self.rebuild(state);
        }
    }

    fn wake(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Standing {
        let state = Box::new(self.hydrate::<true>(cursor, position));
        standing::<T>(state, || cursor.next_placeholder(position))
    }
}

/// What draws nothing keeps its place with a comment, as Leptos writes it on the server.
fn standing<T: RenderHtml + 'static>(state: Box<dyn State>, placeholder: impl FnOnce() -> Placeholder) -> Standing {
    Standing {
        kind: TypeId::of::<T>(),
        state,
        placeholder: (!T::EXISTS).then(placeholder),
    }
}

trait State: Mountable {
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<S: Mountable + 'static> State for S {
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

struct Standing {
    kind: TypeId,
    state: Box<dyn State>,
    placeholder: Option<Placeholder>,
}

impl Mountable for Standing {
    fn unmount(&mut self) {
        self.state.unmount();
        if let Some(placeholder) = &mut self.placeholder {
            placeholder.unmount();
        }
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.state.mount(parent, marker);
        if let Some(placeholder) = &mut self.placeholder {
            placeholder.mount(parent, marker);
        }
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.state.insert_before_this(child)
            || self
                .placeholder
                .as_ref()
                .is_some_and(|placeholder| placeholder.insert_before_this(child))
    }

    fn elements(&self) -> Vec<Element> {
        self.state.elements()
    }
}

struct Drawn(Box<dyn Content>);

impl Render for Drawn {
    type State = Standing;

    fn build(self) -> Standing {
        self.0.stand()
    }

    fn rebuild(self, old: &mut Standing) {
        if self.0.kind() == old.kind {
            self.0.change((*old.state).as_any());
        } else {
            let mut new = self.build();
            old.insert_before_this(&mut new);
            old.unmount();
            *old = new;
        }
    }
}

/// `AnyView` does it itself, around this.
impl AddAnyAttr for Drawn {
    type Output<A: Attribute> = Self;

    fn add_any_attr<A: Attribute>(self, _: A) -> Self {
        self
    }
}

impl RenderHtml for Drawn {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    /// Only the server writes pages.
    fn to_html_with_buf(self, _: &mut String, _: &mut Position, _: bool, _: bool, _: Vec<AnyAttribute>) {}

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Standing {
        self.0.wake(cursor, position)
    }

    fn into_owned(self) -> Self {
        self
    }
}
