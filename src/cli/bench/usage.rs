//! What a process costs, as Linux tells it in /proc.

use std::time::Duration;

use anyhow::{Context as _, anyhow};

/// Clock ticks a second in /proc: the same on every Linux that Rust runs on.
const TICKS: u64 = 100;

/// A process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Process(pub(super) u32);

impl Process {
    /// This one.
    pub(super) fn own() -> Self {
        Self(std::process::id())
    }

    /// Processor time so far, in user and in kernel mode.
    ///
    /// # Errors
    /// When the process is gone.
    pub(super) fn processor_time(self) -> anyhow::Result<Duration> {
        let text = self.read("stat")?;
        processor_time(&text).with_context(|| format!("unexpected /proc/{}/stat", self.0))
    }

    /// Memory that is in use, in bytes.
    ///
    /// # Errors
    /// When the process is gone.
    pub(super) fn memory(self) -> anyhow::Result<u64> {
        let text = self.read("status")?;
        memory(&text, "VmRSS:").with_context(|| format!("unexpected /proc/{}/status", self.0))
    }

    /// The most memory that was ever in use, in bytes.
    ///
    /// # Errors
    /// When the process is gone.
    pub(super) fn peak_memory(self) -> anyhow::Result<u64> {
        let text = self.read("status")?;
        memory(&text, "VmHWM:").with_context(|| format!("unexpected /proc/{}/status", self.0))
    }

    /// Datagrams that the system dropped because the process did not read them in time, on its UDP
    /// socket with `port`.
    ///
    /// # Errors
    /// When the process is gone.
    pub(super) fn dropped_datagrams(self, port: u16) -> anyhow::Result<u64> {
        let text = self.read("net/udp")?;
        dropped_datagrams(&text, port)
            .with_context(|| format!("unexpected /proc/{}/net/udp", self.0))
    }

    fn read(self, file: &str) -> anyhow::Result<String> {
        let path = format!("/proc/{}/{file}", self.0);
        std::fs::read_to_string(&path).map_err(|error| anyhow!("cannot read {path}: {error}"))
    }
}

/// Processor time of the thread that asks, so far.
///
/// # Errors
/// When there is no /proc.
pub(super) fn thread_processor_time() -> anyhow::Result<Duration> {
    let path = "/proc/thread-self/stat";
    let text =
        std::fs::read_to_string(path).map_err(|error| anyhow!("cannot read {path}: {error}"))?;
    processor_time(&text).with_context(|| format!("unexpected {path}"))
}

/// proc(5): the name of the program may hold anything, so the fields are counted from behind it.
fn processor_time(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 1_000 / TICKS))
}

fn memory(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn dropped_datagrams(table: &str, port: u16) -> Option<u64> {
    let port = format!(":{port:04X}");
    let mut lines = table.lines().skip(1);
    let line =
        lines.find(|line| line.split_whitespace().nth(1).is_some_and(|a| a.ends_with(&port)))?;
    line.split_whitespace().next_back()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_program_does_not_hide_its_times() {
        let stat = "42 (a) b c) S 1 42 42 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 9 0 100 1 1";
        assert_eq!(processor_time(stat), Some(Duration::from_secs(2)));
        assert_eq!(processor_time("42 (zavud"), None);
    }

    #[test]
    fn memory_is_told_by_its_name() {
        let status = "VmPeak:\t  99 kB\nVmHWM:\t   20484 kB\nVmRSS:\t   20480 kB\n";
        assert_eq!(memory(status, "VmRSS:"), Some(20_971_520));
        assert_eq!(memory(status, "VmHWM:"), Some(20_975_616));
        assert_eq!(memory("VmPeak:\t  99 kB\n", "VmRSS:"), None);
    }

    #[test]
    fn drops_are_those_of_the_right_port() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue drops\n\
                     100: 0100007F:13C4 00000000:0000 07 00000000:00000000 00:00000000 0 0 0 5 2 0 3\n\
                     101: 0100007F:13C6 00000000:0000 07 00000000:00000000 00:00000000 0 0 0 5 2 0 7\n";
        assert_eq!(dropped_datagrams(table, 0x13c6), Some(7));
        assert_eq!(dropped_datagrams(table, 9), None);
    }
}
