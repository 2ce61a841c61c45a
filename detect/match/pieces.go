package match

// usualText is what log lines hold anyhow. A literal in it tells no line from others, and its bytes are not rare.
const usualText = `203.0.113.9 - - [10/Dec/2024:00:00:19 +0000] "GET / HTTP/1.1" 200 5 "https://www.example.com/index.html" "Mozilla/5.0 (Windows NT 10.0; ` +
	`Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0" "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ` +
	`AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15" "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:126.0) Gecko/20100101 ` +
	`Firefox/126.0" "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148" "Mozilla/5.0 (Linux; Android 10; K) Mobile"`

// inLines returns a set that holds, for each literal of set, the longest piece of it that stands in a line as the line's bytes are
// wherever the literal stands in a field, unless hidden says that escapes or codes could have made it. nil: there is no set of use.
// In the normalised target, what was taken out (slashes, dot segments, the host before an empty path) was taken out behind a slash or
// between one and a question mark; so pieces end there. Where a literal must stand in its field does not matter for its line.
func inLines(set literals, target bool) literals {
	if set == nil {
		return nil
	}
	out, seen := make(literals, 0, len(set)), make(map[literal]bool, len(set))
	for _, l := range set {
		from, to := 0, len(l.text)
		if target {
			from, to = longestPiece(l.text)
		}
		if to-from < 2 {
			return nil
		}
		if piece := (literal{text: l.text[from:to], fold: l.fold[from:to]}); !seen[piece] {
			seen[piece] = true
			out = append(out, piece)
		}
	}
	return out
}

// longestPiece finds the longest piece text[from:to] that has slashes at its ends only, and none before a question mark.
func longestPiece(text string) (from, to int) {
	begin := 0
	for i := 1; i <= len(text); i++ {
		if i < len(text) && text[i] != '/' && !(text[i] == '?' && text[i-1] == '/') {
			continue
		}
		end, next := i, i
		if i < len(text) && text[i] == '/' {
			end = i + 1 // the slash belongs to what is before it and to what is behind it
		}
		if end-begin > to-from {
			from, to = begin, end
		}
		begin = next
	}
	return from, to
}

// common reports whether usual lines hold one of set. Of large sets it says no.
func common(set literals) bool {
	const most = 100
	if len(set) > most {
		return false
	}
	text := []byte(usualText)
	for i := range text {
		for k := range set {
			if set[k].at(text, i) {
				return true
			}
		}
	}
	return false
}
