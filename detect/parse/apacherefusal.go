package parse

import "bytes"

// refusal reads a message of Apache's about a refused request.
func (p *apacheError) refusal(msg []byte, ev *Event, a *Arena) error {
	msg = cutAH(msg)
	msg, referer, _ := bytes.Cut(msg, []byte(", referer: "))
	var err error
	if user, ok := cutPrefix(msg, "user "); ok {
		err = apacheUser(user, ev)
	} else if _, ok := cutPrefix(msg, "client denied by server configuration: "); ok {
		ev.Status = 403
	} else {
		err = modSecurity(msg, ev)
	}
	if err != nil {
		return err
	}
	ev.Referer = present(referer)
	if indexByte(ev.Line, '\\') >= 0 {
		a.unescapeFields(ev)
	}
	return nil
}

// cutAH cuts the number of a message, "AH01618: ", which those of modules that are not Apache's do not have.
func cutAH(msg []byte) []byte {
	if rest, ok := cutPrefix(msg, "AH"); ok {
		if _, n := scanNumber(rest); n == 5 {
			if rest, ok := cutPrefix(rest[n:], ": "); ok {
				return rest
			}
		}
	}
	return msg
}

// apacheUser reads what follows "user ": `NAME: authentication failure for "PATH": Password Mismatch`, "NAME not found: PATH",
// "NAME: password mismatch: PATH", "`NAME' in realm `REALM' not found: PATH", or `NAME: authorization failure for "PATH": `. A name has
// no colon: with basic authentication it ends at the first.
func apacheUser(b []byte, ev *Event) error {
	name, what, ok := bytes.Cut(b, []byte(":"))
	if !ok {
		return errApacheUser
	}
	ev.Outcome = Failure
	if rest, ok := cutPrefix(what, ` authentication failure for "`); ok {
		ev.Target, _ = quotedUntil(rest, `": `)
	} else if rest, ok := cutPrefix(what, ` password mismatch: `); ok {
		ev.Target = rest
	} else if rest, ok := cutPrefix(what, ` authorization failure for "`); ok {
		ev.Outcome = NoOutcome // a login that went well, of a user who may not go there
		ev.Target, _ = quotedUntil(rest, `": `)
	} else if found, ok := bytes.CutSuffix(name, []byte(" not found")); ok && len(what) > 0 && what[0] == ' ' {
		name, ev.Target = found, what[1:]
		if name, ok = digestName(name); !ok {
			return errApacheUser
		}
	} else {
		return errNoRefusal
	}
	ev.Status = 401
	ev.User, ev.Target = name, present(ev.Target)
	return nil
}

// digestName takes the name out of "`NAME' in realm `REALM'" of mod_auth_digest; false if more than one place could end it. Any other
// text is a name as it stands.
func digestName(b []byte) (name []byte, ok bool) {
	quoted, ok := cutPrefix(b, "`")
	n := bytes.Index(quoted, []byte("' in realm `"))
	if !ok || n < 0 {
		return b, true
	}
	return quoted[:n], bytes.LastIndex(quoted, []byte("' in realm `")) == n
}

const modSecurityMark = "ModSecurity: "

func isModSecurity(msg []byte) bool { return bytes.HasPrefix(msg, []byte(modSecurityMark)) }

// modSecurity reads "ModSecurity: Access denied with code 403 (phase 2). … [hostname "HOST"] [uri "PATH"] [unique_id "…"]". Quotes in
// what it found are escaped, those around its own fields are not.
func modSecurity(msg []byte, ev *Event) error {
	rest, ok := cutPrefix(msg, modSecurityMark)
	denied, ok2 := cutPrefix(rest, "Access denied ")
	if !ok || !ok2 {
		return errNoRefusal
	}
	if code, ok := cutPrefix(denied, "with code "); ok {
		v, n := scanNumber(code)
		if n != 3 {
			return errStatus
		}
		ev.Status = int(v)
	}
	ev.Host = bracketed(denied, ` [hostname "`)
	ev.Target = bracketed(denied, ` [uri "`)
	return nil
}

// bracketed returns the text from mark to the next `"]`.
func bracketed(b []byte, mark string) []byte {
	n := bytes.Index(b, []byte(mark))
	if n < 0 {
		return nil
	}
	b = b[n+len(mark):]
	if n = bytes.Index(b, []byte(`"]`)); n < 0 {
		return nil
	}
	return present(b[:n])
}
