//! From check outcomes to states of real servers.
