#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use super::*;
use director_core::Input;
use director_core::name::NodeName;
use director_core::observed::Snapshot;
use director_core::plan::Ledger;
use director_engine::record::{Item, Reader};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

/// Nobody in it and nothing to do: only its words are written here.
const CONFIG: &str = r#"{
  "cluster": {
    "name": "pair", "keepalive": {"secs": 1, "nanos": 0}, "deadtime": {"secs": 3, "nanos": 0},
    "initdead": {"secs": 3, "nanos": 0}, "detection": "deadtime", "failback": "manual",
    "port": 694, "key-file": "cluster.key", "links": [], "lease": null, "witnesses": [],
    "voter": null, "fence": null, "notify": null,
    "announce": {"count": 1, "interval": {"secs": 1, "nanos": 0}, "refresh": null},
    "resync": {"secs": 10, "nanos": 0}, "sync": null, "check-marks": 7
  },
  "nodes": {}, "groups": {}, "services": {}, "alerts": {},
  "operations": {"metrics": null, "maintenance": null, "api": null}, "shared": null
}"#;

fn beginning() -> Beginning {
    Beginning {
        release: String::new(),
        node: NodeName::new("d1").unwrap(),
        seed: 1,
        at: Instant::ZERO,
        began: String::new(),
        config: Arc::new(serde_json::from_str(CONFIG).unwrap()),
        found: Snapshot::default(),
        ledger: Ledger::default(),
    }
}

/// A disk that takes nothing before it is let, and then all.
struct Slow {
    let_go: Receiver<()>,
    taken: Arc<Mutex<Vec<u8>>>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _closed_when_all_is_taken = self.let_go.recv();
        self.taken.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn slow(room: usize) -> (Recording, Sender<()>, Arc<Mutex<Vec<u8>>>) {
    let (go, let_go) = channel();
    let taken = Arc::new(Mutex::new(Vec::new()));
    let disk = Slow { let_go, taken: Arc::clone(&taken) };
    let sink = Sink::open((disk, PathBuf::from("slow"), room), beginning()).unwrap();
    (Recording { to: Some(sink), turn: None }, go, taken)
}

fn deadlines(recording: &mut Recording, count: usize) {
    for _ in 0..count {
        recording.begins(|| Cause::Told(Input::Deadline), Instant::ZERO);
        recording.ends(None);
    }
}

/// How many turns are in a record, and what is behind them.
fn read(text: &[u8]) -> (usize, Item) {
    let (_, mut reader) = Reader::open(text).unwrap();
    let mut count = 0;
    loop {
        match reader.item().unwrap() {
            Item::Turn { .. } => count += 1,
            last => return (count, last),
        }
    }
}

/// Waits until the thread has nothing more to say.
fn close(recording: &mut Recording) {
    // Who found that the thread has ended already has let go of it.
    let Some(sink) = recording.to.take() else { return };
    let Sink { turns, done, .. } = sink;
    drop(turns);
    assert!(done.recv().is_err());
}

#[test]
fn a_slow_disk_delays_nobody_and_the_record_says_that_it_was() {
    let (mut recording, go, taken) = slow(usize::MAX);
    let done = {
        deadlines(&mut recording, 1);
        let (_, closed) = sync_channel(0);
        std::mem::replace(&mut recording.to.as_mut().unwrap().done, closed)
    };
    // The queue, and what the thread has in its hands.
    deadlines(&mut recording, 2 * WAITING);
    assert!(recording.to.is_none(), "it waits for nobody");
    deadlines(&mut recording, 3);
    assert!(taken.lock().unwrap().is_empty());
    drop(go);
    assert!(done.recv().is_err(), "the thread ends");
    let text = taken.lock().unwrap().clone();
    let (count, last) = read(&text);
    assert_eq!(last, Item::End(End::Behind));
    assert!((WAITING..2 * WAITING).contains(&count), "{count}");
}

#[test]
fn a_record_ends_before_it_is_larger_than_it_may_be() {
    for room in 1_800..1_900 {
        let (mut recording, go, taken) = slow(room);
        drop(go);
        deadlines(&mut recording, 100);
        close(&mut recording);
        let text = taken.lock().unwrap().clone();
        assert!(text.len() <= room, "{} of {room} bytes", text.len());
        let (count, last) = read(&text);
        assert_eq!(last, Item::End(End::Full));
        assert!(count > 0 && count < 100, "{count}");
    }
}

#[test]
fn a_director_that_ends_says_so_and_one_that_breaks_off_does_not() {
    for (stops, wanted) in [(true, Item::End(End::Stopped)), (false, Item::Open { cut: false })] {
        let (mut recording, go, taken) = slow(usize::MAX);
        drop(go);
        deadlines(&mut recording, 3);
        if stops {
            recording.stops();
            deadlines(&mut recording, 3);
        }
        drop(recording);
        assert_eq!(read(&taken.lock().unwrap().clone()), (3, wanted));
    }
}

#[test]
fn a_disk_that_takes_nothing_ends_the_record_alone() {
    /// It is full.
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let sink = Sink::open((Full, PathBuf::from("full"), usize::MAX), beginning()).unwrap();
    assert!(sink.done.recv().is_err(), "the thread ends");
    let mut recording = Recording { to: Some(sink), turn: None };
    deadlines(&mut recording, 1);
    assert!(recording.to.is_none());
    deadlines(&mut recording, 1);
    recording.stops();
}

#[test]
fn earlier_records_are_kept_and_nobody_else_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d1.record");
    for number in 0..6 {
        let mut made = RecordFile::create(&path, usize::MAX).unwrap();
        let mode = made.file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        write!(made.file, "{number}").unwrap();
    }
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let held: Vec<String> =
        names.iter().map(|name| fs::read_to_string(folder.path().join(name)).unwrap()).collect();
    assert_eq!(names, ["d1.record", "d1.record.1", "d1.record.2", "d1.record.3"]);
    assert_eq!(held, ["5", "4", "3", "2"]);
    let missing = folder.path().join("no/such/folder");
    RecordFile::create(&missing, usize::MAX).unwrap_err();
}
