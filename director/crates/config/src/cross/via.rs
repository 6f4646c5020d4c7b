//! Checks through the service: whether there is a way, and firewall marks for it.

use crate::code::Code;
use crate::document::Draft;
use crate::found::Found;
use crate::service;
use director_core::config::{Forward, Via};

pub(super) fn check(service: &service::Draft, found: &mut Found<'_>) {
    let Some(check) = service.check.as_ref().filter(|check| check.value.via == Via::Service) else {
        return;
    };
    let place = &check.span;
    let name = &service.name;
    if !check.value.dialogue.has_port() {
        let word = check.value.dialogue.word();
        let message = format!(
            "the check of service {name} cannot go through the service: type \"{word}\" asks no \
             port"
        );
        found.add(Code::NoEffect, place, message, "leave `via` out, or ask a port");
    }
    let list = service.servers.as_ref().map_or(&[][..], |servers| &servers.value.list);
    for server in list {
        let forward = server.forward.and_then(|own| own.or(service.forward));
        if forward == Some(Forward::Nat) {
            let message = format!(
                "the check of service {name} cannot go through the service to {}: with NAT, \
                 clients' packets go to the server's own address too",
                server.endpoint.value.address
            );
            found.add(Code::NoEffect, place, message, "leave `via` out");
            break;
        }
    }
    address(service, found);
}

/// The director must know an address of the service, and which of several is asked.
fn address(service: &service::Draft, found: &mut Found<'_>) {
    let (Some(check), Some(key)) = (&service.check, &service.listen.key) else { return };
    let sockets = &service.listen.sockets;
    if key.value.mark().is_none() {
        return;
    }
    let name = &service.name;
    if sockets.is_empty() {
        let message = format!(
            "the check of service {name} cannot go through the service: a firewall mark alone \
             does not say to which address"
        );
        let help = "write what is marked: listen = [\"10.0.0.100:80\"], or leave `via` out";
        found.add(Code::MissingKey, &check.span, message, help);
    } else if let Some(port) = check.value.port
        && !sockets.iter().any(|socket| socket.value.port() == port.get())
    {
        let message = format!(
            "the check of service {name} cannot go through the service: nothing that it listens \
             on has port {port}"
        );
        found.add(Code::NoCheckPort, &check.span, message, "name a port of `listen`");
    }
}

/// Marks of services are none of those that the director gives to its own checks.
pub(super) fn marks(draft: &Draft, found: &mut Found<'_>) {
    let Some(ours) = draft.cluster.as_ref().and_then(|cluster| cluster.check_marks) else { return };
    for service in &draft.services.list {
        let Some(key) = &service.listen.key else { continue };
        if !ours.has(&key.value) {
            continue;
        }
        let message = format!(
            "the firewall mark of service {} is among the 65536 from {} that the director's checks \
             use",
            service.name,
            ours.first()
        );
        let help = "choose another mark, or write other check-marks in [cluster]";
        found.add(Code::DuplicateService, &key.span, message, help);
    }
}
