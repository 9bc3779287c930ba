//! The daemon as a process of its own, so that it can be killed.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// The program under test.
pub(crate) fn zavud() -> Command {
    Command::new(env!("CARGO_BIN_EXE_zavud"))
}

/// The keys of `[speech]` that name the shipped models, for a configuration in another folder.
pub(crate) fn shipped_models() -> String {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let (reader, judge) = (models.join("reader.bin"), models.join("judge.bin"));
    format!("model = {reader:?}\njudge = {judge:?}")
}

/// `zavud serve` on free loopback ports.
pub(crate) struct Serving {
    process: Child,
    log: Arc<Mutex<String>>,
    pub(crate) sip: SocketAddr,
    pub(crate) web: SocketAddr,
}

impl Serving {
    /// Starts it with the database at `database`, and waits until it is ready.
    pub(crate) fn start(database: &Path) -> Self {
        Self::start_on(database, SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Starts it with its pages at `web`.
    pub(crate) fn start_on(database: &Path, web: SocketAddr) -> Self {
        Self::start_with(database, web, "")
    }

    /// The same with these sections of config.toml as well.
    pub(crate) fn start_with(database: &Path, web: SocketAddr, sections: &str) -> Self {
        Self::run(database, web, &shipped_models(), sections)
    }

    /// The same, but it reads no calls, and so is there sooner.
    pub(crate) fn start_unread(database: &Path, sections: &str) -> Self {
        let web = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::run(database, web, "enabled = false", sections)
    }

    fn run(database: &Path, web: SocketAddr, speech: &str, sections: &str) -> Self {
        let directory = database.parent().unwrap();
        let config = directory.join("config.toml");
        let text = format!(
            "[sip]\nlisten = \"127.0.0.1:0\"\n[web]\nlisten = \"{web}\"\n\
             [store]\npath = {database:?}\n[speech]\n{speech}\n\
             [log]\nformat = \"json\"\n{sections}"
        );
        std::fs::write(&config, text).unwrap();
        let mut process = zavud()
            .args(["serve", "--config"])
            .arg(&config)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::default();
        let (sip, web) = addresses(&mut process, Arc::clone(&log));
        Self { process, log, sip, web }
    }

    /// What it has logged until now.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Ends it as a power cut would: SIGKILL.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Ends it as a service manager would, and tells whether it ended well.
    pub(crate) fn terminate(mut self) -> bool {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.process.wait().unwrap().success()
    }
}

impl Drop for Serving {
    /// Ends it after a test that failed as well.
    fn drop(&mut self) {
        let _ = (self.process.kill(), self.process.wait());
    }
}

/// Reads the log until the line that says "ready", then goes on with it in a thread.
fn addresses(process: &mut Child, log: Arc<Mutex<String>>) -> (SocketAddr, SocketAddr) {
    let lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok).inspect(move |line| {
        *log.lock().unwrap() += &format!("{line}\n");
    });
    let fields = loop {
        let line = lines.next().expect("the daemon is ready before it ends");
        let entry: serde_json::Value = serde_json::from_str(&line).unwrap();
        if entry["fields"]["message"] == "ready" {
            break entry["fields"].clone();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    let address = |name: &str| fields[name].as_str().unwrap().parse().unwrap();
    (address("sip"), address("web"))
}
