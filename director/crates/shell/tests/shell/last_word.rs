//! What the peers are told, or not, when the synchronisation daemon of an owner stops.

use crate::support::{Cluster, FakeKernel, Paper, config, on_one_thread, until_role};
use director_core::config::{Config, SyncDaemon, SyncSettings};
use director_core::name::InterfaceName;
use director_core::report::Role;
use std::num::{NonZeroU8, NonZeroU16};
use std::time::Duration;

fn synchronised() -> Config {
    let mut config = config();
    let refresh = Some(Duration::from_secs(10));
    config.cluster.sync = Some(SyncSettings {
        daemon: SyncDaemon {
            interface: InterfaceName::new("eth1").unwrap(),
            id: 7,
            group: "224.0.0.81".parse().unwrap(),
            port: NonZeroU16::new(8848).unwrap(),
            ttl: NonZeroU8::MIN,
            max_payload: None,
        },
        threshold: 3,
        period: 0,
        refresh,
        retries: 0,
        warm: SyncSettings::warm_by_default(refresh),
    });
    config
}

/// What a director writes down while it gives everything up.
async fn log_of_a_stop(kernel: &FakeKernel) -> String {
    let cluster = Cluster::default();
    let d1 = cluster.start_with(synchronised(), "d1", 1, kernel);
    until_role(&d1, Role::Active).await;
    let log = Paper::of(async {
        d1.stop().await;
        d1.task.await.unwrap().unwrap();
    })
    .await;
    assert!(kernel.state().sync.is_empty() && kernel.state().addresses.is_empty());
    log
}

const UNTOLD: &str = "the peers were not told of the latest connections";

#[tokio::test(start_paused = true)]
async fn a_last_word_that_fails_is_written_down_and_holds_nothing_up() {
    on_one_thread(async {
        let kernel = FakeKernel::default();
        kernel.swallow_last_words();
        let log = log_of_a_stop(&kernel).await;
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(UNTOLD)).collect();
        assert_eq!(lines.len(), 1, "{log}");
        assert!(lines[0].contains("the network is unreachable"), "{log}");
        let log = log_of_a_stop(&FakeKernel::default()).await;
        assert!(!log.contains(UNTOLD), "{log}");
    })
    .await;
}
