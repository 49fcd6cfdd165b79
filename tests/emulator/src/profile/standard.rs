//! The family of the application note: EC600S, EC800M, EC200U, EG800K.

use std::time::Duration;

use super::note::NOTE_FORMS;
use super::settings::EC600S_SETTINGS;
use super::{Files, Limits, PayloadEcho, Profile, TestForms};

const EC800M_FORMS: TestForms = TestForms {
    pubex: "(0-5), <msgid>,(0-2),(0,1),\"topic\",\"length\"",
    ..NOTE_FORMS
};

impl Profile {
    /// EC600S: its nineteen settings with wider time limits; the network attaches by itself.
    #[must_use]
    pub fn ec600s() -> Self {
        Self {
            name: "ec600s",
            model: "EC600S",
            revision: "EC600SCNLAR01A01M08",
            accept_secllevel: false,
            context_at_boot: true,
            settings: EC600S_SETTINGS,
            limits: Limits {
                pkt_timeout: 1200,
                retry_min: 1,
                edit_time: 180,
                ..Self::note().limits
            },
            context_lost_stat: 1,
            ..Self::note()
        }
    }

    /// EC800M: echoes the payload while echo is on, takes a while for the `OK`, and takes strings
    /// without quotes.
    #[must_use]
    pub fn ec800m() -> Self {
        Self {
            name: "ec800m",
            model: "EC800M",
            revision: "EC800MCNGAR06A05M08",
            test_forms: &EC800M_FORMS,
            payload_echo: PayloadEcho::WithEcho,
            publish_ok_delay: Duration::from_millis(97),
            bare_strings: true,
            ..Self::ec600s()
        }
    }

    /// EC200U: unquoted payload on a line of its own; closing resets `ssl` and `version`.
    #[must_use]
    pub fn ec200u() -> Self {
        Self {
            name: "ec200u",
            model: "EC200U",
            revision: "EC200UCNAAR02A13M08",
            quote_payload: false,
            payload_on_next_line: true,
            close_resets: true,
            accept_secllevel: false,
            context_at_boot: true,
            context_lost_stat: 1,
            ..Self::note()
        }
    }

    /// EG800K: file errors are texts and numbers mixed.
    #[must_use]
    pub fn eg800k() -> Self {
        Self {
            name: "eg800k",
            model: "EG800K",
            revision: "EG800KCNGCR07A06M04",
            accept_secllevel: false,
            files: Files::MIXED,
            context_lost_stat: 1,
            ..Self::note()
        }
    }
}
