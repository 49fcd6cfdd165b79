//! What `AT+QMTCFG=?` prints: names, in order, and ranges.

pub(super) const NOTE_SETTINGS: &[(&str, &str)] = &[
    ("version", "(0-5),(3,4)"),
    ("pdpcid", "(0-5),(1-15)"),
    ("ssl", "(0-5),(0,1),(0-5)"),
    ("keepalive", "(0-5),(0-3600)"),
    ("session", "(0-5),(0,1)"),
    ("timeout", "(0-5),(1-60),(0-10),(0,1)"),
    (
        "will",
        "(0-5),(0,1),(0-2),(0,1),\"willtopic\",\"willmessage\"",
    ),
    ("willex", "(0-5),(0,1),(0-2),(0,1),\"willtopic\",(0-256)"),
    ("recv/mode", "(0-5),(0,1),(0,1)"),
    (
        "aliauth",
        "(0-5),\"product key\",\"device name\",\"device secret\"",
    ),
    ("qmtping", "(0-5),(5-60)"),
    ("send/mode", "(0-5),(0,1)"),
    ("onenet", "(0-5),\"product id\",\"access key\""),
    ("hwauth", "(0-5),\"product id\",\"device secret\""),
    (
        "hwprodid",
        "(0-5),\"product id\",\"product secret\",\"nodeid\"",
    ),
    ("dataformat", "(0-5),(0,1),(0,1)"),
    ("view/mode", "(0-5),(0,1)"),
    ("edit/timeout", "(0-5),(0,1),(1-120)"),
];

pub(super) const EC600S_SETTINGS: &[(&str, &str)] = &[
    ("version", "(0-5),(3,4)"),
    ("pdpcid", "(0-5),(1-15)"),
    ("ssl", "(0-5),(0,1),(0-5)"),
    ("keepalive", "(0-5),(0-3600)"),
    ("session", "(0-5),(0,1)"),
    ("timeout", "(0-5),(1-1200),(1-10),(0,1)"),
    (
        "will",
        "(0-5),(0,1),(0-2),(0,1),\"willtopic\",\"willmessage\"",
    ),
    ("willex", "(0-5),(0,1),(0-2),(0,1),\"willtopic\",(0-256)"),
    ("recv/mode", "(0-5),(0,1),(0,1)"),
    ("send/mode", "(0-5),(0,1)"),
    ("onenet", "(0-5),\"product id\",\"access key\""),
    (
        "aliauth",
        "(0-5),\"product key\",\"device name\",\"device secret\"",
    ),
    ("hwauth", "(0-5),\"device id\",\"device secret\""),
    (
        "hwprodid",
        "(0-5),\"product id\",\"product secret\",\"nodeid\"",
    ),
    ("qmtping", "(0-5),(5-60)"),
    ("dataformat", "(0-5),(0,1),(0,1)"),
    ("view/mode", "(0-5),(0,1)"),
    ("CTWing", "(0-5),\"client_id\",\"feature_string\""),
    ("edit/timeout", "(0-5),(0,1),(1-180)"),
];

pub(super) const BG770A_SETTINGS: &[(&str, &str)] = &[
    ("version", "(0-5),(3,4)"),
    ("pdpcid", "(0-5),(1-5)"),
    ("ssl", "(0-5),(0,1),(0-5)"),
    ("keepalive", "(0-5),(0-3600)"),
    ("session", "(0-5),(0,1)"),
    ("timeout", "(0-5),(1-60),(0-10),(0,1)"),
    (
        "will",
        "(0-5),(0,1),(0-2),(0,1),<will_topic>,<will_message>",
    ),
    ("recv/mode", "(0-5),(0,1),(0,1)"),
    (
        "aliauth",
        "(0-5),<product_key>,<device_name>,<device_secret>",
    ),
];

/// The settings that the GSM modules had; no way to ask for the length of a message.
pub(super) const M95_SETTINGS: &[(&str, &str)] = &[
    ("version", "(0-5),(3,4)"),
    ("ssl", "(0-5),(0,1),(0-5)"),
    ("keepalive", "(0-5),(0-3600)"),
    ("session", "(0-5),(0,1)"),
    ("timeout", "(0-5),(1-60),(0-10),(0,1)"),
    (
        "will",
        "(0-5),(0,1),(0-2),(0,1),\"willtopic\",\"willmessage\"",
    ),
    (
        "aliauth",
        "(0-5),\"product key\",\"device name\",\"device secret\"",
    ),
];

/// BG96, BG95, EC25: no hexadecimal format, no echo switch, no time-out of the prompt.
pub(super) const LTE_SETTINGS: &[(&str, &str)] = &[
    ("version", "(0-5),(3,4)"),
    ("pdpcid", "(0-5),(1-16)"),
    ("ssl", "(0-5),(0,1),(0-5)"),
    ("keepalive", "(0-5),(0-3600)"),
    ("session", "(0-5),(0,1)"),
    ("timeout", "(0-5),(1-60),(0-10),(0,1)"),
    (
        "will",
        "(0-5),(0,1),(0-2),(0,1),\"will_topic\",\"will_msg\"",
    ),
    ("recv/mode", "(0-5),(0,1),(0,1)"),
    (
        "aliauth",
        "(0-5),\"product_key\",\"device_name\",\"device_secret\"",
    ),
];

/// BC66, BC660K: everything that their note names.
pub(super) const BC66_SETTINGS: &[(&str, &str)] = &[
    ("will", "(0-4),(0,1),(0-2),(0,1),<will_topic>,<will_msg>"),
    ("timeout", "(0-4),(1-60),(0-10),(0,1)"),
    ("session", "(0-4),(0,1)"),
    ("keepalive", "(0-4),(0-3600)"),
    (
        "aliauth",
        "(0-4),<product_key>,<device_name>,<device_secret>",
    ),
    ("version", "(0-4),(0,1)"),
    ("showrecvlen", "(0-4),(0,1)"),
    ("echo_mode", "(0-4),(0,1)"),
    ("dataformat", "(0-4),(0,1),(0,1)"),
    ("ssl", "(0-4),(0,1),(0-5)"),
];
