use crate::lab::{Lab, address, give, in_namespace, interface, soon, without_ipv6};
use director_core::Input;
use director_engine::ports::Addresses;
use director_linux::{LinuxKernel, Watch};

/// Notifications that a test passes over, as of addresses that the kernel gives itself.
const PASSED_OVER: usize = 100;

fn changed(name: &str, up: bool) -> Input {
    Input::LinkChanged { interface: interface(name), up }
}

async fn until(watch: &mut Watch, wanted: &Input) {
    for _ in 0..PASSED_OVER {
        if soon(watch.next()).await.expect("the kernel tells") == *wanted {
            return;
        }
    }
    panic!("{wanted:?} was not told");
}

#[test]
fn the_present_state_comes_first_and_changes_follow() {
    in_namespace(|| async {
        let lab = Lab::new();
        lab.veth("v0", "v1").await;
        lab.down("v0").await;
        let mut watch =
            Watch::open([interface("v0"), interface("absent0")].into()).expect("a watch");
        assert_eq!(soon(watch.next()).await.expect("told"), changed("absent0", false));
        assert_eq!(soon(watch.next()).await.expect("told"), changed("v0", false));
        lab.up("v0").await;
        until(&mut watch, &changed("v0", true)).await;
        lab.down("v1").await;
        until(&mut watch, &changed("v0", false)).await;
        lab.up("v1").await;
        until(&mut watch, &changed("v0", true)).await;
        lab.remove("v0").await;
        until(&mut watch, &changed("v0", false)).await;
        lab.veth("absent0", "v1").await;
        until(&mut watch, &changed("absent0", true)).await;
    });
}

#[test]
fn addresses_that_come_and_go_are_told_of_watched_interfaces_only() {
    in_namespace(|| async {
        let lab = Lab::new();
        without_ipv6();
        lab.veth("v0", "v1").await;
        let mut watch = Watch::open([interface("v0")].into()).expect("a watch");
        until(&mut watch, &changed("v0", true)).await;
        give("192.0.2.1", 24, "v1");
        give("192.0.2.100", 24, "v0");
        assert_eq!(soon(watch.next()).await.expect("told"), Input::KernelChanged);
        LinuxKernel::new().remove_address(&address("192.0.2.100", 24, "v0")).expect("remove it");
        assert_eq!(soon(watch.next()).await.expect("told"), Input::KernelChanged);
        // The next news is this, so there was one notification for each change of v0, none for v1.
        lab.down("v0").await;
        assert_eq!(soon(watch.next()).await.expect("told"), changed("v0", false));
    });
}
