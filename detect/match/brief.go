package match

// MatchTarget is Match for a line of which only target and user agent are known, such as a parse.Brief: a filter that needs others
// matches as if it did not. nil says that the line does not have the field.
func (f *Filter) MatchTarget(target, userAgent []byte, s *Scratch) bool {
	if f.userAgent != nil && (userAgent == nil || !f.userAgent.match(userAgent)) {
		return false
	}
	return f.endpoint == nil || f.matchEndpoint(target, s)
}

// Needs are the fields of an event that a filter looks at, besides its source.
type Needs struct{ Target, UserAgent, Method, Status, Others bool }

// Needs returns what f looks at.
func (f *Filter) Needs() Needs {
	return Needs{
		Target: f.endpoint != nil, UserAgent: f.userAgent != nil, Method: len(f.methods) > 0, Status: f.statuses != nil,
		Others: f.hosts != nil || len(f.outcomes) > 0,
	}
}
