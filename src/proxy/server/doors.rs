//! The sockets that are listened on. They are opened here and not by Pingora, so that they can outlive
//! one server and go from one process to the next.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd};

use pingora::server::ListenFds;

/// Sockets that listen, each under the address that the configuration says.
#[derive(Debug, Default)]
pub struct Doors(BTreeMap<SocketAddr, TcpListener>);

impl Doors {
    /// Listens on each address, with the socket that is there already or a new one. Others that were
    /// there are closed.
    ///
    /// # Errors
    /// The address where that is not possible, and why.
    pub fn open(
        addresses: impl IntoIterator<Item = SocketAddr>,
        mut inherited: Doors,
    ) -> Result<Self, (SocketAddr, std::io::Error)> {
        addresses.into_iter().try_fold(Self::default(), |doors, address| {
            let listener = match inherited.0.remove(&address) {
                Some(listener) => Ok(listener),
                None => TcpListener::bind(address),
            };
            listener
                .and_then(|listener| doors.with([(address, listener)]))
                .map_err(|error| (address, error))
        })
    }

    /// Those of another process.
    #[must_use]
    pub fn inherited(listeners: impl IntoIterator<Item = (SocketAddr, TcpListener)>) -> Self {
        Self(listeners.into_iter().collect())
    }

    /// These, and others.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn with(
        mut self,
        others: impl IntoIterator<Item = (SocketAddr, TcpListener)>,
    ) -> std::io::Result<Self> {
        for (address, listener) in others {
            // As the runtime expects of a socket that it did not make.
            listener.set_nonblocking(true)?;
            self.0.insert(address, listener);
        }
        Ok(self)
    }

    /// Addresses and sockets, for another process.
    pub fn each(&self) -> impl Iterator<Item = (SocketAddr, BorrowedFd<'_>)> {
        self.0.iter().map(|(address, listener)| (*address, listener.as_fd()))
    }

    /// The same sockets for a server. The doors stay open when it ends.
    ///
    /// # Errors
    /// What the operating system says, if an address is not among them or files have run out.
    pub(super) fn handles(&self, addresses: &[SocketAddr]) -> std::io::Result<Handles> {
        let handle = |address: &SocketAddr| {
            let listener = self.0.get(address).ok_or(std::io::ErrorKind::AddrNotAvailable)?;
            Ok((*address, listener.try_clone()?))
        };
        addresses.iter().map(handle).collect::<Result<_, _>>().map(Handles)
    }
}

/// Sockets of one service, until it starts.
#[derive(Debug)]
pub(super) struct Handles(Vec<(SocketAddr, TcpListener)>);

impl Handles {
    /// Puts them where Pingora looks before it opens one itself; it closes them.
    pub(super) fn give(&mut self, table: &ListenFds) {
        let mut table = table.lock();
        for (address, listener) in self.0.drain(..) {
            table.add(address.to_string(), listener.into_raw_fd());
        }
    }
}
