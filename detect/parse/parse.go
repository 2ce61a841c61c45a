package parse

// Preset is a format known by name.
type Preset struct{ Name, About string }

// Presets lists the formats that New knows by name, in the order in which Detect prefers them.
func Presets() []Preset { return nil }

// New makes a parser for a preset's name or a format string (any text with a % in it). An unknown format is an error that lists the
// presets and names the nearest; a bad format string is one that names the specifier.
func New(format string, opts Options) (Parser, error) { return nil, nil }

// Detect says which preset accepts the most of lines; ok is false when none accepts or knows any of them.
func Detect(lines [][]byte) (format string, ok bool) { return "", false }

// AppendJSON appends ev as a JSON object: fields that are absent are left out, times are RFC 3339 in UTC, text that is not UTF-8 is
// made so with U+FFFD.
func AppendJSON(dst []byte, ev *Event) []byte { return dst }

// AppendResult appends what became of line as one JSON object without a newline: {line, ok, event?, ignored?, error?}. err is what
// Parse, or the stage behind it, said; ev is looked at when err is nil.
func AppendResult(dst, line []byte, ev *Event, err error) []byte { return dst }
