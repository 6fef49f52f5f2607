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
        match TcpListener::bind(ADDRESS) {
            Ok(listener) => Self::on(listener),
            Err(error) => {
                notice(&format!(
                    "pages will not reload by themselves: port {}: {error}",
                    ADDRESS.1
                ));
                Self(Pages::default())
            }
        }
    }

    fn on(listener: TcpListener) -> Self {
        let pages = Pages::default();
        let known = Arc::clone(&pages);
        thread::spawn(move || accept(&listener, &known));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_page_is_told_to_load_again() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let reload = Reload::on(listener);
        let stream = TcpStream::connect(address).unwrap();
        let (mut page, _) = tungstenite::client(format!("ws://{address}/live_reload"), stream).unwrap();
        let told = thread::spawn(move || page.read().unwrap());
        // The page is known a moment after its handshake; telling nobody does no harm.
        while !told.is_finished() {
            reload.tell_browsers();
            thread::yield_now();
        }
        assert_eq!(told.join().unwrap(), Message::text(r#"{"all":"reload"}"#));
    }
}
