//! The LPWA modules: BG96, BG95, BG770A. They publish with `AT+QMTPUB`, have no hexadecimal format and
//! no `edit/timeout`, and echo the payload with the rest.

use super::note::NOTE_FORMS;
use super::settings::{BG770A_SETTINGS, LTE_SETTINGS};
use super::{ConfigUntil, Files, Limits, PayloadEcho, Profile, PublishForms, TestForms};

const BG96_FORMS: TestForms = TestForms {
    open: "(0-5),\"host_name\",(1-65536)",
    publish: "(0-5),<msgid>,(0-2),(0,1),\"topic\"",
    pubex: "",
    ..NOTE_FORMS
};

const BG95_FORMS: TestForms = TestForms {
    publish: "(0-5),<msgid>,(0-2),(0,1),\"topic\",\"length\"",
    pubex: "(0-5),<msgid>,(0-2),(0,1),\"topic\",\"msg\"",
    ..NOTE_FORMS
};

const BG770A_FORMS: TestForms = TestForms {
    open: "(0-5),<host_name>,(0-65535)",
    conn: "(0-5),<clientID>,<username>,<password>",
    publish: "(0-5),(0-65535),(0-2),(0,1),<topic>,(1-4096)",
    pubex: "",
    ..NOTE_FORMS
};

const BG96_BOOT: &[(u64, &str)] = &[
    (1500, "RDY"),
    (2000, "APP RDY"),
    (2100, "+CPIN: READY"),
    (2200, "+QUSIM: 1"),
    (2600, "+QIND: SMS DONE"),
];

impl Profile {
    /// BG96: empty lines around `+QMTRECV`; `AT+QMTPUB` with a length or with Ctrl+Z.
    #[must_use]
    pub fn bg96() -> Self {
        Self {
            name: "bg96",
            model: "BG96",
            accept_secllevel: false,
            files: Files::BARE_LIST,
            revision: "BG96MAR02A07M1G",
            boot: BG96_BOOT,
            test_forms: &BG96_FORMS,
            settings: LTE_SETTINGS,
            qmtpub: PublishForms::PROMPTED,
            qmtpubex: PublishForms::NONE,
            payload_echo: PayloadEcho::WithEcho,
            limits: Limits {
                cid: 16,
                payload_min: 1,
                payload_max: 1548,
                ..Self::note().limits
            },
            blank_lines_around_recv: true,
            config_until: ConfigUntil::Connect,
            open_needs_context: true,
            context_lost_stat: 1,
            ..Self::note()
        }
    }

    /// BG770A: nine settings, no empty line before the `OK` of QMT test forms, no space behind the
    /// prompt; `AT+QMTPUB` only with a length.
    #[must_use]
    pub fn bg770a() -> Self {
        Self {
            name: "bg770a",
            model: "BG770A-GL",
            accept_secllevel: false,
            revision: "BG770AGLAAR01A05",
            test_forms: &BG770A_FORMS,
            settings: BG770A_SETTINGS,
            qmtpub: PublishForms::COUNTED,
            qmtpubex: PublishForms::NONE,
            prompt: "\r\n>",
            payload_echo: PayloadEcho::WithEcho,
            limits: Limits {
                cid: 5,
                payload_min: 1,
                payload_max: 4096,
                ..Self::note().limits
            },
            compact_test: true,
            open_needs_context: true,
            context_lost_stat: 1,
            ..Self::note()
        }
    }

    /// BG95 class: no empty line before the `OK` of QMT read forms; `AT+QMTPUB` with a length or
    /// with Ctrl+Z, and `AT+QMTPUBEX` in one line, which is answered by `+QMTPUB:`.
    #[must_use]
    pub fn bg95() -> Self {
        Self {
            name: "bg95",
            model: "BG95-M3",
            accept_secllevel: false,
            files: Files::BARE_LIST,
            revision: "BG95M3LAR02A03",
            boot: BG96_BOOT,
            // A payload of full length fits into the line.
            line_limit: 8192,
            test_forms: &BG95_FORMS,
            settings: LTE_SETTINGS,
            qmtpub: PublishForms::PROMPTED,
            qmtpubex: PublishForms::INLINE,
            pubex_answers_as_pub: true,
            payload_echo: PayloadEcho::WithEcho,
            limits: Limits {
                cid: 16,
                payload_min: 1,
                payload_max: 4096,
                will_topic: 255,
                will_message: (0, 255),
                ..Self::note().limits
            },
            compact_read: true,
            open_needs_context: true,
            context_lost_stat: 1,
            ..Self::note()
        }
    }
}
