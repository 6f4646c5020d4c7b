//! The ports on this machine's own kernel, each test in network namespaces of its own.

mod addresses;
mod announce;
mod denied;
mod devices;
mod heartbeat;
mod lab;
mod preflight;
mod realserver;
mod sysctls;
mod watch;
mod witness;
