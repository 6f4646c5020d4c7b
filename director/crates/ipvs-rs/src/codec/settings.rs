use std::time::Duration;

use super::seconds;
use crate::attribute::Attribute;
use crate::error::{DecodeError, Invalid};
use crate::settings::{Config, Info, Version};
use crate::uapi::{
    CMD_ATTR_TIMEOUT_TCP, CMD_ATTR_TIMEOUT_TCP_FIN, CMD_ATTR_TIMEOUT_UDP, INFO_ATTR_CONN_TAB_SIZE,
    INFO_ATTR_VERSION,
};

/// Timeouts stand at the top level of their message, in no container.
pub(crate) fn config_attributes(config: &Config) -> Result<Vec<Attribute>, Invalid> {
    let mut attributes = Vec::new();
    for (kind, what, time) in [
        (CMD_ATTR_TIMEOUT_TCP, "TCP timeout", config.tcp),
        (CMD_ATTR_TIMEOUT_TCP_FIN, "TCP timeout after FIN", config.tcp_fin),
        (CMD_ATTR_TIMEOUT_UDP, "UDP timeout", config.udp),
    ] {
        if let Some(time) = time {
            attributes.push(Attribute::u32(kind, seconds(what, time)?));
        }
    }
    Ok(attributes)
}

pub(crate) fn config_from(attributes: &[Attribute]) -> Result<Config, DecodeError> {
    let mut config = Config::default();
    for attribute in attributes {
        let (slot, name) = match attribute.number() {
            CMD_ATTR_TIMEOUT_TCP => (&mut config.tcp, "TCP timeout"),
            CMD_ATTR_TIMEOUT_TCP_FIN => (&mut config.tcp_fin, "TCP timeout after FIN"),
            CMD_ATTR_TIMEOUT_UDP => (&mut config.udp, "UDP timeout"),
            _ => {
                config.unknown.push(attribute.clone());
                continue;
            }
        };
        *slot = Some(Duration::from_secs(attribute.to_u32(name)?.into()));
    }
    Ok(config)
}

/// Facts stand at the top level too, under numbers that collide with the containers'.
pub(crate) fn info_attributes(info: &Info) -> Vec<Attribute> {
    let mut attributes = vec![
        Attribute::u32(INFO_ATTR_VERSION, info.version.0),
        Attribute::u32(INFO_ATTR_CONN_TAB_SIZE, info.connection_table_size),
    ];
    attributes.extend_from_slice(&info.unknown);
    attributes
}

pub(crate) fn info_from(attributes: &[Attribute]) -> Result<Info, DecodeError> {
    let missing = |attribute| DecodeError::Missing { attribute };
    let mut version = None;
    let mut size = None;
    let mut unknown = Vec::new();
    for attribute in attributes {
        match attribute.number() {
            INFO_ATTR_VERSION => version = Some(Version(attribute.to_u32("version")?)),
            INFO_ATTR_CONN_TAB_SIZE => size = Some(attribute.to_u32("connection table size")?),
            _ => unknown.push(attribute.clone()),
        }
    }
    Ok(Info {
        version: version.ok_or(missing("version"))?,
        connection_table_size: size.ok_or(missing("connection table size"))?,
        unknown,
    })
}
