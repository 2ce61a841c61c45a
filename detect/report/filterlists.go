package report

// FilterList is a filter that lists what it lets pass.
type FilterList struct {
	Key    string // as in the configuration
	Noun   string // for people: "method"
	Values []string
}

// Lists are those filters of a section that list what they let pass.
func (s *Section) Lists() []FilterList {
	var out []FilterList
	for _, l := range []FilterList{
		{"methods", "method", s.Methods}, {"statuses", "status", s.Statuses}, {"hosts", "host name", s.Hostnames}, {"outcomes", "outcome", s.Outcomes},
	} {
		if len(l.Values) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// filtered is a section with nothing but the filters that proposals are made for.
func (s *SuggestedSection) filtered() *Section {
	return &Section{
		UserAgent: s.UserAgent, Endpoint: s.Endpoint, Methods: s.Methods, Statuses: s.Statuses, Hostnames: s.Hostnames, Outcomes: s.Outcomes,
		Start: s.Start, End: s.End,
	}
}
