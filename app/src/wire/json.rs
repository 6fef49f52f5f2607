//! JSON as a tree: as much of it as our own server writes. Numbers are whole, for nothing that is shown is anything else.

use super::Unreadable;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    Whole(i64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut rest = Rest {
            text: text.as_bytes(),
            at: 0,
        };
        let value = rest.value()?;
        rest.space();
        if rest.at == text.len() {
            Ok(value)
        } else {
            Err(Unreadable)
        }
    }
}

/// What has yet to be read.
struct Rest<'a> {
    text: &'a [u8],
    at: usize,
}

impl Rest<'_> {
    fn value(&mut self) -> Result<Json, Unreadable> {
        self.space();
        match self.text.get(self.at) {
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'[') => self.list(),
            Some(b'{') => self.object(),
            _ => self.number(),
        }
    }

    fn space(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Whether this comes next; if so it is read.
    fn take(&mut self, sign: u8) -> bool {
        self.space();
        let there = self.text.get(self.at) == Some(&sign);
        self.at += usize::from(there);
        there
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Unreadable> {
        let there = self.text[self.at..].starts_with(word.as_bytes());
        self.at += word.len();
        if there { Ok(value) } else { Err(Unreadable) }
    }

    fn number(&mut self) -> Result<Json, Unreadable> {
        let start = self.at;
        while matches!(
            self.text.get(self.at),
            Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
        ) {
            self.at += 1;
        }
        let digits = std::str::from_utf8(&self.text[start..self.at]).map_err(|_| Unreadable)?;
        digits.parse().map(Json::Whole).map_err(|_| Unreadable)
    }

    fn list(&mut self) -> Result<Json, Unreadable> {
        let mut items = Vec::new();
        self.each(b']', |rest| {
            items.push(rest.value()?);
            Ok(())
        })?;
        Ok(Json::List(items))
    }

    fn object(&mut self) -> Result<Json, Unreadable> {
        let mut members = Vec::new();
        self.each(b'}', |rest| {
            rest.space();
            let name = rest.string()?;
            if !rest.take(b':') {
                return Err(Unreadable);
            }
            members.push((name, rest.value()?));
            Ok(())
        })?;
        Ok(Json::Object(members))
    }

    /// From the opening bracket to the closing one, with commas between.
    fn each(&mut self, end: u8, mut item: impl FnMut(&mut Self) -> Result<(), Unreadable>) -> Result<(), Unreadable> {
        self.at += 1;
        if self.take(end) {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.take(end) {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(Unreadable);
            }
        }
    }

    fn string(&mut self) -> Result<String, Unreadable> {
        if self.text.get(self.at) != Some(&b'"') {
            return Err(Unreadable);
        }
        self.at += 1;
        let mut read = Vec::new();
        loop {
            let sign = self.next()?;
            match sign {
                b'"' => return String::from_utf8(read).map_err(|_| Unreadable),
                b'\\' => self.escape(&mut read)?,
                other => read.push(other),
            }
        }
    }

    fn next(&mut self) -> Result<u8, Unreadable> {
        let sign = self.text.get(self.at).copied().ok_or(Unreadable)?;
        self.at += 1;
        Ok(sign)
    }

    fn escape(&mut self, read: &mut Vec<u8>) -> Result<(), Unreadable> {
        let sign = match self.next()? {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.unicode(read),
            other @ (b'"' | b'\\' | b'/') => other,
            _ => return Err(Unreadable),
        };
        read.push(sign);
        Ok(())
    }

    /// After `\u`. What is beyond four digits comes as two of them.
    fn unicode(&mut self, read: &mut Vec<u8>) -> Result<(), Unreadable> {
        let mut code = self.four()?;
        if (0xd800..0xdc00).contains(&code) {
            if (self.next()?, self.next()?) != (b'\\', b'u') {
                return Err(Unreadable);
            }
            let low = self.four()?.checked_sub(0xdc00).filter(|low| *low < 0x400);
            code = 0x1_0000 + ((code - 0xd800) << 10) + low.ok_or(Unreadable)?;
        }
        let sign = char::from_u32(code).ok_or(Unreadable)?;
        read.extend(sign.encode_utf8(&mut [0; 4]).bytes());
        Ok(())
    }

    fn four(&mut self) -> Result<u32, Unreadable> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = char::from(self.next()?).to_digit(16).ok_or(Unreadable)?;
            code = code * 16 + digit;
        }
        Ok(code)
    }
}
