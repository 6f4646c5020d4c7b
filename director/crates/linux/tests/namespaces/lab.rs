//! Namespaces, interfaces and captures for the tests.

use director_core::config::VirtualAddress;
use director_core::name::InterfaceName;
use director_core::observed::Lifetime;
use director_engine::ports::Addresses;
use director_linux::LinuxKernel;
use futures::channel::mpsc::UnboundedReceiver;
use futures::{StreamExt, TryStreamExt};
use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkMessage, State};
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute};
use nix::net::if_::if_nametoindex;
use nix::sched::{CloneFlags, setns, unshare};
use pnet::datalink::{self, Channel, DataLinkReceiver};
use rtnetlink::{Handle, LinkMessageBuilder, LinkUnspec, LinkVeth, MulticastGroup};
use std::fs::File;
use std::future::Future;
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::time::Duration;

type Told = (NetlinkMessage<RouteNetlinkMessage>, rtnetlink::sys::SocketAddr);

/// The longest that any test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Frames that a capture looks at before it gives up.
const FRAMES: usize = 1_000;

/// Runs a test on a thread in a new network namespace, inside a tokio runtime. Where no namespace
/// can be made the test is skipped, and says so.
pub(crate) fn in_namespace<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    let thread = std::thread::spawn(|| {
        if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) {
            eprintln!("SKIPPED: a network namespace cannot be made: {errno}");
            return;
        }
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(test());
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Switches IPv6 off for interfaces that are made from now on: the addresses that the kernel gives
/// itself would come in between.
pub(crate) fn without_ipv6() {
    std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").expect("switch IPv6 off");
}

/// A network namespace that the test's thread can go to.
pub(crate) struct Namespace(File);

impl Namespace {
    /// The one that the thread is in.
    pub(crate) fn here() -> Self {
        Self(File::open("/proc/thread-self/ns/net").expect("this namespace"))
    }

    /// A new one; the thread goes there.
    pub(crate) fn new() -> Self {
        unshare(CloneFlags::CLONE_NEWNET).expect("a namespace");
        Self::here()
    }

    /// Goes there.
    pub(crate) fn enter(&self) {
        setns(&self.0, CloneFlags::CLONE_NEWNET).expect("enter the namespace");
    }
}

/// Interfaces of the namespace that the thread was in when this was made.
pub(crate) struct Lab(Handle);

impl Lab {
    pub(crate) fn new() -> Self {
        let (connection, handle, _) = rtnetlink::new_connection().expect("a netlink socket");
        tokio::spawn(connection);
        Self(handle)
    }

    /// A pair of interfaces that are each other's neighbour, ready to carry frames.
    pub(crate) async fn veth(&self, one: &str, other: &str) {
        self.pair(one, other).await;
        self.up(one).await;
        self.up(other).await;
        self.carrier(one).await;
        self.carrier(other).await;
    }

    /// A pair of interfaces that are each other's neighbour, both down.
    pub(crate) async fn pair(&self, one: &str, other: &str) {
        let pair = LinkVeth::new(one, other).build();
        self.0.link().add(pair).execute().await.expect("make a veth pair");
    }

    pub(crate) async fn up(&self, name: &str) {
        self.set(link(name).up()).await;
    }

    /// Waits until an interface is operational; what is sent before that is dropped without a word.
    pub(crate) async fn carrier(&self, name: &str) {
        let (connection, _, mut told) =
            rtnetlink::new_multicast_connection(&[MulticastGroup::Link]).expect("a netlink socket");
        let connection = tokio::spawn(connection);
        let mut now = self.0.link().get().match_name(name.to_owned()).execute();
        let mut up = is_up(&soon(now.try_next()).await.expect("an answer").expect("a link"), name);
        for _ in 0..FRAMES {
            if up {
                break;
            }
            let (message, _) = soon(told.next()).await.expect("the kernel tells");
            up = matches!(
                message.payload,
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewLink(link))
                    if is_up(&link, name)
            );
        }
        connection.abort();
        assert!(up, "{name} does not come up");
    }

    pub(crate) async fn down(&self, name: &str) {
        self.set(link(name).down()).await;
    }

    pub(crate) async fn set_mac(&self, name: &str, mac: [u8; 6]) {
        self.set(link(name).address(mac.to_vec())).await;
    }

    pub(crate) async fn move_to(&self, name: &str, namespace: &Namespace) {
        self.set(link(name).setns_by_fd(namespace.0.as_raw_fd())).await;
    }

    /// The interface must be down.
    pub(crate) async fn rename(&self, name: &str, to: &str) {
        let index = if_nametoindex(name).expect("an interface");
        self.set(LinkUnspec::new_with_index(index).name(to)).await;
    }

    pub(crate) async fn remove(&self, name: &str) {
        let index = if_nametoindex(name).expect("an interface");
        self.0.link().del(index).execute().await.expect("remove an interface");
    }

    async fn set(&self, change: LinkMessageBuilder<LinkUnspec>) {
        self.0.link().set(change.build()).execute().await.expect("change an interface");
    }
}

fn link(name: &str) -> LinkMessageBuilder<LinkUnspec> {
    LinkUnspec::new_with_name(name)
}

fn is_up(link: &LinkMessage, name: &str) -> bool {
    link.attributes.contains(&LinkAttribute::IfName(name.to_owned()))
        && link.attributes.contains(&LinkAttribute::OperState(State::Up))
}

/// Waits for something that must happen soon.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("nothing happened in time")
}

pub(crate) fn interface(name: &str) -> InterfaceName {
    InterfaceName::new(name).expect("a name")
}

/// `10.0.0.1/24 on eth0`, in parts.
pub(crate) fn address(address: &str, prefix: u8, name: &str) -> VirtualAddress {
    VirtualAddress {
        address: address.parse().expect("an address"),
        prefix,
        interface: interface(name),
        mac: None,
    }
}

/// Puts an address on an interface.
pub(crate) fn give(text: &str, prefix: u8, name: &str) {
    let held = address(text, prefix, name);
    LinuxKernel::new().add_address(&held, Lifetime::Forever).expect("add an address");
}

/// What arrives on an interface from now on.
pub(crate) struct Capture(Box<dyn DataLinkReceiver>);

impl Capture {
    pub(crate) fn on(name: &str) -> Self {
        let all = datalink::interfaces();
        let interface = all.into_iter().find(|one| one.name == name).expect("an interface");
        let config = datalink::Config { read_timeout: Some(PATIENCE), ..Default::default() };
        match datalink::channel(&interface, config) {
            Ok(Channel::Ethernet(_, receiver)) => Self(receiver),
            Ok(_) => panic!("no Ethernet channel on {name}"),
            Err(error) => panic!("cannot capture on {name}: {error}"),
        }
    }

    /// The next frame that is wanted.
    pub(crate) fn next(&mut self, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        for _ in 0..FRAMES {
            let frame = self.0.next().expect("a frame in time");
            if wanted(frame) {
                return frame.to_vec();
            }
        }
        panic!("the frame was not among {FRAMES}");
    }
}

/// What the kernel tells of its table of neighbours.
pub(crate) struct Neighbours(UnboundedReceiver<Told>);

impl Neighbours {
    pub(crate) fn listen() -> Self {
        let (connection, _, told) =
            rtnetlink::new_multicast_connection(&[MulticastGroup::Neigh]).expect("a socket");
        tokio::spawn(connection);
        Self(told)
    }

    /// Waits until the entry of the address has this MAC address.
    pub(crate) async fn until(&mut self, address: IpAddr, mac: [u8; 6]) {
        let IpAddr::V4(address) = address else { panic!("{address} has no ARP entry") };
        let destination = NeighbourAttribute::Destination(NeighbourAddress::Inet(address));
        let hardware = NeighbourAttribute::LinkLayerAddress(mac.to_vec());
        for _ in 0..FRAMES {
            let (message, _) = soon(self.0.next()).await.expect("the kernel tells");
            let NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewNeighbour(entry)) =
                message.payload
            else {
                continue;
            };
            let attributes = &entry.attributes;
            if attributes.contains(&destination) && attributes.contains(&hardware) {
                return;
            }
        }
        panic!("{address} did not get {mac:02x?}");
    }
}
