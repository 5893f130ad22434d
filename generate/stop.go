package generate

import "strings"

// stopMatcher finds the first of some strings in a text that arrives in pieces.
// It holds back what could be the beginning of one.
type stopMatcher struct {
	stops   []string
	pending string
	passes  bool // what is pushed may have them
	matched string
}

// newStopMatcher leaves out empty strings, which would match everywhere.
func newStopMatcher(stops []string) stopMatcher {
	var m stopMatcher
	for _, s := range stops {
		if s != "" {
			m.stops = append(m.stops, s)
		}
	}
	return m
}

// push adds text and returns what is certain to precede every stop string. With
// found it is all of the text before the stop string.
func (m *stopMatcher) push(text string) (out string, found bool) {
	if len(m.stops) == 0 || text == "" {
		return text, false
	}
	all := m.pending + text
	first := -1
	for _, s := range m.stops {
		// An older match would have been found by an earlier push.
		if i := strings.Index(all, s); i >= 0 && (first < 0 || i < first) {
			first, m.matched = i, s
		}
	}
	if first >= 0 && !m.passes {
		m.pending = ""
		return all[:first], true
	}
	keep := 0
	for _, s := range m.stops {
		for n := min(len(s)-1, len(all)); n > keep; n-- {
			if strings.HasSuffix(all, s[:n]) {
				keep = n
				break
			}
		}
	}
	cut := wholeRunes(all, len(all)-keep)
	m.pending = all[cut:]
	return all[:cut], false
}

// wholeRunes moves cut back to the start of the character that it would split.
// A stop string that is not valid UTF-8 can ask for such a cut.
func wholeRunes(s string, cut int) int {
	for cut > 0 && cut < len(s) && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return cut
}

// flush returns what is held back, at the end of the text.
func (m *stopMatcher) flush() string {
	out := m.pending
	m.pending = ""
	return out
}
