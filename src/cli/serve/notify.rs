//! What a service manager is told, in the way of systemd (`sd_notify(3)`). Without `NOTIFY_SOCKET` in
//! the environment nobody is told anything.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// How long the service manager may be too busy to be told.
const PATIENCE: Duration = Duration::from_secs(1);

/// A state of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Requests are served.
    Ready,
    /// Another process serves from now on.
    Moved(u32),
    /// Everything comes to its end.
    Stopping,
}

/// Tells the service manager, if there is one. That it cannot be told is no reason to stop serving.
pub(super) fn tell(state: State) {
    let Some(place) = std::env::var_os("NOTIFY_SOCKET") else { return };
    if let Err(error) = send(&place, state) {
        tracing::warn!(%error, "the service manager cannot be told: NOTIFY_SOCKET");
    }
}

fn send(place: &OsStr, state: State) -> std::io::Result<()> {
    let address = match place.as_bytes() {
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt;
            SocketAddr::from_abstract_name(name)?
        }
        _ => SocketAddr::from_pathname(place)?,
    };
    let text = match state {
        State::Ready => "READY=1".to_owned(),
        State::Moved(process) => format!("MAINPID={process}"),
        State::Stopping => "STOPPING=1".to_owned(),
    };
    let socket = UnixDatagram::unbound()?;
    // One that does not read must not keep us from our work.
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.send_to_addr(text.as_bytes(), &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_manager_is_told_by_path_and_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let listens = UnixDatagram::bind(&path).unwrap();
        let mut text = [0; 32];
        send(path.as_os_str(), State::Moved(17)).unwrap();
        let length = listens.recv(&mut text).unwrap();
        assert_eq!(&text[..length], b"MAINPID=17");
        #[cfg(target_os = "linux")]
        {
            use std::os::linux::net::SocketAddrExt;
            let name = format!("linkgate-test-{}", std::process::id());
            let address = SocketAddr::from_abstract_name(&name).unwrap();
            let listens = UnixDatagram::bind_addr(&address).unwrap();
            send(OsStr::new(&format!("@{name}")), State::Ready).unwrap();
            let length = listens.recv(&mut text).unwrap();
            assert_eq!(&text[..length], b"READY=1");
        }
        assert!(send(OsStr::new("/nowhere/at/all"), State::Stopping).is_err());
    }
}
