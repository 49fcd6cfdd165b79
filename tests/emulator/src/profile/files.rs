//! What dialects differ in about the flash file system.

/// The knobs of the file commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Files {
    /// Size of the flash, bytes.
    pub total: u64,
    /// With `AT+CMEE=2` only "file already exist" is a text, the other errors of the file commands
    /// stay numbers (seen on EG800K).
    pub mixed_errors: bool,
    /// `AT+QFLST` prints `UFS:` before the names (BG95, BG96: no).
    pub list_prefix: bool,
}

impl Files {
    /// 280 KiB, as measured on EG800K; every error with its text.
    pub(super) const NOTE: Self = Self {
        total: 280 * 1024,
        mixed_errors: false,
        list_prefix: true,
    };

    /// Names without `UFS:`.
    pub(super) const BARE_LIST: Self = Self {
        list_prefix: false,
        ..Self::NOTE
    };

    /// Texts and numbers mixed.
    pub(super) const MIXED: Self = Self {
        mixed_errors: true,
        ..Self::NOTE
    };
}
