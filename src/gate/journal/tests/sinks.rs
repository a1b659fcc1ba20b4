//! What sinks are told, and what is counted of it.

use tokio::sync::Barrier;

use super::*;
use crate::metrics::Levels;

/// Is done when the other one is told, too.
struct Together(Arc<Barrier>);

#[async_trait]
impl AuditSink for Together {
    fn name(&self) -> &'static str {
        "together"
    }

    async fn write(&mut self, _: &[Event]) -> Result<(), Missed> {
        self.0.wait().await;
        Ok(())
    }
}

#[tokio::test]
async fn all_are_told_at_the_same_time() {
    let world = World::new();
    let meeting = Arc::new(Barrier::new(2));
    let sink = || Box::new(Together(Arc::clone(&meeting))) as Box<dyn AuditSink>;
    let mut writer = Writer::past_the_store(&world.journal, vec![sink(), sink()]);
    world.journal.note(&Trail::default(), None, What::StoreLeft);
    let told = tokio::time::timeout(Duration::from_secs(10), writer.write_out()).await;
    told.expect("none waits until the other is done").unwrap();
}

/// How many the sinks of tests have, and how many they missed.
fn counted(metrics: &Metrics) -> (u64, u64) {
    let levels = Levels { connections: 0, sessions: None, store_up: true, relay_up: true };
    let text = metrics.text(levels);
    let of = |result: &str| {
        let name =
            format!("linkgate_audit_sink_events_total{{result=\"{result}\",sink=\"test\"}} ");
        text.lines()
            .find_map(|line| line.strip_prefix(&name))
            .map_or(0, |count| count.parse().unwrap())
    };
    (of("written"), of("missed"))
}

#[tokio::test]
async fn what_is_told_again_counts_once() {
    let (world, sink, metrics) = (World::new(), Listening::default(), Arc::<Metrics>::default());
    world.journal.count_in(Arc::clone(&metrics));
    let (mut writer, shared) = (past_the_store(&world, &sink), writer_shared(&world.journal));
    sink.fails.store(true, Ordering::SeqCst);
    for left in 0..3 {
        world.journal.note(&Trail::default(), None, What::CodeWrong { left });
    }
    for _ in 0..5 {
        writer.turn(&shared).await;
        assert_eq!(counted(&metrics), (0, 3));
    }
    sink.fails.store(false, Ordering::SeqCst);
    writer.turn(&shared).await;
    assert_eq!(counted(&metrics), (1, 3), "it says how many are missing");
}

/// Breaks off after the first of a batch.
struct BreaksOff;

#[async_trait]
impl AuditSink for BreaksOff {
    fn name(&self) -> &'static str {
        "test"
    }

    async fn write(&mut self, _: &[Event]) -> Result<(), Missed> {
        Err(Missed { written: 1, error: std::io::ErrorKind::StorageFull.into() })
    }
}

#[tokio::test]
async fn what_was_written_before_it_failed_is_not_missed() {
    let (world, metrics) = (World::new(), Arc::<Metrics>::default());
    world.journal.count_in(Arc::clone(&metrics));
    for left in 0..3 {
        world.journal.note(&Trail::default(), None, What::CodeWrong { left });
    }
    let mut writer = world.writing_to(vec![Box::new(BreaksOff)]);
    writer.turn(&writer_shared(&world.journal)).await;
    assert_eq!(counted(&metrics), (1, 2));
}

/// As long as a sink that hangs is waited for.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Takes nothing, and is given up.
struct Hangs;

#[async_trait]
impl AuditSink for Hangs {
    fn name(&self) -> &'static str {
        "hangs"
    }

    async fn write(&mut self, _: &[Event]) -> Result<(), Missed> {
        tokio::time::sleep(PATIENCE).await;
        Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
    }
}

/// What the end is told when the writer is in the midst of a write to a sink that hangs.
async fn end_beside_one_that_hangs(other: &Listening) -> Written {
    let world = World::new();
    let writer =
        Writer::past_the_store(&world.journal, vec![Box::new(Hangs), Box::new(other.clone())]);
    let running = tokio::spawn(writer.run());
    world.journal.note(&Trail::default(), None, What::CodeWrong { left: 1 });
    // Past the gathering, not to the end of the write.
    tokio::time::sleep(PATIENCE / 4).await;
    world.journal.note(&Trail::default(), None, What::StoreLeft);
    let written = world.journal.close(LAST_WRITE).await;
    running.await.unwrap();
    written
}

#[tokio::test(start_paused = true)]
async fn beside_a_sink_that_hangs_the_end_hears_that_another_has_all() {
    let other = Listening::default();
    assert_eq!(end_beside_one_that_hangs(&other).await, Written::Somewhere);
    assert_eq!(other.heard.load(Ordering::SeqCst), 2);
    other.fails.store(true, Ordering::SeqCst);
    assert_eq!(end_beside_one_that_hangs(&other).await, Written::Incomplete);
}
