//! Two directors, whole but for their hosts, on a clock that stands still unless everybody waits.

use crate::support::{
    Cluster, FakeKernel, Manner, Running, config, on_one_thread, server, settled, until_role,
};
use director_core::config::Weight;
use director_core::name::NodeName;
use director_core::order::{Author, Order as Operation};
use director_core::report::{Health, PeerState, Role};
use director_core::standing::Duty;
use director_shell::Order;
use director_shell::manager::News;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::sleep;

fn weights(director: &Running) -> Vec<Weight> {
    let state = director.kernel.state();
    state.services.values().flat_map(|s| s.servers.values()).map(|s| s.weight).collect()
}

#[tokio::test(start_paused = true)]
async fn a_pair_agrees_on_an_owner_and_fills_both_tables() {
    on_one_thread(async {
        let (d1, d2) = settled(&Cluster::default()).await;
        assert!(d1.holds_address());
        assert!(!d2.holds_address());
        assert_eq!(d1.announcements(), 3);
        assert_eq!(d2.announcements(), 0);
        for director in [&d1, &d2] {
            assert_eq!(weights(director), [Weight(10), Weight(10)]);
            let view = director.view().await;
            assert!(view.kernel.converged);
            assert_eq!(view.peers[0].state, PeerState::Alive);
            assert!(view.peers[0].links.iter().all(|link| link.up));
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_standby_takes_over_from_a_director_that_vanishes() {
    on_one_thread(async {
        let (d1, d2) = settled(&Cluster::default()).await;
        d1.crash().await;
        let took = until_role(&d2, Role::Active).await;
        // Late after 150 ms at the most, then a burst and half an interval for the answer.
        assert!(took < Duration::from_millis(300), "{took:?}");
        assert!(d2.holds_address());
        sleep(Duration::from_secs(1)).await;
        assert_eq!(d2.announcements(), 3);
        assert_eq!(d2.view().await.peers[0].state, PeerState::Dead);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_hands_over_at_once_and_leaves_nothing() {
    on_one_thread(async {
        let (d1, d2) = settled(&Cluster::default()).await;
        d1.stop().await;
        let took = until_role(&d2, Role::Active).await;
        assert!(took < Duration::from_millis(50), "{took:?}");
        assert!(!d1.holds_address());
        let (kernel, news) = (d1.kernel.clone(), d1.news());
        d1.task.await.unwrap().unwrap();
        assert!(kernel.state().services.is_empty());
        assert!(news.contains(&News::Stopping));
        assert_eq!(d2.view().await.peers[0].state, PeerState::Left);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_handover_is_answered_and_carried_out() {
    on_one_thread(async {
        let (d1, d2) = settled(&Cluster::default()).await;
        let (reply, answer) = oneshot::channel();
        let operation = Operation::Handover { group: None };
        d1.orders.send(Order::Operate(operation, Author::default(), reply)).await.unwrap();
        assert_eq!(answer.await.unwrap(), Ok(NodeName::new("d1").unwrap()));
        until_role(&d2, Role::Active).await;
        assert!(d2.holds_address() && !d1.holds_address());
        assert!(d1.view().await.groups[0].resting);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_restarted_director_adopts_what_is_in_its_kernel() {
    on_one_thread(async {
        let cluster = Cluster::default();
        let kernel = FakeKernel::default();
        let d1 = cluster.start("d1", 1, &kernel);
        until_role(&d1, Role::Active).await;
        sleep(Duration::from_secs(5)).await;
        let before = kernel.state();
        d1.crash().await;
        let d1 = cluster.start("d1", 3, &kernel);
        for _ in 0..100 {
            assert_eq!(kernel.state(), before);
            sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(d1.view().await.groups[0].role, Role::Active);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_server_loses_its_weight_and_gets_it_back() {
    on_one_thread(async {
        let cluster = Cluster::default();
        let (d1, _d2) = settled(&cluster).await;
        cluster.servers.set(server(1), Manner::Refuses);
        sleep(Duration::from_secs(4)).await;
        assert_eq!(weights(&d1), [Weight::ZERO, Weight(10)]);
        let view = d1.view().await;
        assert_eq!(view.services[0].servers[0].health, Health::Down);
        assert!(view.services[0].servers[0].why.contains("refused"));
        cluster.servers.heal();
        sleep(Duration::from_secs(4)).await;
        assert_eq!(weights(&d1), [Weight(10), Weight(10)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_reload_with_problems_keeps_the_configuration() {
    on_one_thread(async {
        let (d1, _d2) = settled(&Cluster::default()).await;
        let before = d1.view().await.config;
        d1.reload(Err(vec!["director.toml:3:1: no".into()])).await;
        assert_eq!(d1.view().await.config, before);
        let mut moved = config();
        moved.cluster.port = std::num::NonZeroU16::new(7000).unwrap();
        d1.reload(Ok(moved)).await;
        assert_eq!(d1.view().await.config, before, "a port cannot change under way");
        assert!(d1.holds_address());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_reload_without_problems_is_used() {
    on_one_thread(async {
        let (d1, _d2) = settled(&Cluster::default()).await;
        let mut smaller = config();
        for service in smaller.services.values_mut() {
            service.servers.remove(&server(2));
        }
        let digest = smaller.digest();
        d1.reload(Ok(smaller)).await;
        assert_eq!(d1.view().await.config, digest);
        sleep(Duration::from_secs(2)).await;
        assert_eq!(weights(&d1), [Weight(10)]);
        let ready = d1.news().iter().filter(|news| matches!(news, News::Ready(_))).count();
        assert_eq!(ready, 2);
        assert!(d1.news().contains(&News::Reloading));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_kernel_that_keeps_its_address_cannot_keep_the_process() {
    on_one_thread(async {
        let (d1, d2) = settled(&Cluster::default()).await;
        d1.kernel.refuse_release();
        d1.stop().await;
        let ended = tokio::time::timeout(Duration::from_secs(15), d1.task).await;
        let failed = ended.expect("it ends by itself").unwrap().unwrap_err();
        assert!(failed.to_string().contains("did not release 10.0.0.100/24 on eth0"), "{failed}");
        // Its pass is on a thread of its own, which the clock of this test does not wait for.
        until_role(&d2, Role::Active).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_is_ordered_on_one_director_holds_on_both() {
    on_one_thread(async {
        let (d1, d2) = settled(&Cluster::default()).await;
        let (reply, answer) = oneshot::channel();
        let server = "10.0.0.21".parse().unwrap();
        let operation = Operation::Drain { server, deadline: None, force: false };
        let by = Author { who: "root".into(), why: "new disk".into() };
        d2.orders.send(Order::Operate(operation, by, reply)).await.unwrap();
        assert_eq!(answer.await.unwrap(), Ok(NodeName::new("d2").unwrap()));
        sleep(Duration::from_millis(50)).await;
        for director in [&d1, &d2] {
            assert_eq!(weights(director)[0], Weight::ZERO);
            let view = director.view().await;
            let drained = &view.services[0].servers[0];
            assert_eq!(drained.duty, Duty::Drain { deadline: None });
            assert_eq!(drained.health, Health::Up, "it is checked on");
        }
    })
    .await;
}
