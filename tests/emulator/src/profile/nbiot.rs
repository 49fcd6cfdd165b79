//! The NB-IoT modules: BC95, and BC66, BC26, BC660K, which share their MQTT commands.

use std::time::Duration;

use super::settings::BC66_SETTINGS;
use super::{Limits, Profile, PublishForms, RetrySpan, TestForms};

const NBIOT_FORMS: TestForms = TestForms {
    open: "(0-4),<host_name>,(0-65535)",
    conn: "(0-4),<clientID>,<username>,<password>",
    sub: "(0-4),<msgID>,list of [<topic>,(0-2)]",
    uns: "(0-4),<msgID>,list of [<topic>]",
    publish: "(0-4),<msgID>,(0-2),(0,1),<topic>,<msg>",
    pubex: "",
};

const NBIOT_BOOT: &[(u64, &str)] = &[
    (1500, "RDY"),
    (1900, "+CFUN: 1"),
    (2100, "+CPIN:READY"),
    (3000, "+IP:10.64.0.2"),
];

impl Profile {
    /// BC66 class, after the note of the BC660K: five clients, ten settings whose names are not
    /// repeated in the answer to a query, MQTT versions called 0 and 1, other times, unquoted
    /// payload; `AT+QMTPUB` with a length, with Ctrl+Z, or in one line.
    #[must_use]
    pub fn bc66() -> Self {
        Self {
            name: "bc66",
            model: "BC66",
            accept_secllevel: false,
            revision: "BC66NBR01A10",
            boot: NBIOT_BOOT,
            clients: 5,
            context_at_boot: true,
            test_forms: &NBIOT_FORMS,
            settings: BC66_SETTINGS,
            setting_name_in_query: false,
            versions: [0, 1],
            timeout: (30, 0),
            retry_span: RetrySpan::PlusOne,
            qmtpub: PublishForms::ALL,
            qmtpubex: PublishForms::NONE,
            data_timeout: Some(Duration::from_secs(60)),
            limits: Limits {
                payload_min: 1,
                payload_max: 1460,
                will_message: (1, 256),
                credentials: [128, 256, 256],
                ..Self::note().limits
            },
            quote_payload: false,
            context_lost_stat: 1,
            ..Self::note()
        }
    }

    /// BC95: as `bc66`, with quotes around the payload and no space behind the colon of a result
    /// line.
    #[must_use]
    pub fn bc95() -> Self {
        Self {
            name: "bc95",
            model: "BC95",
            revision: "BC95GJBR01A01",
            quote_payload: true,
            colon_space: false,
            ..Self::bc66()
        }
    }
}
