//! Keywords of the global and VRRP blocks of a `keepalived.conf`, and what becomes of them.

use crate::directive::{Language, directives};

/// This part of the language.
pub(crate) const LANGUAGE: Language = Language {
    name: "keepalived.conf",
    directives: directives! {
        "top" {
            Carried "global_defs" "its block, see below";
            Carried "vrrp_instance" "`[groups.NAME]`; those of a sync group are one group";
            Carried "vrrp_sync_group" "`[groups.NAME]`; those of a sync group are one group";
            Carried "virtual_server" "`[services.NAME]`, one for each address and port";
            Carried "virtual_server_group" "`[services.NAME]`, one for each address and port";
            Carried "include" "the file is read at its place";
            Carried "includer" "the file is read at its place";
            Carried "includem" "the file is read at its place";
            Carried "includew" "the file is read at its place";
            Carried "includeb" "the file is read at its place";
            Carried "includea" "the file is read at its place";
            Carried "@ID" "worked out; `--config-id` says the id";
            Carried "@^ID" "worked out; `--config-id` says the id";
            Carried "$NAME=" "worked out; `--config-id` says the id";
            Carried "~SEQ" "worked out; `--config-id` says the id";
            Carried "~LST" "worked out; `--config-id` says the id";
            LeftOut "net_namespace"
                "systemd puts a service into a network namespace (NetworkNamespacePath)";
            LeftOut "net_namespace_ipvs"
                "systemd puts a service into a network namespace (NetworkNamespacePath)";
            Carried "namespace_with_ipsets" "there is nothing that it was for";
            Carried "instance" "there is nothing that it was for";
            Carried "use_pid_dir" "there is nothing that it was for";
            Carried "child_wait_time" "there is nothing that it was for";
            Changed "linkbeat_use_polling" "the kernel tells of a lost carrier; nothing is polled";
            Changed "linkbeat_interfaces" "the kernel tells of a lost carrier; nothing is polled";
            LeftOut "interface_up_down_delays" "a lost carrier counts at once";
            LeftOut "track_group"
                "addresses and routes that do not move belong to the system's network \
                 configuration";
            LeftOut "static_ipaddress"
                "addresses and routes that do not move belong to the system's network \
                 configuration";
            LeftOut "static_routes"
                "addresses and routes that do not move belong to the system's network \
                 configuration";
            LeftOut "static_rules"
                "addresses and routes that do not move belong to the system's network \
                 configuration";
            LeftOut "track_file"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "vrrp_track_file"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "vrrp_track_process"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "vrrp_script"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "bfd_instance"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "garp_group" "one interval between announcements holds for all interfaces";
            LeftOut "SSL" "a check names its own certificates (`tls`)";
        }
        "global_defs" {
            Carried "router_id" "the node's name";
            Carried "notification_email" "`mail.to` of a channel `[alerts.email]`";
            Carried "notification_email_from" "`mail.from`";
            Carried "smtp_server" "`mail.server` and `mail.port`";
            Carried "smtp_helo_name" "`mail.helo`";
            Carried "smtp_connect_timeout" "`timeout`, which holds for all of a mail";
            Carried "smtp_alert" "the event `role`";
            Carried "smtp_alert_vrrp" "the event `role`";
            Carried "smtp_alert_checker" "the events of servers";
            LeftOut "no_email_faults"
                "one channel of alerts tells of all services and groups alike";
            Carried "no_checker_emails" "no events of servers";
            LeftOut "email_faults"
                "one channel of alerts tells of all services and groups alike";
            LeftOut "smtp_alert_file"
                "one channel of alerts tells of all services and groups alike";
            LeftOut "rs_init_notifies"
                "one channel of alerts tells of all services and groups alike";
            LeftOut "checker_log_all_failures"
                "one channel of alerts tells of all services and groups alike";
            LeftOut "startup_script"
                "systemd runs programs before and after (ExecStartPre, ExecStopPost)";
            LeftOut "startup_script_timeout"
                "systemd runs programs before and after (ExecStartPre, ExecStopPost)";
            LeftOut "shutdown_script"
                "systemd runs programs before and after (ExecStartPre, ExecStopPost)";
            LeftOut "shutdown_script_timeout"
                "systemd runs programs before and after (ExecStartPre, ExecStopPost)";
            LeftOut "notify_fifo"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify_fifo_script"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "vrrp_notify_fifo"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "vrrp_notify_fifo_script"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "lvs_notify_fifo"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "lvs_notify_fifo_script"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "fifo_write_vrrp_states_on_reload"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "vrrp_notify_priority_changes"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            Changed "script_user" "a checking program runs as `nobody`, or as its check says";
            Changed "enable_script_security"
                "a checking program runs as `nobody`, or as its check says";
            Carried "lvs_sync_daemon" "`sync`";
            LeftOut "lvs_timeouts" "the kernel's timeouts of connections stay as they are";
            Changed "lvs_flush"
                "what a director did not make is left alone, and what it made goes when it stops";
            Changed "lvs_flush_on_stop"
                "what a director did not make is left alone, and what it made goes when it stops";
            Carried "vrrp_garp_master_repeat" "`announce.count`";
            Carried "vrrp_garp_interval" "`announce.interval`";
            Carried "vrrp_gna_interval" "`announce.interval`";
            Carried "vrrp_garp_master_refresh" "`announce.refresh`";
            Changed "vrrp_garp_master_delay"
                "announcements come after every takeover and every heal, and again for as long \
                 as the address is held";
            Changed "vrrp_garp_lower_prio_delay"
                "announcements come after every takeover and every heal, and again for as long \
                 as the address is held";
            Changed "vrrp_garp_lower_prio_repeat"
                "announcements come after every takeover and every heal, and again for as long \
                 as the address is held";
            Changed "vrrp_garp_master_refresh_repeat"
                "announcements come after every takeover and every heal, and again for as long \
                 as the address is held";
            Changed "vrrp_min_garp"
                "announcements come after every takeover and every heal, and again for as long \
                 as the address is held";
            Changed "vrrp_garp_extra_if"
                "announcements come after every takeover and every heal, and again for as long \
                 as the address is held";
            Changed "vrrp_higher_prio_send_advert"
                "the loser of a split gives way, and the winner always announces itself again";
            Changed "vrrp_lower_prio_no_advert"
                "the loser of a split gives way, and the winner always announces itself again";
            Changed "vrrp_mcast_group4"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "vrrp_mcast_group6"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "vrrp_version"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "vrrp_check_unicast_src"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "vrrp_skip_check_adv_addr"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "vrrp_strict"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "vrrp_down_timer_adverts"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "log_unknown_vrids"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "vmac_prefix"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "vmac_addr_prefix"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "vrrp_startup_delay"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "vrrp_delay_after_boot"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "nftables" "a director writes no rules but those of `fwmark` services";
            Changed "nftables_priority" "a director writes no rules but those of `fwmark` services";
            Changed "nftables_counters" "a director writes no rules but those of `fwmark` services";
            Changed "nftables_ifindex" "a director writes no rules but those of `fwmark` services";
            Changed "nftables_ipvs" "a director writes no rules but those of `fwmark` services";
            Changed "nftables_ipvs_priority"
                "a director writes no rules but those of `fwmark` services";
            Changed "nftables_ipvs_start_fwmark"
                "a director writes no rules but those of `fwmark` services";
            Changed "vrrp_iptables" "a director writes no rules but those of `fwmark` services";
            Changed "vrrp_ipsets" "a director writes no rules but those of `fwmark` services";
            Changed "disable_local_igmp"
                "a director writes no rules but those of `fwmark` services";
            Carried "default_interface" "the interface of addresses without `dev`";
            Changed "max_auto_priority" "systemd sets scheduling and limits of the daemon";
            Changed "min_auto_priority_delay" "systemd sets scheduling and limits of the daemon";
            Changed "vrrp_priority" "systemd sets scheduling and limits of the daemon";
            Changed "checker_priority" "systemd sets scheduling and limits of the daemon";
            Changed "bfd_priority" "systemd sets scheduling and limits of the daemon";
            Changed "vrrp_no_swap" "systemd sets scheduling and limits of the daemon";
            Changed "checker_no_swap" "systemd sets scheduling and limits of the daemon";
            Changed "bfd_no_swap" "systemd sets scheduling and limits of the daemon";
            Changed "vrrp_cpu_affinity" "systemd sets scheduling and limits of the daemon";
            Changed "checker_cpu_affinity" "systemd sets scheduling and limits of the daemon";
            Changed "bfd_cpu_affinity" "systemd sets scheduling and limits of the daemon";
            Changed "vrrp_rt_priority" "systemd sets scheduling and limits of the daemon";
            Changed "checker_rt_priority" "systemd sets scheduling and limits of the daemon";
            Changed "bfd_rt_priority" "systemd sets scheduling and limits of the daemon";
            Changed "vrrp_rlimit_rttime" "systemd sets scheduling and limits of the daemon";
            Changed "checker_rlimit_rttime" "systemd sets scheduling and limits of the daemon";
            Changed "bfd_rlimit_rttime" "systemd sets scheduling and limits of the daemon";
            Changed "vrrp_rlimit_rtime" "systemd sets scheduling and limits of the daemon";
            Changed "checker_rlimit_rtime" "systemd sets scheduling and limits of the daemon";
            Changed "bfd_rlimit_rtime" "systemd sets scheduling and limits of the daemon";
            Changed "umask" "systemd sets scheduling and limits of the daemon";
            Changed "random_seed" "systemd sets scheduling and limits of the daemon";
            LeftOut "snmp_socket" "there is no SNMP; `director status --json` has the figures";
            LeftOut "enable_snmp_vrrp" "there is no SNMP; `director status --json` has the figures";
            LeftOut "enable_snmp_checker"
                "there is no SNMP; `director status --json` has the figures";
            LeftOut "enable_snmp_rfc" "there is no SNMP; `director status --json` has the figures";
            LeftOut "enable_snmp_rfcv2"
                "there is no SNMP; `director status --json` has the figures";
            LeftOut "enable_snmp_rfcv3"
                "there is no SNMP; `director status --json` has the figures";
            LeftOut "enable_traps" "there is no SNMP; `director status --json` has the figures";
            LeftOut "enable_snmp_keepalived"
                "there is no SNMP; `director status --json` has the figures";
            LeftOut "enable_dbus"
                "there is no D-Bus; `director status` and its control socket are for programs";
            LeftOut "dbus_service_name"
                "there is no D-Bus; `director status` and its control socket are for programs";
            LeftOut "dbus_no_interface_name"
                "there is no D-Bus; `director status` and its control socket are for programs";
            Changed "process_names" "it was for keepalived's own processes and files";
            Changed "process_name" "it was for keepalived's own processes and files";
            Changed "vrrp_process_name" "it was for keepalived's own processes and files";
            Changed "checker_process_name" "it was for keepalived's own processes and files";
            Changed "bfd_process_name" "it was for keepalived's own processes and files";
            Changed "instance" "it was for keepalived's own processes and files";
            Changed "use_pid_dir" "it was for keepalived's own processes and files";
            Changed "tmp_config_directory" "it was for keepalived's own processes and files";
            Changed "config_save_dir" "it was for keepalived's own processes and files";
            Changed "data_use_instance" "it was for keepalived's own processes and files";
            Changed "include_check" "it was for keepalived's own processes and files";
            Changed "linkbeat_use_polling" "it was for keepalived's own processes and files";
            Changed "dynamic_interfaces" "it was for keepalived's own processes and files";
            Changed "net_namespace" "it was for keepalived's own processes and files";
            Changed "net_namespace_ipvs" "it was for keepalived's own processes and files";
            Changed "namespace_with_ipsets" "it was for keepalived's own processes and files";
            Changed "child_wait_time" "it was for keepalived's own processes and files";
            Changed "use_symlink_paths" "it was for keepalived's own processes and files";
            Changed "vrrp_netlink_cmd_rcv_bufs"
                "buffers need no setting: what is lost is observed again";
            Changed "vrrp_netlink_cmd_rcv_bufs_force"
                "buffers need no setting: what is lost is observed again";
            Changed "vrrp_netlink_monitor_rcv_bufs"
                "buffers need no setting: what is lost is observed again";
            Changed "vrrp_netlink_monitor_rcv_bufs_force"
                "buffers need no setting: what is lost is observed again";
            Changed "lvs_netlink_cmd_rcv_bufs"
                "buffers need no setting: what is lost is observed again";
            Changed "lvs_netlink_cmd_rcv_bufs_force"
                "buffers need no setting: what is lost is observed again";
            Changed "lvs_netlink_monitor_rcv_bufs"
                "buffers need no setting: what is lost is observed again";
            Changed "lvs_netlink_monitor_rcv_bufs_force"
                "buffers need no setting: what is lost is observed again";
            Changed "process_monitor_rcv_bufs"
                "buffers need no setting: what is lost is observed again";
            Changed "process_monitor_rcv_bufs_force"
                "buffers need no setting: what is lost is observed again";
            Changed "vrrp_rx_bufs_policy" "buffers need no setting: what is lost is observed again";
            Changed "vrrp_rx_bufs_multiplier"
                "buffers need no setting: what is lost is observed again";
            Changed "reload_check_config" "a reload that is not valid changes nothing, always";
            Changed "reload_time_file" "a reload that is not valid changes nothing, always";
            Changed "reload_repeat" "a reload that is not valid changes nothing, always";
            Changed "reload_file" "a reload that is not valid changes nothing, always";
        }
        "vrrp_sync_group" {
            Carried "group" "the instances are one `[groups.NAME]`";
            LeftOut "track_interface"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "track_script"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "track_file"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "track_process"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "track_bfd"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "global_tracking"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "sync_group_tracking_weight"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "notify_master"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify_backup"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify_fault"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify_stop"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify_deleted"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify_priority_changes"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "smtp_alert"
                "one channel of alerts tells of all services and groups alike";
        }
        "vrrp_instance" {
            Changed "state" "who starts as owner is settled by priority alone";
            Carried "interface" "the interface of `links` and of addresses without `dev`";
            Changed "virtual_router_id" "heartbeats name the cluster, not a number";
            Carried "priority" "`priority` of the node";
            Carried "advert_int"
                "`keepalive`, the shortest of all instances; a silent peer is asked after 1.5 \
                 of them";
            Carried "virtual_ipaddress" "`addresses` of the group";
            Carried "virtual_ipaddress_excluded" "`addresses` of the group";
            LeftOut "virtual_routes" "only addresses move";
            LeftOut "virtual_rules" "only addresses move";
            LeftOut "promote_secondaries" "only addresses move";
            Carried "nopreempt" "`failback`";
            Carried "preempt" "`failback`";
            Carried "preempt_delay" "`failback-delay`";
            Carried "unicast_src_ip" "the node's own address";
            Carried "mcast_src_ip" "the node's own address";
            Carried "unicast_peer" "the peer's own address, where its file is not imported, too";
            LeftOut "authentication" "its password goes over the network: make a key (`key-file`)";
            Carried "garp_master_repeat" "`announce.count`";
            Carried "garp_master_refresh" "`announce.refresh`";
            Changed "garp_master_delay"
                "announcements come after every takeover and every heal, and again for as long \
                 as the address is held";
            Changed "garp_lower_prio_delay"
                "announcements come after every takeover and every heal, and again for as long \
                 as the address is held";
            Changed "garp_lower_prio_repeat"
                "announcements come after every takeover and every heal, and again for as long \
                 as the address is held";
            Changed "garp_master_refresh_repeat"
                "announcements come after every takeover and every heal, and again for as long \
                 as the address is held";
            Changed "garp_extra_if"
                "announcements come after every takeover and every heal, and again for as long \
                 as the address is held";
            Changed "higher_prio_send_advert"
                "the loser of a split gives way, and the winner always announces itself again";
            Changed "lower_prio_no_advert"
                "the loser of a split gives way, and the winner always announces itself again";
            Changed "version"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "mcast_dst_ip"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "track_src_ip"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "check_unicast_src"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "unicast_fault_no_peer"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "unicast_ttl"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "old_unicast_checksum"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "down_timer_adverts"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "native_ipv6"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "skip_check_adv_addr"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "strict_mode"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "kernel_rx_buf_size"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "debug"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "linkbeat_use_polling"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "timer_expired_backup"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "v3_checksum_as_v2"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Changed "owner_ignore_adverts"
                "there is no VRRP between directors: heartbeats are authenticated, and go to \
                 every peer over every link";
            Carried "lvs_sync_daemon_interface" "`sync`, in its old place";
            Carried "accept" "a director accepts packets to its virtual addresses";
            LeftOut "no_accept"
                "groups whose owner VRRP elects have it: `vrrp = { id = 51, accept = false }`";
            Changed "use_vmac"
                "the interface keeps its own MAC address; a group whose owner VRRP elects may have \
                 the virtual router's: `vrrp = { id = 51, virtual-mac = true }`";
            Changed "use_vmac_addr"
                "the interface keeps its own MAC address; gratuitous ARP tells the neighbours";
            Changed "vmac_xmit_base"
                "with `virtual-mac` of a group's `vrrp` it is `advert-mac = \"interface\"`";
            Changed "use_ipvlan"
                "the interface keeps its own MAC address; gratuitous ARP tells the neighbours";
            LeftOut "vrf" "put the interface into the VRF, and the daemon";
            Changed "dont_track_primary"
                "a lost carrier of an interface with addresses always counts";
            LeftOut "track_interface"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "track_script"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "track_file"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "track_process"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "track_bfd"
                "the interfaces of virtual addresses and links are watched; nothing else makes \
                 a director unfit";
            LeftOut "notify_master"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify_backup"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify_fault"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify_stop"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify_deleted"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify_master_rx_lower_pri"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "notify_priority_changes"
                "`notify` in `[cluster]` runs a command at changes of role, in another form";
            LeftOut "smtp_alert"
                "one channel of alerts tells of all services and groups alike";
        }
    },
};
