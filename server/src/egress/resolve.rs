//! Who is asked for a name's addresses: the system, or whom a test hands in.

use std::io;
use std::net::IpAddr;

use async_trait::async_trait;

#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of a name. Nothing is believed: each is checked before it is connected to.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}
