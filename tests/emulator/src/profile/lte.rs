//! The LTE Standard modules, elder brothers of the family of the note: EC25.

use super::note::NOTE_FORMS;
use super::settings::LTE_SETTINGS;
use super::{Limits, PayloadEcho, Profile, PublishForms, TestForms};

const EC25_FORMS: TestForms = TestForms {
    publish: "(0-5),<msgid>,(0-2),(0,1),\"topic\"",
    pubex: "",
    ..NOTE_FORMS
};

impl Profile {
    /// EC25 (EC2x, EG9x): `AT+QMTPUB` with a length or with Ctrl+Z; no hexadecimal format, no
    /// `view/mode`, no `edit/timeout`.
    #[must_use]
    pub fn ec25() -> Self {
        Self {
            name: "ec25",
            model: "EC25",
            accept_secllevel: false,
            revision: "EC25EFAR06A06M4G",
            test_forms: &EC25_FORMS,
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
            context_lost_stat: 1,
            ..Self::note()
        }
    }
}
