//! What IPVS has counted, as sums over the servers of a service.

use crate::counters::Reading;
use director_core::view::View;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// How OpenMetrics ends.
const END: &str = "# EOF\n";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfService {
    service: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfWay {
    service: String,
    direction: &'static str,
}

/// The metrics with those of the reading behind them.
pub(crate) fn joined(text: &str, reading: &Reading, view: &View) -> String {
    let connections: Family<OfService, Counter> = Family::default();
    let (packets, bytes): (Family<OfWay, Counter>, Family<OfWay, Counter>) = Default::default();
    for service in &view.services {
        let Some(sum) = reading.sum(service.key) else { continue };
        let service = service.name.to_string();
        let way = |direction| OfWay { service: service.clone(), direction };
        packets.get_or_create(&way("in")).inc_by(sum.packets_in);
        packets.get_or_create(&way("out")).inc_by(sum.packets_out);
        bytes.get_or_create(&way("in")).inc_by(sum.bytes_in);
        bytes.get_or_create(&way("out")).inc_by(sum.bytes_out);
        connections.get_or_create(&OfService { service }).inc_by(sum.connections);
    }
    let mut registry = Registry::with_prefix("director_service");
    let help = "Connections that IPVS has scheduled";
    registry.register("scheduled_connections", help, connections);
    registry.register("packets", "Packets that IPVS has counted", packets);
    registry.register("bytes", "Bytes that IPVS has counted", bytes);
    let mut more = String::new();
    // A string takes everything that is written.
    let _written = encode(&mut more, &registry);
    format!("{}{more}", text.strip_suffix(END).unwrap_or(text))
}
