//! How far a run had come that was killed: one that stood still is told from one that was slow.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

/// Whoever has written nothing for so long has not been slow, but stood still.
const STILL: Duration = Duration::from_secs(30);

/// Every record has the time that had passed in the run.
#[derive(Deserialize)]
struct At {
    at_ns: u64,
}

/// Until when the nodes had recorded anything, and when they last did.
pub(super) fn told(directory: &Path) -> String {
    let files = fs::read_dir(directory.join("records")).into_iter().flatten().flatten();
    let files: Vec<_> = files.map(|file| file.path()).collect();
    let Some(latest) = files.iter().filter_map(|file| latest(file)).max() else {
        return "it had recorded nothing".to_owned();
    };
    let written = files.iter().filter_map(|file| fs::metadata(file).ok()?.modified().ok()).max();
    let silent = written.and_then(|at| SystemTime::now().duration_since(at).ok());
    let silent = silent.unwrap_or_default();
    let seconds = latest.as_secs_f64();
    if silent < STILL {
        return format!("it had come to {seconds:.1} s of its time, and was still going on");
    }
    format!(
        "it had come to {seconds:.1} s of its time, {} s before; a program in it that waits in a \
         busy loop stops simulated time",
        silent.as_secs()
    )
}

/// The time of the last record that is whole.
fn latest(file: &Path) -> Option<Duration> {
    let text = fs::read_to_string(file).ok()?;
    let whole = &text[..text.rfind('\n')?];
    let last = whole.rsplit('\n').next()?;
    serde_json::from_str::<At>(last).ok().map(|at| Duration::from_nanos(at.at_ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_whole_record_of_all_nodes_counts() {
        let directory = std::env::temp_dir().join(format!("lab-reached-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        assert_eq!(told(&directory), "it had recorded nothing");
        fs::create_dir_all(directory.join("records")).unwrap();
        let put = |name: &str, text: &str| fs::write(directory.join("records").join(name), text);
        put("gw.jsonl", "{\"at_ns\":1000000000}\n{\"at_ns\":2500000000}\n{\"at_ns\":93").unwrap();
        put("d1.jsonl", "{\"at_ns\":2000000000}\n").unwrap();
        let said = told(&directory);
        assert_eq!(said, "it had come to 2.5 s of its time, and was still going on");
        let long_ago = SystemTime::now() - Duration::from_secs(90);
        for name in ["gw.jsonl", "d1.jsonl"] {
            let file = fs::File::options().append(true).open(directory.join("records").join(name));
            file.unwrap().set_modified(long_ago).unwrap();
        }
        assert!(told(&directory).starts_with("it had come to 2.5 s of its time, 90 s before"));
        fs::remove_dir_all(&directory).unwrap();
    }
}
