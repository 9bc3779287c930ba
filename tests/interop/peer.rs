//! Somebody else's program as a process: what it prints is read, and it does not outlive its test.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::{PATIENCE, skip, voice};

/// Whether `program` is there to test with. Says that the test is skipped where it is not, and fails
/// where all peers are required to be there.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
        return true;
    }
    let required = std::env::var_os("ZAVUD_INTEROP").is_some_and(|value| value == "required");
    assert!(!required, "{program} is not installed, and ZAVUD_INTEROP says that it is required");
    // The harness names the thread of a test after it.
    let thread = std::thread::current();
    skip(thread.name().unwrap_or_default(), &format!("{program} is not installed"));
    false
}

/// A port of 127.0.0.1 that was free for UDP and TCP a moment ago.
pub(crate) fn free_port() -> u16 {
    let mut taken = Vec::new();
    loop {
        let datagrams = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = datagrams.local_addr().unwrap().port();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
        taken.push(datagrams);
    }
}

/// A voice that speaks `code` again and again, for peers that play in real time: on a busy machine
/// they stutter, and whoever calls in earnest repeats the code as well.
pub(crate) fn patient_voice(code: &str) -> Vec<i16> {
    voice(code).samples.repeat(4)
}

/// A running peer.
pub(crate) struct Peer {
    process: Child,
    lines: mpsc::UnboundedReceiver<String>,
    reader: Option<JoinHandle<()>>,
    said: Vec<String>,
}

impl Peer {
    /// Starts it. What it prints is read as it comes, so that it never waits for us.
    pub(crate) fn start(command: &mut Command) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        command.stdin(Stdio::piped()).stdout(writer.try_clone().unwrap()).stderr(writer);
        let process = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        // Lines end when nobody holds the other end of the pipe, and `command` still does.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let (sender, lines) = mpsc::unbounded_channel();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
                let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
        Self { process, lines, reader: Some(reader), said: Vec::new() }
    }

    /// Types a line into it.
    pub(crate) fn type_line(&mut self, line: &str) {
        writeln!(self.process.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits for the next line that has `text` in it.
    pub(crate) async fn says(&mut self, text: &str) -> String {
        while let Some(line) = self.next_line().await {
            if line.contains(text) {
                return line;
            }
        }
        panic!("it ends without {text:?}")
    }

    /// Waits until it ends, and returns all that it printed. It must end well.
    pub(crate) async fn succeeds(mut self) -> String {
        let said = self.ends().await;
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}");
        said
    }

    /// Waits until it ends, well or not, and returns all that it printed.
    pub(crate) async fn ends(&mut self) -> String {
        while self.next_line().await.is_some() {}
        self.said.join("\n")
    }

    async fn next_line(&mut self) -> Option<String> {
        let line = timeout(PATIENCE, self.lines.recv()).await.expect("it goes on printing")?;
        self.said.push(line.clone());
        Some(line)
    }
}

/// Asks it to end, which lets it end its own children, and waits until the last has gone.
impl Drop for Peer {
    fn drop(&mut self) {
        let pid = self.process.id().to_string();
        if self.process.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = Command::new("kill").args(["-TERM", &pid]).status();
        }
        let _ = self.process.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        if std::thread::panicking() {
            while let Ok(line) = self.lines.try_recv() {
                self.said.push(line);
            }
            eprintln!("{}", self.said.join("\n"));
        }
    }
}
