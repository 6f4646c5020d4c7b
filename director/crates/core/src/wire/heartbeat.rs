//! The bytes of a heartbeat packet.
