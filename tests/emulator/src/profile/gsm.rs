//! The GSM modules: M95.

use super::note::NOTE_FORMS;
use super::settings::M95_SETTINGS;
use super::{Limits, PayloadEcho, Profile, PublishForms, TestForms};

const GSM_FORMS: TestForms = TestForms {
    publish: "(0-5), <msgid>,(0-2),(0,1),\"topic\",[(1-1548)]",
    pubex: "",
    ..NOTE_FORMS
};

impl Profile {
    /// M95: nothing of a received message is quoted; `AT+QMTPUB` with a length or with Ctrl+Z.
    #[must_use]
    pub fn m95() -> Self {
        Self {
            name: "m95",
            model: "M95",
            accept_secllevel: false,
            revision: "M95FAR03A04",
            test_forms: &GSM_FORMS,
            settings: M95_SETTINGS,
            qmtpub: PublishForms::PROMPTED,
            qmtpubex: PublishForms::NONE,
            payload_echo: PayloadEcho::WithEcho,
            limits: Limits {
                payload_min: 1,
                payload_max: 1548,
                ..Self::note().limits
            },
            quote_topic: false,
            quote_payload: false,
            context_lost_stat: 1,
            ..Self::note()
        }
    }
}
