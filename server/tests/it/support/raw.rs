//! HTTP as bytes: for requests that no well-behaved client makes.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::{App, soon};

/// Sends these bytes and returns all that comes back before the connection closes.
pub async fn exchange(app: &App, request: impl AsRef<[u8]>) -> String {
    let mut socket = connect(&app.url).await;
    socket.write_all(request.as_ref()).await.unwrap();
    let mut answer = Vec::new();
    soon("the connection to close", socket.read_to_end(&mut answer))
        .await
        .ok();
    String::from_utf8_lossy(&answer).into_owned()
}

pub async fn connect(url: &Url) -> TcpStream {
    let address = (url.host_str().unwrap(), url.port().unwrap());
    TcpStream::connect(address).await.unwrap()
}

/// The status of the first answer in these bytes.
pub fn status(answer: &str) -> u16 {
    let code = answer.split(' ').nth(1).unwrap_or_default();
    code.parse().unwrap_or_else(|_| panic!("no HTTP answer: {answer:?}"))
}

/// A server that answers the first connection as `serve` does, byte by byte. Its URL.
pub async fn server<F>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { serve(listener.accept().await.unwrap().0).await });
    url
}

/// An upstream that takes a connection, reads a little and closes it.
pub async fn closing_upstream() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 64]).await;
        }
    });
    url
}
