//! From heartbeats to live and dead peers, and to who owns which group.
