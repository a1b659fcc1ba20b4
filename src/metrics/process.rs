//! The process, with the names that every Prometheus client uses.

use std::fs;
use std::str::FromStr;

use prometheus::Gauge;
use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use super::Book;

pub(super) struct Families {
    cpu: prometheus::Counter,
    resident: Gauge,
    virtual_memory: Gauge,
    open_files: Gauge,
    most_files: Gauge,
    threads: Gauge,
}

/// What `/proc/self/stat` says; see proc_pid_stat(5).
#[derive(Debug, PartialEq)]
struct Stat {
    /// Of the processor, in ticks.
    ticks: u64,
    threads: u64,
    /// Since the machine was started, in ticks.
    began: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl FromStr for Stat {
    type Err = ();

    /// The name of the program stands in brackets and may hold anything.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (_, rest) = text.rsplit_once(')').ok_or(())?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // The state is the third field of the manual, and the first here.
        let field = |number: usize| fields.get(number - 3).and_then(|it| it.parse().ok()).ok_or(());
        Ok(Self {
            ticks: field(14)? + field(15)?,
            threads: field(20)?,
            began: field(22)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

impl Families {
    pub(super) fn new(book: Book<'_>) -> Self {
        let start = book.moment(
            "process_start_time_seconds",
            "Start time of the process since the Unix epoch, in seconds.",
        );
        start.set(start_time().unwrap_or_default());
        let cpu = "Time that user and system have spent on the process, in seconds.";
        Self {
            cpu: book.entered(prometheus::Counter::new("process_cpu_seconds_total", cpu)),
            resident: book.moment("process_resident_memory_bytes", "Resident memory, in bytes."),
            virtual_memory: book
                .moment("process_virtual_memory_bytes", "Virtual memory, in bytes."),
            open_files: book.moment("process_open_fds", "Open file descriptors."),
            most_files: book.moment("process_max_fds", "File descriptors that may be open."),
            threads: book.moment("process_threads", "Threads of the process."),
        }
    }

    /// Looks. Where there is no `/proc`, all stays as it was.
    pub(super) fn read(&self) {
        let Some(stat) = stat() else { return };
        let seconds = as_seconds(stat.ticks);
        self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
        self.resident.set(number(stat.resident_pages) * number(page_size() as u64));
        self.virtual_memory.set(number(stat.virtual_bytes));
        self.threads.set(number(stat.threads));
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // One of them is the look itself.
            self.open_files.set(number(open.count().saturating_sub(1) as u64));
        }
        if let Some(most) = getrlimit(Resource::Nofile).current {
            self.most_files.set(number(most));
        }
    }
}

fn stat() -> Option<Stat> {
    fs::read_to_string("/proc/self/stat").ok()?.parse().ok()
}

/// When the machine was started, and how long after that the process was.
fn start_time() -> Option<f64> {
    let machine = fs::read_to_string("/proc/stat").ok()?;
    let booted = machine.lines().find_map(|line| line.strip_prefix("btime "))?;
    Some(booted.trim().parse::<f64>().ok()? + as_seconds(stat()?.began))
}

fn as_seconds(ticks: u64) -> f64 {
    number(ticks) / number(clock_ticks_per_second())
}

/// Prometheus knows numbers of 53 bits; memory and time have fewer.
#[allow(clippy::cast_precision_loss)]
fn number(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_moves_no_field() {
        let text = "7 (a) 1 (b) S 1 2 3 4 5 6 7 8 9 10 110 120 13 14 15 16 9 18 500 4096 25 26";
        let expected =
            Stat { ticks: 230, threads: 9, began: 500, virtual_bytes: 4096, resident_pages: 25 };
        assert_eq!(text.parse(), Ok(expected));
        assert_eq!("7 (a) S 1".parse::<Stat>(), Err(()));
    }

    #[test]
    fn this_process_is_told_of() {
        let stat = stat().expect("a process");
        assert!(stat.threads >= 1 && stat.resident_pages > 0, "{stat:?}");
        // Not before 2020, and not from the future by more than the clock's steps.
        assert!(start_time().expect("a moment") > 1_577_836_800.0);
    }
}
