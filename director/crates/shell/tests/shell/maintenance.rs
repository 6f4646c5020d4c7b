//! Servers that are taken out by files in a directory.

use crate::support::{
    Cluster, FakeKernel, on_one_thread, out, server, until_role, until_weight, weight,
};
use director_core::config::Weight;
use director_core::report::Role;
use director_core::standing::Duty;
use director_shell::maintenance;
use std::fs;
use std::time::Duration;
use tokio::time::sleep;

/// The directory is looked at so often, and a check may have just been made.
const SOON: Duration = Duration::from_secs(4);

#[tokio::test(start_paused = true)]
async fn a_file_takes_a_server_out_and_its_end_brings_it_back_after_a_good_check() {
    on_one_thread(async {
        let (cluster, folder) = (Cluster::default(), tempfile::tempdir().unwrap());
        let d1 = cluster.start("d1", 1, &FakeKernel::default());
        until_role(&d1, Role::Active).await;
        until_weight(&d1, &server(1), 10).await;
        tokio::task::spawn_local(maintenance::watch(folder.path().into(), d1.changes.clone()));
        let file = |name: &str| folder.path().join(name);
        sleep(SOON).await;
        assert_eq!(weight(&d1, &server(1)), Some(Weight(10)));
        // What names no server does nothing; an address without a port means every port.
        fs::write(file("notes~"), "").unwrap();
        fs::write(file("10.0.0.21"), "").unwrap();
        assert!(out(&d1, &server(1)).await < SOON);
        let view = d1.view().await;
        assert_eq!(view.services[0].servers[0].duty, Duty::Maintenance);
        assert_eq!(weight(&d1, &server(2)), Some(Weight(10)));
        cluster.servers.asked(server(1));
        sleep(SOON).await;
        assert!(cluster.servers.asked(server(1)).is_empty(), "nobody is asked who is worked on");
        fs::remove_file(file("10.0.0.21")).unwrap();
        assert!(until_weight(&d1, &server(1), 10).await < SOON);
        assert!(!cluster.servers.asked(server(1)).is_empty(), "not before it was asked");
        // With its port, and when the directory itself goes.
        fs::write(file("10.0.0.22:80"), "").unwrap();
        assert!(out(&d1, &server(2)).await < SOON);
        fs::write(file("10.0.0.21:81"), "").unwrap();
        sleep(SOON).await;
        assert_eq!(weight(&d1, &server(1)), Some(Weight(10)), "that is another port");
        fs::remove_dir_all(folder.path()).unwrap();
        assert!(until_weight(&d1, &server(2), 10).await < SOON);
    })
    .await;
}
