//! Names that lead where a test says, and places where nobody may come.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Mutex;

use async_trait::async_trait;
use server::egress::{Resolve, SystemResolver};

/// A name server in a test's hands. By default it knows no name that it was not told.
#[derive(Default)]
pub struct Names {
    system: bool,
    answers: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    /// Other names are the system's, and `localhost.`, which not every system knows, leads where it does on most.
    pub fn of_the_system() -> Self {
        let names = Self {
            system: true,
            ..Self::default()
        };
        names.then("localhost.", &["127.0.0.1"])
    }

    /// The next answer for a name. The last one is given again and again.
    pub fn then(self, name: &str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let mut answers = self.answers.lock().unwrap();
        answers.entry(name.to_owned()).or_default().push_back(addresses);
        drop(answers);
        self
    }

    fn known(&self, name: &str) -> Option<Vec<IpAddr>> {
        let mut all = self.answers.lock().unwrap();
        let answers = all.get_mut(name)?;
        if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        }
    }

    /// How often it was asked for this name.
    pub fn asked(&self, name: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == name).count()
    }
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        match self.known(name) {
            None if self.system => SystemResolver.resolve(name).await,
            answer => answer.ok_or(io::ErrorKind::NotFound.into()),
        }
    }
}

/// A listener that notices whoever connects, even if nothing is sent.
pub struct Trap(TcpListener);

impl Trap {
    pub fn at(address: &str) -> Self {
        Self::on(SocketAddr::new(address.parse().unwrap(), 0)).unwrap()
    }

    fn on(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    pub fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// Whether somebody connected since the last time. On loopback that is known as soon as the other side knows.
    pub fn sprung(&self) -> bool {
        match self.0.accept() {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error}");
                false
            }
        }
    }
}

/// Two addresses of this machine with one port: a trap on 127.0.0.1, and a listener on 127.0.0.2 for those who may come.
pub fn neighbours() -> (Trap, tokio::net::TcpListener) {
    loop {
        let allowed = Trap::at("127.0.0.2");
        if let Ok(trap) = Trap::on(SocketAddr::from(([127, 0, 0, 1], allowed.port()))) {
            return (trap, tokio::net::TcpListener::from_std(allowed.0).unwrap());
        }
    }
}
