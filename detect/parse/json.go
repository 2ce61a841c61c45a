package parse

import (
	"errors"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendResult appends what became of line as one JSON object without a newline: {line, ok, event?, ignored?, error?}. err is what
// Parse, or the stage behind it, said; ev is looked at when err is nil. A line that is ignored is ok: nothing is wrong with it.
func AppendResult(dst, line []byte, ev *Event, err error) []byte {
	dst = appendText(append(dst, `{"line":`...), line)
	switch {
	case err == nil:
		dst = append(dst, `,"ok":true,"event":`...)
		dst = AppendJSON(dst, ev)
	case errors.Is(err, ErrIgnored):
		dst = append(dst, `,"ok":true,"ignored":`...)
		dst = appendText(dst, []byte(err.Error()))
	default:
		dst = append(dst, `,"ok":false,"error":`...)
		dst = appendText(dst, []byte(err.Error()))
	}
	return append(dst, '}')
}

// AppendJSON appends ev as a JSON object: fields that are absent are left out, times are RFC 3339 in UTC, bytes that are not UTF-8
// become U+FFFD. Headers are an object of names and lists of values, as Caddy writes them; a name without a value has an empty list.
func AppendJSON(dst []byte, ev *Event) []byte {
	o := object{append(dst, '{')}
	if !ev.Time.IsZero() {
		o.dst = append(ev.Time.UTC().AppendFormat(append(o.key("time"), '"'), time.RFC3339Nano), '"')
	}
	if ev.Client.IsValid() {
		o.dst = append(ev.Client.AppendTo(append(o.key("client"), '"')), '"')
	}
	o.text("method", ev.Method)
	o.text("target", ev.Target)
	if ev.Status != 0 {
		o.dst = strconv.AppendInt(o.key("status"), int64(ev.Status), 10)
	}
	if ev.Bytes >= 0 {
		o.dst = strconv.AppendInt(o.key("bytes"), ev.Bytes, 10)
	}
	o.text("host", ev.Host)
	o.text("user_agent", ev.UserAgent)
	o.text("referer", ev.Referer)
	o.text("user", ev.User)
	switch ev.Outcome {
	case Success:
		o.text("outcome", []byte("success"))
	case Failure:
		o.text("outcome", []byte("failure"))
	}
	o.dst = strconv.AppendInt(o.key("repeat"), int64(ev.Repeat), 10)
	if ev.Forwarded {
		o.dst = append(o.key("forwarded"), "true"...)
	}
	if len(ev.Headers) > 0 {
		o.dst = appendHeaders(o.key("headers"), ev.Headers)
	}
	return append(o.dst, '}')
}

// object is a JSON object being written.
type object struct{ dst []byte }

// key appends a comma, unless it is the first, and a key; the value is to follow.
func (o *object) key(name string) []byte {
	if o.dst[len(o.dst)-1] != '{' {
		o.dst = append(o.dst, ',')
	}
	o.dst = append(append(append(o.dst, '"'), name...), `":`...)
	return o.dst
}

// text appends a field that is text, unless it is absent.
func (o *object) text(name string, b []byte) {
	if b != nil {
		o.dst = appendText(o.key(name), b)
	}
}

// appendHeaders appends headers as an object, in which each name stands once, in the order of first appearance.
func appendHeaders(dst []byte, headers []Header) []byte {
	byName := map[string][]Header{}
	for _, h := range headers {
		byName[string(h.Name)] = append(byName[string(h.Name)], h)
	}
	dst = append(dst, '{')
	for _, h := range headers {
		same, ok := byName[string(h.Name)]
		if !ok {
			continue
		}
		delete(byName, string(h.Name))
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, h.Name), ':')
		dst = appendValues(dst, same)
	}
	return append(dst, '}')
}

// appendValues appends the values of headers as a list.
func appendValues(dst []byte, headers []Header) []byte {
	dst = append(dst, '[')
	for _, h := range headers {
		if h.Value == nil {
			continue
		}
		if dst[len(dst)-1] != '[' {
			dst = append(dst, ',')
		}
		dst = appendText(dst, h.Value)
	}
	return append(dst, ']')
}

// appendText appends b as a JSON string, all control characters escaped: DEL and U+0080 to U+009F too, which terminals obey.
func appendText(dst, b []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ' || r >= 0x7f && r < 0xa0:
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r) // RuneError for what is not UTF-8
		}
		b = b[n:]
	}
	return append(dst, '"')
}
