//! A way to a server that can fall silent, as the one of a laptop that sleeps: what is connected stays
//! so, and nothing gets through any more.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    /// How often it has fallen silent.
    silences: watch::Sender<usize>,
    _connections: JoinSet<()>,
}

impl Line {
    /// A way to `server`.
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (silences, heard) = watch::channel(0);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                connections.spawn(connect(client, server, heard.clone()));
            }
        });
        Self { address, silences, _connections: accepting }
    }

    /// From now on nothing gets through what is connected. New connections work.
    pub(crate) fn fall_silent(&self) {
        self.silences.send_modify(|silences| *silences += 1);
    }
}

async fn connect(mut client: TcpStream, server: SocketAddr, mut heard: watch::Receiver<usize>) {
    heard.mark_unchanged();
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        // Both ends are held open, and hear nothing.
        _ = heard.changed() => std::future::pending().await,
    }
}
