//! Addresses as people write them.

use crate::code::Code;
use crate::found::Found;
use crate::suggest::quote;
use crate::tree::Value;
use crate::value::text;
use director_core::config::VirtualAddress;
use director_core::name::InterfaceName;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;

/// An address and, where one is written, a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) address: IpAddr,
    pub(crate) port: Option<NonZeroU16>,
}

impl Endpoint {
    /// The address with its port, or with `port` when it has none of its own.
    pub(crate) fn with_port(self, port: u16) -> SocketAddr {
        SocketAddr::new(self.address, self.port.map_or(port, NonZeroU16::get))
    }
}

/// What is wrong with a text: the code, the message, the help.
type Wrong = (Code, String, String);

/// An address of a host.
pub(crate) fn host(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<IpAddr> {
    let text = text(key, value, found)?;
    report(host_text(text, "10.0.0.11"), value, found)
}

/// `10.0.0.21` or `10.0.0.21:80`.
pub(crate) fn endpoint(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<Endpoint> {
    let text = text(key, value, found)?;
    report(endpoint_text(text), value, found)
}

/// `10.0.0.100:80`.
pub(crate) fn socket(key: &str, value: &Value<'_>, found: &mut Found<'_>) -> Option<SocketAddr> {
    let endpoint = endpoint(key, value, found)?;
    let Some(port) = endpoint.port else {
        let message = format!("{} has no port", quote(key));
        let example = SocketAddr::new(endpoint.address, 80);
        let help = format!("write \"{example}\" with the port that clients use");
        found.add(Code::BadAddress, &value.span, message, help);
        return None;
    };
    Some(SocketAddr::new(endpoint.address, port.get()))
}

/// `10.0.0.100/24 on eth0`.
pub(crate) fn virtual_address(
    key: &str,
    value: &Value<'_>,
    found: &mut Found<'_>,
) -> Option<VirtualAddress> {
    let text = text(key, value, found)?;
    report(virtual_text(text), value, found)
}

fn report<T>(read: Result<T, Wrong>, value: &Value<'_>, found: &mut Found<'_>) -> Option<T> {
    read.map_err(|(code, message, help)| found.add(code, &value.span, message, help)).ok()
}

fn host_text(text: &str, example: &str) -> Result<IpAddr, Wrong> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let unusable = |what: &str| {
        let message = format!("{} is {what}, not the address of a host", quote(text));
        Err((Code::BadAddress, message, format!("write one such as \"{example}\"")))
    };
    match bare.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() => unusable("the unspecified address"),
        Ok(IpAddr::V4(Ipv4Addr::BROADCAST)) => unusable("the broadcast address"),
        Ok(address) if address.is_multicast() => unusable("a multicast address"),
        // It means something only together with an interface, which the kernel's table has not.
        Ok(IpAddr::V6(address)) if address.is_unicast_link_local() => {
            unusable("an address of one link only")
        }
        Ok(address) => Ok(address),
        Err(_) => Err(not_an_address(text, example)),
    }
}

fn not_an_address(text: &str, example: &str) -> Wrong {
    let message = format!("{} is not an address", quote(text));
    let is_name = text.chars().any(|c| c.is_ascii_alphabetic()) && !text.contains([' ', '/']);
    let help = if is_name {
        format!(
            "write an address such as \"{example}\": names are not looked up, so that a \
                 director works when name service does not"
        )
    } else {
        format!("write an address such as \"{example}\" or \"2001:db8::21\"")
    };
    (Code::BadAddress, message, help)
}

fn endpoint_text(text: &str) -> Result<Endpoint, Wrong> {
    let example = "10.0.0.21:80";
    // Colons inside brackets, or two of them, belong to an IPv6 address.
    let split = text.rsplit_once(':').filter(|(before, _)| {
        !before.contains(':') || (before.starts_with('[') && before.ends_with(']'))
    });
    let Some((address, port)) = split else {
        return Ok(Endpoint { address: host_text(text, example)?, port: None });
    };
    let address = host_text(address, example)?;
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = port.parse().ok().and_then(NonZeroU16::new).filter(|_| digits);
    let Some(port) = parsed else {
        let code = if digits { Code::OutOfRange } else { Code::BadAddress };
        let message = format!("{} in {} is not a port", quote(port), quote(text));
        let example = SocketAddr::new(address, 80);
        let help = format!("write a port from 1 to 65535, such as \"{example}\"");
        return Err((code, message, help));
    };
    Ok(Endpoint { address, port: Some(port) })
}

fn virtual_text(text: &str) -> Result<VirtualAddress, Wrong> {
    const FORM: &str = r#"write it as "10.0.0.100/24 on eth0""#;
    let wrong =
        |what: &str| Err((Code::BadAddress, format!("{} {what}", quote(text)), FORM.to_owned()));
    let words: Vec<&str> = text.split_whitespace().collect();
    let (network, interface) = match words[..] {
        [network, "on", interface] => (network, interface),
        [_] | [_, "on"] => return wrong("does not say on which interface"),
        _ => return wrong("is not a virtual address"),
    };
    let Some((address, prefix)) = network.split_once('/') else {
        return wrong("has no prefix length");
    };
    let address = host_text(address, "10.0.0.100")?;
    let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
    let (most, usual) = if address.is_ipv4() { (32, 24) } else { (128, 64) };
    let Some(prefix) = prefix.parse::<u8>().ok().filter(|length| digits && *length <= most) else {
        let message = format!("{} in {} is not a prefix length", quote(prefix), quote(text));
        let help = format!("write a length from 0 to {most}, such as \"{address}/{usual}\"");
        return Err((Code::OutOfRange, message, help));
    };
    let interface = InterfaceName::new(interface)
        .map_err(|error| (Code::BadName, format!("{}: {error}", quote(interface)), FORM.into()))?;
    Ok(VirtualAddress { address, prefix, interface, mac: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(read: Result<impl std::fmt::Debug, Wrong>) -> Code {
        read.unwrap_err().0
    }

    #[test]
    fn endpoints_have_a_port_or_not() {
        let text = |text| endpoint_text(text).map(|it| (it.address.to_string(), it.port));
        assert_eq!(text("10.0.0.1").unwrap(), ("10.0.0.1".into(), None));
        assert_eq!(text("10.0.0.1:80").unwrap(), ("10.0.0.1".into(), NonZeroU16::new(80)));
        assert_eq!(code(text("10.0.0.1:0")), Code::OutOfRange);
        assert_eq!(code(text("10.0.0.1:65536")), Code::OutOfRange);
        for bad in ["10.0.0.1:", "10.0.0.1:http", "10.0.0.1:+8", ":80", "", "web:80", "10.0.0.999"]
        {
            assert_eq!(code(text(bad)), Code::BadAddress, "{bad:?}");
        }
        let six = |port| ("2001:db8::1".to_owned(), NonZeroU16::new(port));
        assert_eq!(text("2001:db8::1").unwrap(), six(0));
        assert_eq!(text("[2001:db8::1]").unwrap(), six(0));
        assert_eq!(text("[2001:db8::1]:80").unwrap(), six(80));
        for bad in ["fe80::1", "ff02::1", "::", "[2001:db8::1", "2001:db8::1]:80", "[::1]80"] {
            assert_eq!(code(text(bad)), Code::BadAddress, "{bad:?}");
        }
    }

    #[test]
    fn virtual_addresses_have_prefix_and_interface() {
        let shown = |text| virtual_text(text).map(|address| address.to_string());
        assert_eq!(shown("10.0.0.100/24 on eth0").unwrap(), "10.0.0.100/24 on eth0");
        assert_eq!(shown(" 10.0.0.100/0  on\teth0.7 ").unwrap(), "10.0.0.100/0 on eth0.7");
        assert_eq!(code(shown("10.0.0.100/33 on eth0")), Code::OutOfRange);
        assert_eq!(code(shown("10.0.0.100/x on eth0")), Code::OutOfRange);
        assert_eq!(shown("2001:db8::1/64 on eth0").unwrap(), "2001:db8::1/64 on eth0");
        assert_eq!(code(shown("2001:db8::1/129 on eth0")), Code::OutOfRange);
        assert_eq!(code(shown("10.0.0.100/24 on a-name-that-is-too-long")), Code::BadName);
        for bad in ["", "10.0.0.100", "10.0.0.100/24", "10.0.0.100 on eth0", "224.0.0.1/8 on eth0"]
        {
            assert_eq!(code(shown(bad)), Code::BadAddress, "{bad:?}");
        }
    }
}
