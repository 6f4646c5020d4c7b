use crate::lab::{Capture, Lab, Neighbours, address, give, in_namespace};
use director_engine::ports::{Announcer, KernelError};
use director_linux::LinuxAnnouncer;

const MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x0b];
const OTHER_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x0c];

fn arp_announcement(mac: [u8; 6]) -> Vec<u8> {
    [
        &[0xff; 6][..],
        &mac,
        &[0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1],
        &mac,
        &[192, 0, 2, 100],
        &[0; 6],
        &[192, 0, 2, 100],
    ]
    .concat()
}

fn is_arp(frame: &[u8]) -> bool {
    frame[12..14] == [0x08, 0x06]
}

/// An unsolicited advertisement (to all nodes, flags with "override") for 2001:db8::100.
fn advertises(frame: &[u8]) -> bool {
    frame[..6] == [0x33, 0x33, 0, 0, 0, 1]
        && frame[12..14] == [0x86, 0xdd]
        && frame[54] == 136
        && frame[58] & 0x20 != 0
        && frame[76..78] == [0x01, 0x00]
}

#[test]
fn the_neighbour_gets_the_arp_announcement_to_the_byte() {
    in_namespace(|| async {
        let lab = Lab::new();
        lab.veth("v0", "v1").await;
        lab.set_mac("v0", MAC).await;
        give("192.0.2.100", 24, "v0");
        let mut capture = Capture::on("v1");
        let mut announcer = LinuxAnnouncer::new();
        let vip = address("192.0.2.100", 24, "v0");
        announcer.announce(&vip).expect("announce");
        assert_eq!(capture.next(is_arp), arp_announcement(MAC));

        lab.set_mac("v0", OTHER_MAC).await;
        announcer.announce(&vip).expect("announce");
        let frame = capture.next(|frame| is_arp(frame) && frame[6..12] == OTHER_MAC);
        assert_eq!(frame, arp_announcement(OTHER_MAC), "the MAC address is looked up again");
    });
}

#[test]
fn the_neighbour_gets_the_advertisement_of_an_ipv6_address() {
    in_namespace(|| async {
        let lab = Lab::new();
        lab.veth("v0", "v1").await;
        lab.set_mac("v0", MAC).await;
        let mut capture = Capture::on("v1");
        let mut announcer = LinuxAnnouncer::new();
        announcer.announce(&address("2001:db8::100", 64, "v0")).expect("announce");
        let frame = capture.next(advertises);
        assert_eq!(frame[78..], [2, 1, 0x02, 0, 0, 0, 0, 0x0b]);
    });
}

/// The point of it all: a neighbour that has the old owner's MAC address must have the new one at
/// once, also within the second for which Linux locks a fresh entry against other ARP packets.
#[test]
fn a_linux_neighbour_takes_the_announcement_over() {
    in_namespace(|| async {
        let lab = Lab::new();
        lab.veth("v0", "v1").await;
        give("192.0.2.1", 24, "v1");
        let mut neighbours = Neighbours::listen();
        let mut announcer = LinuxAnnouncer::new();
        let vip = address("192.0.2.100", 24, "v0");
        // Only with this setting does an announcement make an entry; it changes one without it.
        for (mac, accept) in [(MAC, "1"), (OTHER_MAC, "0")] {
            std::fs::write("/proc/sys/net/ipv4/conf/v1/arp_accept", accept).expect("set it");
            lab.set_mac("v0", mac).await;
            announcer.announce(&vip).expect("announce");
            neighbours.until(vip.address, mac).await;
        }
    });
}

#[test]
fn what_cannot_be_announced_is_told() {
    in_namespace(|| async {
        let lab = Lab::new();
        lab.veth("v0", "v1").await;
        let mut announcer = LinuxAnnouncer::new();
        let absent = announcer.announce(&address("192.0.2.100", 24, "absent0"));
        assert_eq!(absent, Err(KernelError::Missing));
        lab.down("v0").await;
        let down = announcer.announce(&address("192.0.2.100", 24, "v0")).expect_err("it is down");
        assert_eq!(down.to_string(), "cannot announce 192.0.2.100/24 on v0: Network is down");
        let loopback = announcer.announce(&address("192.0.2.100", 32, "lo"));
        assert_eq!(loopback, Ok(()), "nobody there needs to know");
    });
}
