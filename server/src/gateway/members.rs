//! The members of a JSON object as they are written, for reading some and cutting others out without touching the rest: bodies
//! pass byte for byte, and re-serialising loses large numbers, escapes, order and repeated names.

use std::ops::Range;

use serde_json::value::RawValue;

/// One member, by where it stands in the object's text.
#[derive(Debug)]
pub struct Member {
    pub name: String,
    /// From the name's first quote to the value's last byte.
    whole: Range<usize>,
    value: Range<usize>,
}

/// An object's text and its members, in order, repeated ones included.
#[derive(Debug)]
pub struct Object<'a> {
    text: &'a str,
    members: Vec<Member>,
}

impl<'a> Object<'a> {
    /// `None` for anything but one JSON object.
    pub fn read(text: &'a str) -> Option<Self> {
        // From here on the text is known to be JSON, so looking for ends is enough.
        let valid: &RawValue = serde_json::from_str(text).ok()?;
        let start = text.len() - text.trim_start().len();
        valid.get().starts_with('{').then_some(())?;
        let mut members = Vec::new();
        let mut at = skip_space(text, start + 1);
        while text.as_bytes().get(at) == Some(&b'"') {
            let name_end = end_of_string(text, at)?;
            let name = serde_json::from_str(text.get(at..name_end)?).ok()?;
            let colon = skip_space(text, name_end);
            let value_start = skip_space(text, colon + 1);
            let value_end = end_of_value(text, value_start)?;
            members.push(Member {
                name,
                whole: at..value_end,
                value: value_start..value_end,
            });
            let comma = skip_space(text, value_end);
            at = skip_space(text, comma + 1);
        }
        Some(Self { text, members })
    }

    /// The value of this name; of repeated ones the last, as nearly every parser reads them.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let member = self.members.iter().rfind(|member| member.name == name)?;
        self.text.get(member.value.clone())
    }

    /// The value of this name, if it is a string.
    pub fn string(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?).ok()
    }

    /// The value of this name, if it is an object.
    pub fn object(&self, name: &str) -> Option<Object<'a>> {
        Object::read(self.get(name)?)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        let text = self.text;
        self.members
            .iter()
            .map(move |member| (member.name.as_str(), &text[member.value.clone()]))
    }

    /// The same text with another value for this name (the last of repeated ones).
    pub fn with(&self, name: &str, value: &str) -> String {
        let member = self.members.iter().rfind(|member| member.name == name);
        member.map_or_else(
            || self.text.to_owned(),
            |member| {
                let Range { start, end } = member.value;
                [&self.text[..start], value, &self.text[end..]].concat()
            },
        )
    }

    /// The same text without the members of these names, each with one comma; what remains stands as it stood.
    pub fn without(&self, names: &[&str]) -> String {
        let kept = |member: &&Member| !names.contains(&member.name.as_str());
        let Some(first_kept) = self.members.iter().position(|member| kept(&member)) else {
            return match (self.members.first(), self.members.last()) {
                (Some(first), Some(last)) => [&self.text[..first.whole.start], &self.text[last.whole.end..]].concat(),
                _ => self.text.to_owned(),
            };
        };
        let mut left = self.text[..self.members[0].whole.start].to_owned();
        let mut from = self.members[first_kept].whole.start;
        for pair in self.members[first_kept..].windows(2) {
            let (before, member) = (&pair[0], &pair[1]);
            if !kept(&member) {
                // What is behind the last kept byte goes: the comma before the member, and the member.
                left.push_str(&self.text[from..before.whole.end]);
                from = member.whole.end;
            }
        }
        left.push_str(&self.text[from..]);
        left
    }
}

fn skip_space(text: &str, from: usize) -> usize {
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    let space = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    from + space.count()
}

/// Behind the closing quote of the string that begins here.
fn end_of_string(text: &str, start: usize) -> Option<usize> {
    let mut escaped = false;
    for (offset, byte) in text.as_bytes().get(start + 1..)?.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(start + 1 + offset + 1),
            _ => {}
        }
    }
    None
}

/// Behind the value that begins here: a string, something in brackets, or a number or word.
fn end_of_value(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => at = end_of_string(text, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            _ if depth > 0 => at += 1,
            _ => at += bytes.get(at..)?.iter().take_while(|byte| !ends_word(**byte)).count(),
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

fn ends_word(byte: u8) -> bool {
    matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests;
