//! `AT+QSSLCFG`, and what becomes of a context when a client is opened (supplement 2.8).

use super::Module;
use super::file_name;
use super::params::{Failure, Params};
use super::run::{Done, Reply};
use super::ssl_context::{self, SETTINGS};
use crate::packet::Tls;

/// What the misprint of example 5.2 calls `seclevel` (A11).
const MISPRINT: &str = "secllevel";

/// A context needs a file that is not there.
#[derive(Debug)]
pub(crate) struct Missing;

impl Module {
    /// `AT+QSSLCFG=?`
    pub(crate) fn qsslcfg_test(&mut self) -> Reply {
        for setting in SETTINGS {
            let (name, test) = (setting.name, setting.test);
            self.info(format!("+QSSLCFG: \"{name}\",(0-5),{test}"));
        }
        Ok(Done::Ok)
    }

    /// `AT+QSSLCFG="name",ctx[,...]`: with the context alone a query.
    pub(crate) fn qsslcfg(&mut self, params: &Params) -> Reply {
        let name = params.text(0, 1..=40)?;
        let misprint = self.profile.accept_secllevel && name.eq_ignore_ascii_case(MISPRINT);
        let name = if misprint { "seclevel" } else { name.as_str() };
        let row = ssl_context::find(name).ok_or(Failure::Error)?;
        let number = params.small(1, 5)?;
        let context = &mut self.contexts[usize::from(number)];
        if params.len() > 2 {
            context.set(row, params)?;
        } else {
            let (name, value) = (SETTINGS[row].name, context.show(row));
            self.info(format!("+QSSLCFG: \"{name}\",{number},{value}"));
        }
        Ok(Done::Ok)
    }

    /// What a context amounts to now, its files read.
    ///
    /// To check the server there must be a certificate to check it by. To show a client certificate
    /// there must be one with its key, or neither: the server may not ask.
    pub(crate) fn tls(&self, number: u8) -> Result<Tls, Missing> {
        let context = &self.contexts[usize::from(number)];
        let level = context.small("seclevel");
        let mut ca = self.pem(context.text("cacert"), level >= 1)?;
        if let Some(more) = self.pem(context.text("cacertex"), level >= 1)? {
            let ca = ca.get_or_insert_default();
            if !ca.is_empty() && !ca.ends_with(b"\n") {
                ca.push(b'\n');
            }
            ca.extend(more);
        }
        let certificate = self.pem(context.text("clientcert"), level >= 2)?;
        let key = self.pem(context.text("clientkey"), level >= 2)?;
        let lacking =
            (level >= 1 && ca.is_none()) || (level >= 2 && certificate.is_some() != key.is_some());
        if lacking {
            return Err(Missing);
        }
        let mut tls = Tls::unconfigured(number);
        tls.security_level = level;
        tls.ca = ca;
        tls.certificate = certificate;
        tls.key = key;
        tls.key_password = context.key_password().map(str::to_owned);
        tls.version = context.small("sslversion");
        tls.cipher_suite = context.cipher();
        tls.sni = context.number("sni") == 1;
        tls.clock = (context.number("ignorelocaltime") == 0)
            .then(|| u64::try_from(self.utc()).unwrap_or(0));
        tls.negotiate_seconds = context.number("negotiatetime");
        Ok(tls)
    }

    /// The file at a path, where one is set.
    fn pem(&self, path: Option<&str>, needed: bool) -> Result<Option<Vec<u8>>, Missing> {
        let Some(path) = path else {
            return Ok(None);
        };
        let name = file_name::local(path);
        let bytes = name.and_then(|name| self.flash.read(name).ok().flatten());
        if needed && bytes.is_none() {
            return Err(Missing);
        }
        Ok(bytes)
    }
}
