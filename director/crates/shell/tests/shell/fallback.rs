//! The command of a fallback.

use crate::support::{Cluster, FakeKernel, Manner, config, on_one_thread, server, until_role};
use director_core::config::{Config, Hook};
use director_core::report::Role;
use std::path::Path;
use std::time::Duration;
use tokio::time::sleep;

/// Checks and beats so fast that the real clock may tick.
fn quick(script: &str) -> Config {
    let mut config = config();
    config.cluster.initdead = Duration::from_millis(300);
    config.services.values_mut().for_each(|service| {
        service.check.interval = Duration::from_millis(50);
        service.check.timeout = Duration::from_millis(40);
        let command = ["/bin/sh", "-c", script, "fallback"].map(str::to_owned).to_vec();
        service.fallback_command = Some(Hook { command, timeout: Duration::from_secs(20) });
    });
    config
}

/// Waits until the command has written so many lines; a minute is far more than it takes.
async fn lines(file: &Path, count: usize) -> Vec<String> {
    for _ in 0..6000 {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if text.lines().count() >= count {
            return text.lines().map(str::to_owned).collect();
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", std::fs::read_to_string(file));
}

#[tokio::test]
async fn it_is_run_when_the_fallback_comes_and_goes_in_order_and_never_twice_at_once() {
    on_one_thread(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log");
        // Two at once would write into each other's lines.
        let script = format!(
            "echo begin $1 $2 $3 $DIRECTOR_SERVICE >> {0}; echo end $1 >> {0}",
            file.display()
        );
        let cluster = Cluster::default();
        let d1 = cluster.start_with(quick(&script), "d1", 1, &FakeKernel::default());
        until_role(&d1, Role::Active).await;
        let all = |sick: bool| {
            cluster.servers.heal();
            let servers = [1, 2].map(server).into_iter().filter(|_| sick);
            servers.for_each(|server| cluster.servers.set(server, Manner::Refuses));
        };
        let of =
            |word: &str| [format!("begin {word} 10.0.0.100:80 tcp http"), format!("end {word}")];
        all(true);
        assert_eq!(lines(&file, 2).await, of("start"));
        all(false);
        let both = [of("start"), of("stop")].concat();
        assert_eq!(lines(&file, 4).await, both);
        all(true);
        lines(&file, 6).await;
        // A director that stops takes its table away, and the fallback with it.
        d1.stop().await;
        d1.task.await.unwrap().unwrap();
        assert_eq!(lines(&file, 8).await, [both.clone(), both].concat());
    })
    .await;
}
