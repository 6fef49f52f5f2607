//! Tells open pages to load again, over the WebSocket that Leptos' `AutoReload` opens.

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tungstenite::{Message, WebSocket};

use crate::shell::notice;

/// Leptos' own default (`LeptosOptions::reload_port`).
const ADDRESS: (&str, u16) = ("127.0.0.1", 3001);

type Pages = Arc<Mutex<Vec<WebSocket<TcpStream>>>>;

/// The pages that are open now.
pub struct Reload(Pages);

impl Reload {
    /// Listens in the background. If the port is taken, pages have to be reloaded by hand, and the reader is told.
    pub fn listen() -> Self {
        let pages = Pages::default();
        match TcpListener::bind(ADDRESS) {
            Ok(listener) => {
                let known = Arc::clone(&pages);
                thread::spawn(move || accept(&listener, &known));
            }
            Err(error) => notice(&format!(
                "pages will not reload by themselves: port {}: {error}",
                ADDRESS.1
            )),
        }
        Self(pages)
    }

    /// Sends every page the message that reloads it, and forgets it: the page comes back by itself.
    pub fn tell_browsers(&self) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for mut page in pages.drain(..) {
            // A page that was closed cannot be told.
            let _ = page.send(Message::text(r#"{"all":"reload"}"#));
            let _ = page.close(None);
        }
    }
}

fn accept(listener: &TcpListener, pages: &Pages) {
    for stream in listener.incoming().flatten() {
        if let Ok(page) = tungstenite::accept(stream) {
            pages.lock().unwrap_or_else(PoisonError::into_inner).push(page);
        }
    }
}
