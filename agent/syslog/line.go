package syslog

import (
	"bytes"
	"time"
)

// AppendLine appends the message as one line with its newline. With header, the line begins like one of a syslog file, its stamp made
// of at, for the parsers that want to know program and process. Whatever the message holds, it is one line: newlines inside it become
// blanks, so that nobody who can get one into a message makes a second line of it.
func (m Message) AppendLine(dst []byte, at time.Time, header bool) []byte {
	if header {
		dst = m.appendHeader(dst, at)
	}
	start := len(dst)
	dst = append(dst, bytes.TrimRight(m.Text, "\x00\r\n")...)
	for text := dst[start:]; ; {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			break
		}
		text[i] = ' '
		text = text[i+1:]
	}
	return append(dst, '\n')
}

// appendHeader appends "STAMP - PROGRAM[PID]: ".
func (m Message) appendHeader(dst []byte, at time.Time) []byte {
	dst = at.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
	dst = append(dst, " - "...)
	if len(m.Program) == 0 {
		dst = append(dst, '-')
	}
	for _, c := range m.Program {
		if !isTag(c) {
			c = '_'
		}
		dst = append(dst, c)
	}
	if pid := number(m.PID); len(pid) > 0 {
		dst = append(dst, '[')
		dst = append(dst, pid...)
		dst = append(dst, ']')
	}
	return append(dst, ": "...)
}
