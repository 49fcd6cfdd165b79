//! The application note, and what it leaves open.

use std::time::Duration;

use super::settings::NOTE_SETTINGS;
use super::{
    CloseClosed, ConfigUntil, ConnackLost, Files, HexLength, Limits, OpenOccupied, PayloadEcho,
    PingLost, Profile, PublishForms, RetrySpan, SlotsFull, TestForms,
};

pub(super) const NOTE_FORMS: TestForms = TestForms {
    open: "(0-5),\"hostname\",(1-65535)",
    conn: "(0-5),\"clientid\",\"username\",\"password\"",
    sub: "(0-5),<msgid>,list of [\"topic\",qos]",
    uns: "(0-5),<msgid>,list of [\"topic\"]",
    publish: "",
    pubex: "(0-5),<msgid>,(0-2),(0,1),\"topic\",\"length\"",
};

const BOOT: &[(u64, &str)] = &[
    (1500, "RDY"),
    (1900, "+CFUN: 1"),
    (2100, "+CPIN: READY"),
    (2200, "+QUSIM: 1"),
    (3200, "+QIND: SMS DONE"),
    (3800, "+QIND: PB DONE"),
];

impl Profile {
    /// The application note to the letter, with the readings of its register.
    #[must_use]
    pub fn note() -> Self {
        Self {
            name: "note",
            manufacturer: "Quectel",
            model: "EC200A",
            revision: "EC200AEMULATED",
            boot: BOOT,
            registration_ms: 3000,
            port: "usbat",
            context_at_boot: false,
            clients: 6,
            echo: true,
            line_limit: 4096,
            bare_strings: false,
            qmtpub: PublishForms::NONE,
            qmtpubex: PublishForms::COUNTED,
            pubex_answers_as_pub: false,
            prompt: "\r\n> ",
            payload_echo: PayloadEcho::ViewMode,
            urc_in_data: false,
            data_timeout: None,
            publish_ok_delay: Duration::ZERO,
            empty_payload_prompt: false,
            test_forms: &NOTE_FORMS,
            settings: NOTE_SETTINGS,
            setting_name_in_query: true,
            versions: [3, 4],
            timeout: (5, 3),
            limits: Limits {
                pkt_timeout: 60,
                retry_min: 0,
                edit_time: 120,
                cid: 15,
                payload_min: 0,
                payload_max: 1500,
                will_topic: 256,
                will_message: (0, 256),
                credentials: [1024; 3],
            },
            compact_test: false,
            compact_read: false,
            colon_space: true,
            quote_topic: true,
            quote_payload: true,
            payload_on_next_line: false,
            blank_lines_around_recv: false,
            hex_length: HexLength::Characters,
            connack_code: true,
            qmtping_query_ok: true,
            config_until: ConfigUntil::Open,
            close_resets: false,
            close_closed: CloseClosed::Result,
            accept_qmtcclose: false,
            accept_secllevel: true,
            files: Files::NOTE,
            open_occupied: OpenOccupied::Result,
            open_needs_context: false,
            qiact_twice_error: true,
            context_lost_stat: 7,
            unsubscribe_value: false,
            connack_lost: ConnackLost::Both,
            stat_after_failed_publish: Some(6),
            stat_after_refusal: Some(4),
            stat_after_disconnect: None,
            disconnect_time: Duration::ZERO,
            ping_lost: PingLost::Ping,
            retry_span: RetrySpan::Note,
            slots_full: SlotsFull::Lose,
            stored_notice: true,
        }
    }

    /// As `note`, with the unquoted payload that chapter 5.1 prints once (A3).
    #[must_use]
    pub fn note_example() -> Self {
        Self {
            name: "note-example",
            quote_payload: false,
            ..Self::note()
        }
    }

    /// As `note`, seen from the main UART: no result line comes until `AT+QURCCFG` routes the URCs
    /// there (measured on EG800K).
    #[must_use]
    pub fn note_uart() -> Self {
        Self {
            name: "note-uart",
            port: "uart1",
            ..Self::note()
        }
    }
}
